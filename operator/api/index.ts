/** DeepSeekDeployment v1alpha1: types, schemas, names, conditions and reasons. */
export type * from './types.ts';
export * from './names.ts';
export { CONDITION_TYPES, CONDITIONS, type ConditionType } from './conditions.ts';
export {
  isReason,
  REASON_GROUPS,
  REASONS,
  type FailureReason,
  type PlannerReason,
  type Reason,
  type ReasonEntry,
} from './reasons/index.ts';
export { deepSeekDeployment, deepSeekDeploymentSpec } from './deployment.ts';
export { deepSeekDeploymentStatus, ROLLOUT_PHASES, ROLLOUT_WAYS } from './status.ts';
export { ENGINE_TYPES, type EngineType } from './engine.ts';
export { QUANTIZATION_TYPES, type QuantizationType } from './quantization.ts';
export { AUTOSCALING_METRICS } from './autoscaling.ts';
export { GATE_METRICS, LATENCY_METRICS } from './proof.ts';
export { CAPACITY_WAYS, rolloutSpec, ROLLOUT_STRATEGIES } from './rollout.ts';
export { DEFAULTS_KEY, operatorDefaults, type OperatorDefaults, whatIsWrong } from './operator-defaults.ts';
export { durationSeconds } from './durations.ts';
export { parseDeepSeekDeployment, type ParseIssue, type ParseOptions, type ParseResult } from './parse.ts';
export { isWieldy, MAX_SPEC_BYTES, MAX_SPEC_DEPTH, whyUnwieldy } from './size.ts';
export { isBrokenRule } from './rules.ts';
