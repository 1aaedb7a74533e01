import { DENSE_MODELS } from './models/dense.ts';
import { V2_MODELS } from './models/v2.ts';
import { V3_MODELS } from './models/v3.ts';
import { V4_MODELS } from './models/v4.ts';
import type { ModelEntry } from './types.ts';

/** The models that can be named in `spec.model.name`. */
export const MODELS: readonly ModelEntry[] = [...DENSE_MODELS, ...V2_MODELS, ...V3_MODELS, ...V4_MODELS];
