import type { AcceleratorEntry, ModelEntry } from '../catalog/index.ts';
import type { ResolvedEngine } from './engine-choice.ts';
import type { ResolvedQuantization } from './quantization.ts';

/** What is to be placed on GPUs, or in the memory of a host. */
export interface Workload {
  readonly model: ModelEntry;
  readonly accelerator: AcceleratorEntry;
  readonly engine: ResolvedEngine;
  readonly quantization: ResolvedQuantization;
  /** Tokens that the KV cache has to hold at least: one sequence. */
  readonly minTokens: number;
}
