export { acceleratorOf } from './accelerator.ts';
export { classifyFailedWrite, classifyRefusal } from './admission.ts';
export { classifyFailure, diagnosePod } from './classify.ts';
export { isDisrupted } from './node.ts';
export { startupProgress, type StartupProgress } from './startup.ts';
export type { Failure, FailureEvidence, PodEvidence } from './types.ts';
