import { QUANTIZATION_TYPES } from '../api/index.ts';
import type { DeepSeekDeploymentSpec, QuantizationType } from '../api/index.ts';
import { compareComputeCapability, findQuantization, findQuantizationSupport } from '../catalog/index.ts';
import type { AcceleratorEntry, Catalog, EngineVersion, ModelEntry, QuantizationEntry } from '../catalog/index.ts';
import { nativeQuantization, resolveWeights } from './checkpoint.ts';
import type { ResolvedWeights } from './checkpoint.ts';
import type { ResolvedEngine } from './engine-choice.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { ComputeDtype } from './types.ts';
import { DEFAULT_GGUF_TYPE } from './weights.ts';
import type { WeightFormat } from './weights.ts';

/** A quantization that this engine runs on this GPU, and where its weights come from. */
export interface ResolvedQuantization extends WeightFormat {
  readonly computeDtype: ComputeDtype;
  readonly kvCacheDtype: 'auto' | 'fp8';
  /** Catalogue's repository; absent when the user says where the weights are. */
  readonly repository?: string;
  /** The checkpoint is in 16-bit and the engine quantizes it while loading. */
  readonly quantizedOnLoad: boolean;
  readonly warnings: readonly string[];
}

/** Finds the format of the weights: the one that the spec asks for, or the checkpoint's own as far as the GPU can run it. */
export function resolveQuantization(
  spec: DeepSeekDeploymentSpec,
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
  catalog: Catalog,
): ResolvedQuantization | Refusal {
  const wanted = spec.quantization?.type;
  const { type, warnings } =
    wanted === undefined ? defaultQuantization(model, accelerator, engine) : { type: wanted, warnings: [] };
  const entry = findQuantization(catalog, type);
  const support = findQuantizationSupport(engine.version, type, accelerator);
  if (entry === undefined || support === undefined) {
    return refuse('UnsupportedQuantization', unsupportedMessage(type, accelerator, engine));
  }
  const kvCacheDtype = resolveKVCache(spec, accelerator, engine);
  if (isRefusal(kvCacheDtype)) return kvCacheDtype;
  if (spec.quantization?.bits !== undefined && spec.quantization.bits !== entry.linearBytes * 8) {
    const bits = spec.quantization.bits;
    const instead = bits === 8 ? 'use type W8A16 for 8 bits' : 'only 4 bits are planned for';
    return refuse('UnsupportedQuantization', `${entry.label} with ${bits} bits is not in the catalogue: ${instead}`);
  }
  const weights = resolveWeights(spec, model, entry, accelerator, engine, catalog);
  if (isRefusal(weights)) return weights;
  return {
    entry,
    computeDtype: computeDtype(entry, model, accelerator, engine.version),
    kvCacheDtype,
    ...weights,
    warnings: [
      ...warnings,
      ...(support.warning === undefined ? [] : [`${type} on ${accelerator.name}: ${support.warning}`]),
      ...blockFP8Warnings(model, weights, accelerator),
      ...weights.warnings,
    ],
  };
}

function resolveKVCache(
  { quantization }: DeepSeekDeploymentSpec,
  accelerator: AcceleratorEntry,
  { type, version: { version, fp8KVCacheFrom } }: ResolvedEngine,
): 'auto' | 'fp8' | Refusal {
  if (quantization?.kvCache !== 'FP8') return 'auto';
  if (fp8KVCacheFrom === undefined) {
    return refuse(
      'UnsupportedQuantization',
      `${type} ${version} keeps no FP8 KV cache: set quantization.kvCache to Auto`,
    );
  }
  if (!isOlder(accelerator, fp8KVCacheFrom)) return 'fp8';
  return refuse(
    'UnsupportedQuantization',
    `an FP8 KV cache needs compute capability ${fp8KVCacheFrom}, and ${accelerator.name} has ${accelerator.computeCapability ?? 'none'}: set quantization.kvCache to Auto`,
  );
}

const isOlder = (accelerator: AcceleratorEntry, capability: string): boolean =>
  accelerator.computeCapability === undefined ||
  compareComputeCapability(accelerator.computeCapability, capability) < 0;

const runs = (type: QuantizationType, accelerator: AcceleratorEntry, engine: EngineVersion): boolean =>
  findQuantizationSupport(engine, type, accelerator) !== undefined;

/** The checkpoint's own dtype; what comes next to it where this engine does not run that on this accelerator. */
function defaultQuantization(
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
): { readonly type: QuantizationType; readonly warnings: readonly string[] } {
  const native = nativeQuantization(model);
  if (runs(native, accelerator, engine.version)) return { type: native, warnings: [] };
  const has = `(compute capability ${accelerator.computeCapability ?? 'none'})`;
  const half = (['BF16', 'FP16'] as const).find((type) => type !== native && runs(type, accelerator, engine.version));
  if (native !== 'FP8' && half !== undefined) {
    return {
      type: half,
      warnings: [`the weights are in ${native}, which ${accelerator.name} ${has} does not have: they run in ${half}`],
    };
  }
  if (runs('GGUF', accelerator, engine.version)) {
    return {
      type: 'GGUF',
      warnings: [
        `the weights are in ${native}, and ${engine.type} reads GGUF files alone: quantization defaults to GGUF ${DEFAULT_GGUF_TYPE}`,
      ],
    };
  }
  const upcast = (['BF16', 'FP16'] as const).find(
    (type) => model.checkpoints[type] !== undefined && runs(type, accelerator, engine.version),
  );
  if (upcast === undefined) return { type: native, warnings: [] };
  return {
    type: upcast,
    warnings: [
      `the weights are in ${native}, which ${accelerator.name} ${has} does not have: a copy in ${upcast} is served`,
    ],
  };
}

function computeDtype(
  entry: QuantizationEntry,
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: EngineVersion,
): ComputeDtype {
  if (entry.compute !== 'Native') return entry.compute;
  return model.nativeDtype !== 'float16' && runs('BF16', accelerator, engine) ? 'bfloat16' : 'float16';
}

/** First compute capability with FP8 arithmetic. */
const FP8_ARITHMETIC = '8.9';

/**
 * Experts in FP8 blocks on GPUs without FP8 arithmetic: the kernels exist, and nobody publishes recipes for them (vLLM's
 * `Fp8Config.get_min_capability` is 80; the recipes for A100 use BF16, INT8 or AWQ). Inferred, not documented.
 */
function blockFP8Warnings(
  { architecture, name }: ModelEntry,
  { format }: ResolvedWeights,
  accelerator: AcceleratorEntry,
): string[] {
  if (format !== 'fp8-block' || architecture.moe === undefined || !isOlder(accelerator, FP8_ARITHMETIC)) return [];
  return [
    `${name} in blocks of FP8 is little tested on ${accelerator.name}: published recipes for GPUs without FP8 arithmetic use BF16, INT8 or AWQ`,
  ];
}

/** What an engine has instead of a format that it does not read. */
const INSTEAD: Readonly<Partial<Record<QuantizationType, string>>> = {
  FP32: 'F32',
  BF16: 'BF16',
  FP16: 'F16',
  INT8: 'Q8_0',
  W8A16: 'Q8_0',
  AWQ: DEFAULT_GGUF_TYPE,
  GPTQ: DEFAULT_GGUF_TYPE,
};

function unsupportedMessage(type: QuantizationType, accelerator: AcceleratorEntry, engine: ResolvedEngine): string {
  const supported = QUANTIZATION_TYPES.filter((candidate) => runs(candidate, accelerator, engine.version));
  const name = `${engine.type} ${engine.version.version}`;
  const rows = engine.version.quantizations.filter(({ quantization }) => quantization === type);
  if (rows.length === 0 && supported.includes('GGUF')) {
    const ggufType = INSTEAD[type];
    const use = ggufType === undefined ? 'type GGUF' : `type GGUF with ggufType ${ggufType}`;
    return `${name} reads GGUF files alone, not ${type}: set quantization to ${use}`;
  }
  const there = supported.join(', ') || 'nothing';
  if (type === 'GGUF') return `${name} does not load GGUF files: it supports ${there} on ${accelerator.name}`;
  if (rows.length === 0) return `${name} does not run ${type}: it supports ${there} on ${accelerator.name}`;
  if (accelerator.device !== 'GPU')
    return `${name} does not run ${type} on ${accelerator.name}: it supports ${there} there`;
  const oldest = rows.flatMap(({ from }) => from ?? []).sort(compareComputeCapability)[0];
  const capability = `${accelerator.name} has compute capability ${accelerator.computeCapability ?? 'none'}`;
  const needs =
    oldest !== undefined && isOlder(accelerator, oldest)
      ? `${name} needs compute capability ${oldest} for ${type}, and ${capability}`
      : `${name} does not run ${type} on this GPU (${capability})`;
  return `${needs}: it supports ${there} there`;
}
