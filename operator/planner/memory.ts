import { byComputeCapability } from '../catalog/index.ts';
import type { EngineVersion, ModelArchitecture } from '../catalog/index.ts';
import { kvBytesPerTokenPerRank } from './kv-cache.ts';
import type { Parallelism } from './parallelism.ts';
import { GIB } from './units.ts';
import { weightBytesPerRank } from './weights.ts';
import type { Workload } from './workload.ts';

/** How the memory of the fullest GPU of a replica is used. GiB but for the last two. */
export interface MemoryFit {
  readonly gpuTotalGiB: number;
  readonly utilization: number;
  /** What the engine may use: gpuTotalGiB x utilization. */
  readonly usableGiB: number;
  readonly weightsGiB: number;
  readonly overheadGiB: number;
  /** What is left for the KV cache; negative if weights and overhead alone are too much. */
  readonly kvCacheGiB: number;
  readonly kvBytesPerToken: number;
  /** Tokens that the KV cache holds, 0 if there is no room. */
  readonly kvCacheTokens: number;
}

/** The tokens of one forward pass. Taken from the engine's catalogue entry, and told to the engine explicitly. */
export function maxNumBatchedTokens(engine: EngineVersion, capability: string | undefined): number {
  return byComputeCapability(engine.maxNumBatchedTokens, capability) ?? 2048;
}

/** Live copies of the residual stream at the peak of a forward pass: input, residual, normed, q/k/v, attention output. */
const RESIDUAL_COPIES = 8;
/** Live widths of the MLP at the peak: gate, up, and their product. */
const MLP_COPIES = 3;
/** Float32 copies of the logits while sampling: logits, sorted, probabilities, cumulative. */
const LOGIT_COPIES = 4;
/** CUDA graphs and allocator slack grow with the weights of the rank. */
const OVERHEAD_PER_WEIGHT = 0.01;

/**
 * What an engine needs on one GPU beside weights and KV cache: a base per GPU generation, the activations of one
 * forward pass, the sampler's logits, and communication buffers under tensor parallelism. The constants are fitted to
 * published start-up logs (`memory.test.ts` holds them, with what the fit misses).
 */
export function overheadGiB(
  architecture: ModelArchitecture,
  engine: EngineVersion,
  capability: string | undefined,
  { tensor }: Parallelism,
  { weightsGiB, computeBytes, batchedTokens, sequences }: OverheadInputs,
): number {
  const base = byComputeCapability(engine.memory.baseOverheadGiB, capability) ?? 0;
  const widths = RESIDUAL_COPIES * architecture.hiddenSize + (MLP_COPIES * architecture.intermediateSize) / tensor;
  const activations = batchedTokens * widths * computeBytes;
  const logits = sequences * architecture.vocabSize * 4 * LOGIT_COPIES;
  const communication = tensor > 1 ? engine.memory.tensorParallelGiB : 0;
  return base + (activations + logits) / GIB + communication + OVERHEAD_PER_WEIGHT * weightsGiB;
}

export interface OverheadInputs {
  /** Weights of the rank. */
  readonly weightsGiB: number;
  /** Bytes of one activation. */
  readonly computeBytes: number;
  readonly batchedTokens: number;
  /** Most sequences that are sampled at once. */
  readonly sequences: number;
}

/** Computes the memory of one rank. */
export function fitMemory(
  { model: { architecture }, accelerator, engine: { version: engine }, quantization, measured }: Workload,
  parallelism: Parallelism,
): MemoryFit {
  const { computeDtype, kvCacheDtype } = quantization;
  const computeBytes = computeDtype === 'float32' ? 4 : 2;
  const weightsGiB =
    measured === undefined
      ? weightBytesPerRank(architecture, quantization, parallelism) / GIB
      : measured.weightsGiB / (parallelism.tensor * parallelism.pipeline);
  const overhead =
    measured?.overheadGiBPerGPU ??
    overheadGiB(architecture, engine, accelerator.computeCapability, parallelism, {
      weightsGiB,
      computeBytes,
      batchedTokens: maxNumBatchedTokens(engine, accelerator.computeCapability),
      sequences: engine.maxNumSeqs,
    });
  const { utilization } = engine.memory;
  const visibleGiB = accelerator.memory?.visibleGiB ?? 0;
  const usableGiB = visibleGiB * utilization;
  const kvCacheGiB = usableGiB - weightsGiB - overhead;
  const kvBytesPerToken =
    measured?.kvCacheBytesPerToken ??
    kvBytesPerTokenPerRank(architecture, parallelism, kvCacheDtype === 'fp8' ? 1 : computeBytes);
  return {
    gpuTotalGiB: visibleGiB,
    utilization,
    usableGiB,
    weightsGiB,
    overheadGiB: overhead,
    kvCacheGiB,
    kvBytesPerToken,
    kvCacheTokens: Math.max(0, Math.floor((kvCacheGiB * GIB) / kvBytesPerToken)),
  };
}
