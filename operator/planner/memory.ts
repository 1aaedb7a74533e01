import { byComputeCapability } from '../catalog/index.ts';
import type {
  AcceleratorEntry,
  EngineVersion,
  MemoryReserve,
  MemorySetting,
  ModelArchitecture,
} from '../catalog/index.ts';
import { kvBytesPerTokenPerRank } from './kv-cache.ts';
import type { Parallelism } from './parallelism.ts';
import { GIB } from './units.ts';
import { weightBytesPerRank } from './weights.ts';
import type { Workload } from './workload.ts';

/** How the memory of the fullest GPU of a replica is used. GiB but for the last two. */
export interface MemoryFit {
  readonly gpuTotalGiB: number;
  /** What the engine is told of it, in its own terms (MemorySetting); 1 where it is told nothing. */
  readonly utilization: number;
  /** What the engine may use: weights, overhead and KV cache. */
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
/** Live widths of a routed expert at the peak, for each token and each expert that it uses: gate, up, product, and output. */
const EXPERT_COPIES = 3;
/** Tokens whose latent vectors are expanded to keys and values at once in a prefill. Unverified; vLLM's own bound. */
const EXPANDED_TOKENS = 65_536;
/** Bytes of a MiB. */
const MIB = 2 ** 20;

/**
 * What an engine needs on one GPU beside weights and KV cache: a base per GPU generation, the activations of one
 * forward pass, the sampler's logits, and communication buffers under tensor parallelism. The constants are fitted to
 * published start-up logs (`memory.test.ts` holds them, with what the fit misses).
 */
export function overheadGiB(
  architecture: ModelArchitecture,
  engine: EngineVersion,
  capability: string | undefined,
  parallelism: Parallelism,
  inputs: OverheadInputs,
): number {
  const base = byComputeCapability(engine.memory.baseOverheadGiB, capability) ?? 0;
  const communication = parallelism.tensor > 1 ? engine.memory.tensorParallelGiB : 0;
  const { reserve } = engine.memory;
  if (reserve !== undefined) return base + communication + reservedGiB(architecture, reserve, parallelism, inputs);
  const { weightsGiB, sequences } = inputs;
  const logits = sequences * architecture.vocabSize * 4 * LOGIT_COPIES;
  const activations = activationBytes(architecture, parallelism, inputs);
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

/** Activations at the peak of a forward pass. */
function activationBytes(
  { hiddenSize, intermediateSize, attentionHeads, moe, mla }: ModelArchitecture,
  { tensor }: Parallelism,
  { batchedTokens, computeBytes }: OverheadInputs,
): number {
  const widths = RESIDUAL_COPIES * hiddenSize + (MLP_COPIES * intermediateSize) / tensor;
  const experts =
    moe === undefined ? 0 : moe.activeExperts * (hiddenSize + (EXPERT_COPIES * moe.intermediateSize) / tensor);
  const expanded =
    mla === undefined
      ? 0
      : EXPANDED_TOKENS * (attentionHeads / tensor) * (mla.qkNopeHeadDim + mla.qkRopeHeadDim + mla.vHeadDim);
  return (batchedTokens * (widths + experts) + expanded) * computeBytes;
}

/** What an engine keeps free by its own formula. */
function reservedGiB(
  { mla }: ModelArchitecture,
  reserve: MemoryReserve,
  { tensor, pipeline }: Parallelism,
  { batchedTokens, sequences }: OverheadInputs,
): number {
  const perUnit = batchedTokens * reserve.perBatchedTokenMiB + sequences * reserve.perSequenceMiB;
  const graphs = mla === undefined ? reserve.graphsGiB : reserve.latentGraphsGiB;
  return reserve.fixedGiB + (perUnit * MIB) / GIB + tensor * pipeline * reserve.perRankGiB + graphs;
}

/** Computes the memory of one rank. */
export function fitMemory(workload: Workload, parallelism: Parallelism): MemoryFit {
  const { model, accelerator, engine, quantization, measured } = workload;
  const { architecture } = model;
  const computeBytes = quantization.computeDtype === 'float32' ? 4 : 2;
  const weightsGiB =
    measured === undefined
      ? weightBytesPerRank(architecture, quantization, parallelism) / GIB
      : measured.weightsGiB / (parallelism.tensor * parallelism.pipeline);
  const server = accelerator.device === 'CPU' ? (engine.version.memory.hostServerGiB ?? 0) : 0;
  const overhead =
    measured?.overheadGiBPerGPU ??
    server +
      overheadGiB(architecture, engine.version, accelerator.computeCapability, parallelism, {
        weightsGiB,
        computeBytes,
        batchedTokens: maxNumBatchedTokens(engine.version, accelerator.computeCapability),
        sequences: engine.version.maxNumSeqs,
      });
  const kvBytesPerToken =
    measured?.kvCacheBytesPerToken ??
    kvBytesPerTokenPerRank(architecture, parallelism, quantization.kvCacheDtype === 'fp8' ? 1 : computeBytes);
  const visibleGiB = accelerator.memory?.visibleGiB ?? 0;
  const share = divide(workload, parallelism, visibleGiB, weightsGiB, overhead);
  return {
    gpuTotalGiB: visibleGiB,
    ...share,
    weightsGiB,
    kvBytesPerToken,
    kvCacheTokens: Math.max(0, Math.floor((share.kvCacheGiB * GIB) / kvBytesPerToken)),
  };
}

/** How the engine is told to use its memory. On the host's memory there is nothing to tell: it allocates what it needs. */
export function memorySetting(
  { memory: { setting } }: EngineVersion,
  { device }: Pick<AcceleratorEntry, 'device'>,
): MemorySetting {
  return device === 'CPU' ? 'None' : setting;
}

/** What a sum of sizes in GiB may be off by. */
const SLACK_GIB = 1e-6;

/** What of `gib` a KV cache on a CPU can use: engines that are told a size know only multiples of one. */
function wholeSteps({ memory: { hostKVCacheStepGiB: step } }: EngineVersion, gib: number): number {
  return step === undefined || gib <= 0 ? gib : Math.floor((gib + SLACK_GIB) / step) * step;
}

/** The least KV cache on the host's memory that holds `tokens`, GiB. */
export function hostKVCacheGiB({ memory }: EngineVersion, tokens: number, kvBytesPerToken: number): number {
  const gib = (tokens * kvBytesPerToken) / GIB;
  const { hostKVCacheStepGiB: step } = memory;
  return step === undefined ? gib : Math.ceil(gib / step) * step;
}

/** Divides the visible memory as the engine does, which gives what it is told and what is left for the KV cache. */
function divide(
  { engine: { version }, accelerator }: Workload,
  { tensor }: Parallelism,
  visibleGiB: number,
  weightsGiB: number,
  overhead: number,
): Pick<MemoryFit, 'utilization' | 'usableGiB' | 'overheadGiB' | 'kvCacheGiB'> {
  const { utilization, baseOverheadGiB, tensorParallelGiB } = version.memory;
  const free = visibleGiB - weightsGiB - overhead;
  switch (memorySetting(version, accelerator)) {
    case 'FractionOfTotal': {
      const usableGiB = visibleGiB * utilization;
      return { utilization, usableGiB, overheadGiB: overhead, kvCacheGiB: usableGiB - weightsGiB - overhead };
    }
    case 'StaticFraction': {
      // Of what is free before the weights are loaded: contexts and communication buffers are there already.
      const before =
        (byComputeCapability(baseOverheadGiB, accelerator.computeCapability) ?? 0) +
        (tensor > 1 ? tensorParallelGiB : 0);
      const atStart = Math.max(visibleGiB - before, 0);
      const fraction =
        atStart > 0 ? Math.min(1, Math.max(0, Math.floor((1 - (overhead - before) / atStart) * 1000) / 1000)) : 0;
      const kvCacheGiB = fraction * atStart - weightsGiB;
      return { utilization: fraction, usableGiB: visibleGiB, overheadGiB: visibleGiB - fraction * atStart, kvCacheGiB };
    }
    case 'FractionOfFree': {
      const kvCacheGiB = free > 0 ? free * utilization : free;
      return { utilization, usableGiB: visibleGiB - free + kvCacheGiB, overheadGiB: overhead, kvCacheGiB };
    }
    case 'None':
      return { utilization: 1, usableGiB: visibleGiB, overheadGiB: overhead, kvCacheGiB: wholeSteps(version, free) };
  }
}
