import type { ReasonEntry } from './entry.ts';

/** Where an object is in its life. */
export const LIFECYCLE = {
  Available: { on: ['Ready', 'Available', 'Reconciling'], meaning: 'The wanted revision serves at its full size.' },
  Serving: { on: ['Available'], meaning: 'A revision answers requests, though not all is as wanted.' },
  Unavailable: {
    on: ['Available', 'Ready'],
    meaning: 'No pod answers requests.',
    fix: 'See the reason of Ready.',
  },
  Scheduling: {
    on: ['CapacityAvailable'],
    meaning: 'Not every pod has its place yet, and the scheduler has refused none.',
  },
  Loading: {
    on: ['Ready', 'Reconciling', 'CandidateHealthy', 'Available'],
    meaning: 'Pods pull the image, download weights, load and warm up. The message says how long a start may take.',
  },
  Healthy: { on: ['CandidateHealthy'], meaning: 'The candidate’s pods are ready.' },
  WaitingForCapacity: {
    on: ['Ready', 'Reconciling'],
    meaning:
      'The candidate waits for GPUs. What serves is untouched. The message says how many are missing, for which rollouts others are reserved, and which way would proceed.',
    fix: 'Free GPUs or add nodes, or list another way in rollout.whenCapacityIsShort. It goes on by itself.',
  },
  Proving: {
    on: ['Ready', 'Reconciling', 'CandidateHealthy'],
    meaning:
      'The candidate answers prompts of the operator’s, or a share of the users’ in a canary, and is judged by them.',
  },
  AwaitingPromotion: {
    on: ['Ready', 'Reconciling'],
    meaning: 'The candidate is proven and waits for somebody to let it have the traffic.',
    fix: 'Order `kubectl deepseek promote`, or `abort`.',
  },
  AwaitingWindow: {
    on: ['Ready', 'Reconciling'],
    meaning: 'The candidate is proven and waits for a window of rollout.maintenanceWindows.',
    fix: 'Wait: the message says when the next one opens. Or change rollout.maintenanceWindows.',
  },
  Watching: {
    on: ['Ready', 'Reconciling'],
    meaning:
      'The new version has the traffic and is judged by it; the old one can take it back: RollbackReady says how quickly.',
    fix: 'Nothing, or order `kubectl deepseek rollback`.',
  },
  RollingBack: {
    on: ['Ready', 'Reconciling'],
    meaning: 'The traffic goes back to the version before, or has gone and the bad version drains.',
  },
  Aborting: { on: ['Ready', 'Reconciling'], meaning: 'The candidate is dropped; what serves gets its replicas back.' },
  Restarting: {
    on: ['Ready', 'Reconciling'],
    meaning: 'The pods of what serves are made anew, one at a time, as it was ordered.',
  },
  RollbackWarm: { on: ['RollbackReady'], meaning: 'The old version runs at full size: a rollback takes seconds.' },
  RollbackPartial: {
    on: ['RollbackReady'],
    meaning: 'Some replicas of the old version run: a rollback takes seconds, and then carries less.',
  },
  RollbackCold: {
    on: ['RollbackReady'],
    meaning: 'No pod of the old version runs: a rollback would load the model again.',
    fix: 'Nothing, unless you need to be able to go back: see rollout.rollbackWindow and rollout.warmReplicasPercent.',
  },
  Switching: { on: ['Ready', 'Reconciling'], meaning: 'The traffic moves to the candidate.' },
  Scaling: { on: ['Ready', 'Reconciling'], meaning: 'Pods are added or taken away.' },
  ScaledToZero: {
    on: ['Ready', 'Available', 'AutoscalingActive'],
    meaning: 'spec.replicas is 0: the model is off on purpose.',
    fix: 'Set spec.replicas to start it.',
  },
  UpToDate: { on: ['Reconciling', 'Stalled'], meaning: 'There is nothing to do.' },
  Progressing: { on: ['Stalled', 'Reconciling'], meaning: 'Work goes on.' },
  NodesUnknown: {
    on: ['CapacityAvailable'],
    meaning: 'The operator may not list nodes: whether the accelerator is there is left to the scheduler.',
    fix: 'Allow the operator’s ServiceAccount to list and watch nodes, if you want to be told.',
  },
  CapacityFound: { on: ['CapacityAvailable'], meaning: 'All wanted pods have their GPUs.' },
  Held: {
    on: ['Stalled', 'Ready', 'CandidateHealthy'],
    meaning:
      'Somebody aborted the wanted version or rolled it back, and it is not tried again. What served before serves.',
    fix: 'Change the spec, or order a new attempt: `kubectl deepseek retry`.',
  },
  Paused: {
    on: ['Reconciling', 'Ready', 'Available'],
    meaning: 'rollout.paused holds the rollout.',
    fix: 'Order `kubectl deepseek resume`, or set rollout.paused: false where the manifest lives.',
  },
  ReconcileDisabled: {
    on: ['Stalled', 'Ready'],
    meaning:
      'The annotation deepseek-operator.io/reconcile: disabled, or --observe-only, lets the operator write status only.',
    fix: 'Take the annotation away, or start the operator without --observe-only.',
  },
  NameConflict: {
    on: ['Stalled', 'Ready', 'AutoscalingActive', 'Monitored'],
    meaning: 'An object of a name that the operator needs exists and belongs to somebody else. It is never taken over.',
    fix: 'Delete or rename the object that the message names, or this DeepSeekDeployment.',
  },
  RouteUnknown: {
    on: ['Stalled', 'Ready'],
    meaning:
      'The operator cannot see its HTTPRoute, and keeps pods that would go by now: the gateway may still send requests to them.',
    fix: 'Allow the operator’s ServiceAccount to list and watch httproutes (gateway.networking.k8s.io). It goes on by itself.',
  },
  FieldsNotImplemented: {
    on: ['FieldsIgnored'],
    meaning: 'Fields of the spec are part of the API, and this version of the operator does not obey them yet.',
    fix: 'Take them out, or use a version that has them.',
  },
} as const satisfies Record<string, ReasonEntry>;
