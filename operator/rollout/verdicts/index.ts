/** What is said of a version: before it has traffic, while it shares it, and after it has it all. */
export { baselineOf } from './baseline.ts';
export { gateName } from './gates.ts';
export { judgeProof } from './proof.ts';
export { judgeTraffic, minRequestsOf, type TrafficJudgement } from './traffic.ts';
export type * from './types.ts';
