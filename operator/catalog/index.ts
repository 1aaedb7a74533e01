import { ACCELERATORS } from './accelerators.ts';
import { ENGINES } from './engines/index.ts';
import { MODELS } from './models.ts';
import { QUANTIZATIONS } from './quantizations.ts';
import type { Catalog } from './types.ts';

/** Everything that this operator knows about models, GPUs and engines. */
export const CATALOG: Catalog = {
  models: MODELS,
  accelerators: ACCELERATORS,
  engines: ENGINES,
  quantizations: QUANTIZATIONS,
};

export * from './lookup.ts';
export type * from './types.ts';
