import type { AcceleratorEntry, MIGProfile, ModelEntry } from '../catalog/index.ts';
import type { ResolvedEngine } from './engine-choice.ts';
import type { ResolvedQuantization } from './quantization.ts';

/** Numbers that somebody read off a running engine; they win over the formulas. */
export interface Measured {
  /** Weights of all GPUs of a replica together. */
  readonly weightsGiB: number;
  /** KV cache of one token on one GPU. */
  readonly kvCacheBytesPerToken: number;
  readonly overheadGiBPerGPU?: number;
}

/** What is to be placed on GPUs, or in the memory of a host. */
export interface Workload {
  readonly model: ModelEntry;
  readonly accelerator: AcceleratorEntry;
  readonly engine: ResolvedEngine;
  readonly quantization: ResolvedQuantization;
  /** The accelerator is this part of a GPU. */
  readonly slice?: MIGProfile;
  /** Tokens that the KV cache has to hold at least: one sequence. */
  readonly minTokens: number;
  readonly measured?: Measured;
}
