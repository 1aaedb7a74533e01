import { bytesPerWeight, knownModel } from './known-models.ts';
import type { KnownModel } from './known-models.ts';

const GIB = 2 ** 30;

/** What CUDA shows of the memory that a GPU has (an A100 of 40,960 MiB: 39.4 GiB). */
const visible = 0.96;

/** What one device is asked to hold. */
export interface Demand {
  readonly model: KnownModel;
  readonly weightsGiB: number;
  /** KV cache of one sequence of full length. */
  readonly oneSequenceGiB: number;
}

export interface Split {
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
}

/** How the command line changes what the names say. */
export interface Precision {
  /** Bytes per weight, when the engine quantizes on loading or widens them. */
  readonly weightBytes?: number;
  readonly kvBytes: number;
}

/**
 * A coarse estimate, from the model's published sizes: weights and cache alone, without what an engine needs beside
 * them. It refuses only what cannot be, and knows nothing of the operator's planner. Undefined for an unknown model.
 */
export function demandOf(name: string, maxModelLen: number, split: Split, precision: Precision): Demand | undefined {
  const model = knownModel(name);
  if (model === undefined) return undefined;
  const { tensorParallel, pipelineParallel } = split;
  const bytes = precision.weightBytes ?? bytesPerWeight(name, model);
  const shared = Math.min(tensorParallel, model.kvHeads);
  return {
    model,
    weightsGiB: (model.parameters * 1e9 * bytes) / GIB / (tensorParallel * pipelineParallel),
    oneSequenceGiB:
      (maxModelLen * model.kvElements * precision.kvBytes * Math.ceil(model.layers / pipelineParallel)) / shared / GIB,
  };
}

/** GiB that a process can use of a GPU. */
export function visibleGiB(memoryGiB: number): number {
  return memoryGiB * visible;
}

/** The longest sequence whose cache fits into so much. */
export function longestSequence(demand: Demand, maxModelLen: number, availableGiB: number): number {
  return Math.floor((maxModelLen * availableGiB) / demand.oneSequenceGiB);
}
