import type { AcceleratorEntry } from './types/accelerator.ts';
import type { EngineEntry } from './types/engine.ts';
import type { ModelEntry } from './types/model.ts';
import type { QuantizationEntry } from './types/quantization.ts';

/** Everything that the planner knows. Data only: a model, a GPU or an engine version more is one entry more. */
export interface Catalog {
  readonly models: readonly ModelEntry[];
  readonly accelerators: readonly AcceleratorEntry[];
  readonly engines: readonly EngineEntry[];
  readonly quantizations: readonly QuantizationEntry[];
}

export type * from './types/accelerator.ts';
export type * from './types/engine.ts';
export type * from './types/model.ts';
export type * from './types/quantization.ts';
export type * from './types/sources.ts';
