import { describe, expect, it, test } from '@jest/globals';
import {
  byComputeCapability,
  CATALOG,
  findAccelerator,
  findEngine,
  findModel,
  findQuantization,
} from '../catalog/index.ts';
import type { AcceleratorEntry, EngineVersion, ModelArchitecture, ModelEntry } from '../catalog/index.ts';
import { kvBytesPerTokenPerRank } from './kv-cache.ts';
import { fitMemory } from './memory.ts';
import type { MemoryFit } from './memory.ts';
import { KV_CACHE_LOGS, KV_CACHE_SIZES } from './testdata/kv-cache-logs.ts';
import type { KVCacheLog, LogArchitecture } from './testdata/kv-cache-logs.ts';
import { GIB } from './units.ts';
import { countParameters } from './weights.ts';
import type { WeightFormat } from './weights.ts';
import type { Workload } from './workload.ts';

/**
 * GPUs of the logs that are not in the catalogue: what CUDA lets a process see, as other logs print it. The H20 has the
 * compute capability of the H100, the RTX cards those of the L40S and of consumer Blackwell.
 */
const OTHERS: Readonly<Record<string, { readonly computeCapability: string; readonly visibleGiB: number }>> = {
  'RTX 4090': { computeCapability: '8.9', visibleGiB: 23.5 },
  'RTX 5090': { computeCapability: '12.0', visibleGiB: 31.4 },
  'RTX 6000 Ada (48 GB)': { computeCapability: '8.9', visibleGiB: 47.3 },
  'H20-3e (141 GB)': { computeCapability: '9.0', visibleGiB: 139.7 },
  'H20 (96 GB)': { computeCapability: '9.0', visibleGiB: 95 },
};

/** Logs of what no plan does. */
const OUT_OF_SCOPE: readonly { readonly why: string; readonly is: (log: KVCacheLog) => boolean }[] = [
  { why: 'the cache is divided over the GPUs', is: ({ decodeContextParallel }) => decodeContextParallel !== undefined },
  {
    why: 'the first engine of vLLM, with a batch whose size is not said',
    is: ({ source }) => source.endsWith('vllm/issues/12330'),
  },
];

/** The logs that the constants of the overhead were fitted to. All others were not looked at for that. */
const FITTED: readonly string[] = [
  'meta-llama/Llama-3.1-8B-Instruct on H100',
  'meta-llama/Llama-3.1-70B on H100',
  'Qwen/Qwen3-14B on L40S',
  'Qwen/Qwen3-14B-AWQ on L40S',
  'deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B on A100 (40 GB, Google Colab)',
];

const COMPARED = KV_CACHE_LOGS.filter((log) => !OUT_OF_SCOPE.some(({ is }) => is(log)));
const isFitted = (log: KVCacheLog): boolean => FITTED.includes(`${log.model} on ${log.accelerator}`);

function architectureOf({ shapeOf, architecture }: KVCacheLog): ModelArchitecture {
  const known = shapeOf === undefined ? undefined : findModel(CATALOG, shapeOf);
  return known?.architecture ?? published(architecture!);
}

function published({ mla, moe, ...shape }: LogArchitecture): ModelArchitecture {
  return {
    className: 'custom',
    attentionBias: false,
    queryKeyNorm: true,
    ...shape,
    ...(mla !== undefined && { mla }),
    ...(moe !== undefined && {
      moe: {
        experts: moe.routedExperts,
        activeExperts: moe.expertsPerToken,
        sharedExperts: moe.sharedExperts,
        intermediateSize: moe.moeIntermediateSize,
        denseLayers: moe.firstDenseLayers,
      },
    }),
  };
}

function weightsOf(log: KVCacheLog, architecture: ModelArchitecture): WeightFormat {
  const model = log.shapeOf === undefined ? undefined : findModel(CATALOG, log.shapeOf);
  const entry = findQuantization(CATALOG, log.quantization === 'INT4' ? 'BF16' : log.quantization)!;
  if (log.quantization === 'INT4') {
    // The routed experts alone are in 4 bits, with a 16-bit scale for 32 weights; the rest is in 16-bit.
    const { total, routedExperts } = countParameters(architecture);
    return { entry, checkpointBytes: (total - routedExperts) * 2 + routedExperts * (0.5 + 2 / 32) };
  }
  if (log.quantization === 'FP8' && model?.nativeDtype === 'float8') {
    const { checkpointBytes, loadedShare } = model;
    return { entry, format: 'fp8-block', groupSize: 128, checkpointBytes: checkpointBytes!, loadedShare: loadedShare! };
  }
  return { entry, ...(entry.groupSize !== undefined && { groupSize: entry.groupSize }) };
}

function acceleratorOf({ accelerator, visibleGiB }: KVCacheLog): AcceleratorEntry {
  const base = findAccelerator(CATALOG, accelerator.startsWith('A100 (40 GB') ? 'A100-40GB' : accelerator);
  const other = OTHERS[accelerator];
  const seen = visibleGiB ?? other?.visibleGiB ?? base!.memory!.visibleGiB;
  return {
    ...(base ?? findAccelerator(CATALOG, 'H100')!),
    ...(other !== undefined && { computeCapability: other.computeCapability }),
    memory: { deviceMiB: Math.ceil(seen * 1024), visibleGiB: seen },
  };
}

/** vLLM's own defaults on that GPU, which the logs ran with where they do not say otherwise. */
function defaults(capability: string): { readonly batched: number; readonly sequences: number } {
  return capability === '9.0' || capability === '10.0'
    ? { batched: 8192, sequences: 1024 }
    : { batched: 2048, sequences: 256 };
}

function fit(log: KVCacheLog): {
  readonly memory: MemoryFit;
  readonly version: EngineVersion;
  readonly log: KVCacheLog;
} {
  const architecture = architectureOf(log);
  const accelerator = acceleratorOf(log);
  const capability = accelerator.computeCapability!;
  const { batched, sequences } = defaults(capability);
  const latest = findEngine(CATALOG, log.engine)!.versions[0]!;
  const version: EngineVersion = {
    ...latest,
    memory: { ...latest.memory, ...(log.engine === 'vLLM' && { utilization: log.utilization ?? 0.9 }) },
    maxNumBatchedTokens: [{ from: '7.5', value: log.maxNumBatchedTokens ?? batched, source: log.source }],
    maxNumSeqs: Math.min(log.maxNumSeqs ?? sequences, 1024),
  };
  const workload: Workload = {
    model: { ...(CATALOG.models[0] as ModelEntry), architecture },
    accelerator,
    engine: { type: log.engine, version, image: 'example/image:1', flagHistory: [], warnings: [] },
    quantization: {
      ...weightsOf(log, architecture),
      computeDtype: 'bfloat16',
      kvCacheDtype: 'auto',
      quantizedOnLoad: false,
      warnings: [],
    },
    minTokens: 1,
  };
  return { memory: fitMemory(workload, { tensor: log.tensorParallel, pipeline: log.pipelineParallel }), version, log };
}

/** What is planned, in GiB of one GPU. SGLang's own fraction where the log says it: else the plan's. */
function plannedGiB({ memory, version, log }: ReturnType<typeof fit>): number {
  if (log.memFractionStatic === undefined) return memory.kvCacheGiB;
  const { baseOverheadGiB, tensorParallelGiB } = version.memory;
  const before = byComputeCapability(baseOverheadGiB, '9.0')! + (log.tensorParallel > 1 ? tensorParallelGiB : 0);
  return log.memFractionStatic * (memory.gpuTotalGiB - before) - memory.weightsGiB;
}

/** Planned size of the KV cache against the logged one: 0.05 is 5 % too much. */
function deviation(log: KVCacheLog): number {
  const result = fit(log);
  const loggedGiB = log.tokens === undefined ? log.availableGiB! : (log.tokens * result.memory.kvBytesPerToken) / GIB;
  return plannedGiB(result) / loggedGiB - 1;
}

const title = ({
  model,
  quantization,
  tensorParallel,
  pipelineParallel,
  accelerator,
  engine,
  tokens,
}: KVCacheLog): string =>
  `${model} in ${quantization} on ${tensorParallel * pipelineParallel} x ${accelerator}, ${engine}: ${tokens ?? 'size only'}`;

describe('KV cache against published start-up logs', () => {
  const starts = COMPARED.filter(({ availableGiB = 1 }) => availableGiB > 0);
  const fails = COMPARED.filter(({ availableGiB = 1 }) => availableGiB <= 0);
  const named = (logs: readonly KVCacheLog[]): (readonly [string, KVCacheLog])[] =>
    logs.map((log) => [title(log), log] as const);

  test.each(named(starts))('none is off by more than 20 %: %s', (_, log) => {
    expect(Math.abs(deviation(log))).toBeLessThan(0.2);
  });

  test.each(named(starts.filter(isFitted)))('within 10 %%, which the constants were fitted to: %s', (_, log) => {
    expect(Math.abs(deviation(log))).toBeLessThan(0.1);
  });

  it('four in five of those that were not used for fitting are within 10 %, and less than 6 % off on average', () => {
    const others = starts.filter((log) => !isFitted(log)).map((log) => Math.abs(deviation(log)));
    expect(others.length).toBeGreaterThanOrEqual(12);
    expect(others.filter((off) => off < 0.1).length / others.length).toBeGreaterThanOrEqual(0.8);
    expect(others.reduce((sum, off) => sum + off, 0) / others.length).toBeLessThan(0.06);
  });

  test.each(named(fails))('no room, where the engine refused to start: %s', (_, log) => {
    expect(fit(log).memory.kvCacheTokens).toBe(0);
  });

  it('leaves out what no plan does', () => {
    expect(KV_CACHE_LOGS.length - COMPARED.length).toBe(OUT_OF_SCOPE.length);
  });
});

describe('the size of the KV cache of a number of tokens', () => {
  /** q8_0 stores 32 values in 34 bytes. */
  const BYTES = { bfloat16: 2, q8_0: 34 / 32 };
  test.each(KV_CACHE_SIZES)('$model, $tokens tokens in $kvCacheDtype: $mebibytes MiB', (size) => {
    const { architecture } = findModel(CATALOG, size.shapeOf)!;
    const bytes = kvBytesPerTokenPerRank(architecture, { tensor: 1, pipeline: 1 }, BYTES[size.kvCacheDtype]);
    expect(Math.abs((bytes * size.tokens) / 2 ** 20 - size.mebibytes)).toBeLessThanOrEqual(size.toleranceMiB);
  });
});
