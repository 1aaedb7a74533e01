export { acceleratorOf } from './accelerator.ts';
export { classifyRefusal } from './admission.ts';
export { classifyFailure } from './classify.ts';
export { startupProgress, type StartupProgress } from './startup.ts';
export type { Failure, FailureEvidence, PodEvidence } from './types.ts';
