/** Every condition type of a DeepSeekDeployment, with what it means when it is True, False and Unknown. */
export const CONDITIONS = {
  Ready: 'The wanted revision serves, at its full size, and is proven or accepted. For kstatus, Argo CD and Flux.',
  Reconciling: 'The operator is still working towards the spec. For kstatus; absent work is False.',
  Stalled:
    'Nothing will change until somebody acts: the spec is refused, or a version is held. Waiting for a person, a window or a GPU is not Stalled.',
  Available: 'Some revision answers requests. This one pages people.',
  PlanAccepted: 'The planner accepts the spec. False: the message has the arithmetic and what would fit.',
  CapacityAvailable:
    'The GPUs that the wanted replicas need are there. Unknown: they cannot be counted (quota, queue, rights), the scheduler decides.',
  CandidateHealthy: 'The candidate loads and answers as it should. Unknown while nothing can be said yet.',
  RollbackReady: 'The previous version can take the traffic back. False says why, and how long a rollback would take.',
  AutoscalingActive: 'The autoscaler has its metrics and follows them.',
  Monitored: 'Prometheus is told of the pods as the spec asks. There while it cannot be.',
  FieldsIgnored: 'The spec sets fields that this version of the operator does not obey; the message names them.',
} as const;

export type ConditionType = keyof typeof CONDITIONS;

export const CONDITION_TYPES = Object.keys(CONDITIONS) as [ConditionType, ...ConditionType[]];
