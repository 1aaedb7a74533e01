/** (spec, catalogue) -> what to serve and how, or why not. Pure. */
export { plan } from './plan.ts';
export { hardware } from './alternatives.ts';
export { STREAM_BUFFER_GIB } from './host.ts';
export { applyMergePatch } from './merge-patch.ts';
export { isSetBy } from './extra-args.ts';
export { formatCount, formatGiB, formatTokens, GIB, parseQuantity } from './units.ts';
export type { Alternative, ComputeDtype, MemoryDemand, PlanResult, ServingPlan } from './types.ts';
