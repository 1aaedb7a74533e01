import type { ConditionType } from './conditions.ts';

/** What a user can do about a reason, and where he meets it. */
export interface ReasonEntry {
  /** Conditions that the reason appears on, beside events. */
  readonly on: readonly ConditionType[];
  /** What has happened. */
  readonly meaning: string;
  /** What to do about it; absent where nothing has to be done. */
  readonly fix?: string;
}

/** Why a spec is refused before a pod exists. */
const PLANNER = {
  InvalidSpec: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning:
      'The spec breaks a rule of the API. It was stored before the rule was there, the CRD in the cluster is older than the operator, or only the operator can check the rule.',
    fix: 'Correct the field that the message names, and upgrade the CRD if it is an older one.',
  },
  Planned: {
    on: ['PlanAccepted'],
    meaning: 'The model fits and every choice is supported.',
  },
  PlannedWithWarnings: {
    on: ['PlanAccepted'],
    meaning: 'The model fits, with something that the planner advises against, or that a rollout will not get.',
    fix: 'Read the message, and status.plan.warnings.',
  },
  ModelNotFound: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'No model of that name is in the catalogue.',
    fix: 'Use one of the names in the message, or `custom` with model.architecture and model.source.',
  },
  AcceleratorUnknown: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'No accelerator of that name is in the catalogue.',
    fix: 'Use one of the names in the message, or `custom` with accelerator.custom.',
  },
  UnsupportedQuantization: {
    on: ['PlanAccepted', 'Ready', 'Stalled', 'CandidateHealthy'],
    meaning: 'This accelerator does not compute that format, or this engine or model has no weights in it.',
    fix: 'Leave quantization.type out, or use one of the formats in the message.',
  },
  UnsupportedEngine: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'The engine, in that version, does not run this model on this accelerator.',
    fix: 'Leave engine.type and engine.version out, or use one of the combinations in the message.',
  },
  InsufficientGPUMemory: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'Weights, overhead and a minimum of KV cache do not fit into the memory of the GPUs.',
    fix: 'Use more or larger GPUs, a smaller format, or a shorter model.maxModelLen; the message lists what fits.',
  },
  IllegalParallelism: {
    on: ['PlanAccepted', 'Ready', 'Stalled', 'CandidateHealthy'],
    meaning: 'The number of GPUs does not divide the model’s heads, layers or vocabulary as the engine needs it.',
    fix: 'Use one of the numbers in the message, or leave accelerator.count and accelerator.parallelism out.',
  },
  ContextTooLong: {
    on: ['PlanAccepted', 'Ready', 'Stalled', 'CandidateHealthy'],
    meaning: 'model.maxModelLen is longer than the model was made for, or than the KV cache holds.',
    fix: 'Use at most the length in the message.',
  },
  NeedsMultipleNodes: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'One replica needs more GPUs than one node has. Replicas that span nodes are not supported.',
    fix: 'Use larger GPUs or a smaller format; the message lists what fits on one node.',
  },
  NoMemoryModel: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'The catalogue cannot compute the memory of this combination.',
    fix: 'Describe the model in model.architecture, or use a combination of the message.',
  },
  InvalidEngineArgument: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'An argument of engine.extraArgs contradicts the plan, or the engine does not have it.',
    fix: 'Take it out of engine.extraArgs, and set the field that the message names instead.',
  },
  UnsupportedSource: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'This version cannot serve weights from there.',
    fix: 'Use one of the sources in the message.',
  },
  TrustRemoteCodeRequired: {
    on: ['PlanAccepted', 'Ready', 'Stalled', 'CandidateHealthy'],
    meaning: 'The model’s weights come with Python code that the engine has to run.',
    fix: 'Review that code, then set model.trustRemoteCode: true and pin model.revision.',
  },
  UnsupportedStrategy: {
    on: ['PlanAccepted', 'Ready', 'Stalled'],
    meaning: 'rollout.strategy Canary splits traffic by weight, and nothing is named that can: a gateway or a route.',
    fix: 'Name a gateway in traffic.gateway or your HTTPRoute in traffic.routeRef, or use rollout.strategy BlueGreen.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** Why pods do not run or do not answer. */
const FAILURES = {
  AcceleratorNotFound: {
    on: ['CapacityAvailable', 'Ready'],
    meaning: 'No node of the cluster is labelled as the accelerator of the spec and offers its resource.',
    fix: 'Add such nodes, or use one of the classes in the message as accelerator.type. It goes on by itself, also when a cluster autoscaler brings one.',
  },
  AcceleratorMemoryMismatch: {
    on: ['CapacityAvailable'],
    meaning: 'The nodes of that accelerator say that their GPUs have another memory than the plan counts on.',
    fix: 'Correct accelerator.type (or accelerator.custom.memory), or the label nvidia.com/gpu.memory of the nodes.',
  },
  InsufficientGPUs: {
    on: ['CapacityAvailable', 'CandidateHealthy', 'Ready'],
    meaning: 'No node has enough free GPUs of the right kind.',
    fix: 'Add nodes or free GPUs: the message says how many of which kind are missing. It goes on by itself.',
  },
  Unschedulable: {
    on: ['CapacityAvailable', 'CandidateHealthy', 'Ready'],
    meaning: 'The scheduler finds no node, for another reason than GPUs: CPU, memory, labels, taints, or affinity.',
    fix: 'See the scheduler’s words in the message; adjust accelerator.nodeSelector, accelerator.tolerations, resources or podTemplate.affinity.',
  },
  SchedulingGated: {
    on: ['CapacityAvailable', 'CandidateHealthy', 'Ready'],
    meaning: 'Another controller, such as Kueue, holds the pods back.',
    fix: 'Look into the queue. It goes on by itself once the gate is lifted.',
  },
  ImageNotFound: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The registry does not have the image.',
    fix: 'Correct engine.image or engine.version (or model.source.image.reference).',
  },
  ImagePullUnauthorized: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The registry refuses to hand out the image.',
    fix: 'Name a Secret with the registry’s credentials in podTemplate.imagePullSecrets.',
  },
  ImagePullRateLimited: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The registry limits how many images are pulled.',
    fix: 'Wait, log in to the registry (podTemplate.imagePullSecrets), or use a mirror (engine.image).',
  },
  ImagePullFailed: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The image could not be pulled, for a reason that is not known better.',
    fix: 'See the node’s words in the message.',
  },
  OutOfMemoryHost: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The kernel killed the engine because its container used more memory than its limit (OOMKilled).',
    fix: 'Raise resources.memory.',
  },
  OutOfMemoryGPU: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine ran out of GPU memory (CUDA out of memory).',
    fix: 'Lower model.maxModelLen, use a smaller format or more GPUs; see whether something else uses the GPU.',
  },
  UnknownEngineArgument: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine does not know one of its arguments.',
    fix: 'Correct engine.extraArgs, or use an engine.version that has it.',
  },
  WeightsNotFound: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine found no weights where model.source says that they are.',
    fix: 'Correct model.source or model.revision.',
  },
  ModelGated: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The hub hands the weights out to those only who have accepted a licence (401 or 403).',
    fix: 'Accept the licence and name the token’s Secret in model.source.huggingFace.tokenSecretRef.',
  },
  DownloadFailed: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The weights could not be downloaded: the hub or bucket cannot be reached, or the disk is full.',
    fix: 'See the engine’s words in the message; check egress, model.source and the size of the cache.',
  },
  CrashLoop: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine keeps ending, for a reason that is not known better.',
    fix: 'See its last words in the message, and `kubectl logs --previous`.',
  },
  ContainerConfigError: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The node cannot make the container from its description.',
    fix: 'See the node’s words in the message.',
  },
  SecretNotFound: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'A Secret or ConfigMap that the pods need, or a key of it, is not there.',
    fix: 'Create it; the message names it. It goes on by itself.',
  },
  StartupBudgetExceeded: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The pods were not ready within the time that loading may take.',
    fix: 'See the engine’s log for what is slow (download, disk); use a cache, or raise rollout.progressDeadline.',
  },
  EngineNotResponding: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine runs and does not answer its health check.',
    fix: 'Nothing at first: the pod is taken out of the Service and restarted. If it repeats, see its log.',
  },
  Evicted: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The node evicted a pod because it ran short of memory or disk.',
    fix: 'Raise resources.memory, or use a cache volume instead of the node’s disk.',
  },
  PermissionDenied: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine may not read its weights or write its cache: it runs as user 2000 in group 0, not as root.',
    fix: 'Make the folder or volume that the message names accessible to that user, or set podTemplate.securityContext.',
  },
  GPUNotUsable: {
    on: ['CandidateHealthy', 'Ready'],
    meaning:
      'The engine cannot use the GPU: its driver is too old for the image, no device was handed to the container, or it is broken.',
    fix: 'Look after the node: its GPU driver, its device plugin and accelerator.runtimeClassName; or use an engine.version for its driver.',
  },
  Preempted: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The scheduler removed a pod to make room for one of higher priority.',
    fix: 'Give the pods a higher priority (podTemplate.priorityClassName), or add nodes.',
  },
  NodeLost: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The node of a pod does not answer or is gone.',
    fix: 'Nothing: the pod is made again elsewhere, where there are GPUs. Look after the node.',
  },
  VolumePending: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'A PersistentVolumeClaim that the pods need is not bound or cannot be mounted.',
    fix: 'See the claim; check its StorageClass and access mode (ReadWriteMany for several replicas).',
  },
  QuotaExceeded: {
    on: ['CapacityAvailable', 'CandidateHealthy', 'Ready'],
    meaning: 'A ResourceQuota of the namespace does not allow the pods.',
    fix: 'Raise the quota or free some of it. It goes on by itself.',
  },
  AdmissionDenied: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The API server or a policy of the cluster refuses an object that the operator wants to make.',
    fix: 'See its words in the message; change the spec or the policy.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** Why a version was not let through, or was taken back. */
const VERDICTS = {
  ProofFailed: {
    on: ['CandidateHealthy', 'Ready', 'Stalled'],
    meaning:
      'The candidate did not pass its proof: warm-up, smoke tests, or paired prompts. No user’s request reached it.',
    fix: 'See the numbers in the message; change the version, rollout.proof or rollout.gates, or order `kubectl deepseek retry`.',
  },
  GateFailed: {
    on: ['CandidateHealthy', 'Ready', 'Stalled'],
    meaning: 'The version broke a gate on users’ traffic and was taken back.',
    fix: 'See the numbers in the message; change the version or rollout.gates, or order `kubectl deepseek retry`.',
  },
  NotEnoughTraffic: {
    on: ['CandidateHealthy', 'Ready', 'Stalled'],
    meaning: 'There were too few requests to judge the version, and rollout.watch.onNoData is Rollback.',
    fix: 'Try again when there is traffic, lower rollout.watch.minRequests, or set onNoData: AcceptUnproven.',
  },
  LostReadiness: {
    on: ['CandidateHealthy', 'Ready', 'Stalled'],
    meaning: 'After the switch too few pods of the version were ready, while the old version was: it was taken back.',
    fix: 'See what happened to its pods in the message and in their logs.',
  },
  RouteNotTaken: {
    on: ['CandidateHealthy', 'Ready', 'Stalled'],
    meaning: 'The gateway did not take the HTTPRoute with the weights of the canary.',
    fix: 'See the gateway’s words in the message; check traffic.gateway.parentRefs and the gateway’s listeners.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** Where an object is in its life. */
const LIFECYCLE = {
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
    on: ['Stalled', 'Ready'],
    meaning: 'An object of a name that the operator needs exists and belongs to somebody else. It is never taken over.',
    fix: 'Delete or rename the object that the message names, or this DeepSeekDeployment.',
  },
  AutoscalingFollowed: { on: ['AutoscalingActive'], meaning: 'The autoscaler has its metrics and sets spec.replicas.' },
  AtMaxReplicas: {
    on: ['AutoscalingActive'],
    meaning: 'The metrics ask for more replicas than autoscaling.maxReplicas allows.',
    fix: 'Raise autoscaling.maxReplicas if there are GPUs for more.',
  },
  AutoscalerPending: {
    on: ['AutoscalingActive'],
    meaning: 'The autoscaler has not said anything yet. It is made once the first replica answers.',
  },
  AutoscalingHeld: {
    on: ['AutoscalingActive'],
    meaning:
      'A handover goes on: with the versions sharing GPUs the metrics say nothing about the count, so that it stays as it is.',
  },
  ReplicasContested: {
    on: ['AutoscalingActive'],
    meaning: 'Somebody other than the autoscaler sets or removes spec.replicas.',
    fix: 'Leave spec.replicas out of what the field manager in the message applies.',
  },
  AutoscalerConflict: {
    on: ['AutoscalingActive'],
    meaning: 'Another HPA scales the same pods, so that neither does.',
    fix: 'Delete the one that the message names, or take spec.autoscaling out.',
  },
  AutoscalerFailing: {
    on: ['AutoscalingActive'],
    meaning: 'The autoscaler cannot read or write the count of replicas.',
    fix: 'See its words in the message. The replicas stay as they are meanwhile.',
  },
  MetricsApiMissing: {
    on: ['AutoscalingActive'],
    meaning: 'Nobody in the cluster serves the metrics API that the autoscaler asks.',
    fix: 'Install prometheus-adapter with manifests/prometheus-adapter/values.yaml (metrics-server for CPU), or use provider KEDA. The replicas stay as they are meanwhile.',
  },
  MetricsApiUnavailable: {
    on: ['AutoscalingActive'],
    meaning: 'The metrics adapter, or the Prometheus behind it, does not answer.',
    fix: 'See to the adapter and its Prometheus. The replicas stay as they are meanwhile.',
  },
  MetricMissing: {
    on: ['AutoscalingActive'],
    meaning: 'The metrics adapter has no such metric: it lacks our rule, or Prometheus has no series under that name.',
    fix: 'Add the rules of manifests/prometheus-adapter to the adapter, and see that Prometheus scrapes the engines. The replicas stay as they are meanwhile.',
  },
  KedaMissing: {
    on: ['AutoscalingActive'],
    meaning: 'autoscaling.provider is KEDA, and KEDA is not installed or its ScaledObjects may not be read.',
    fix: 'Install KEDA, or use provider HPA. The replicas stay as they are meanwhile.',
  },
  PrometheusUnknown: {
    on: ['AutoscalingActive'],
    meaning: 'KEDA has to ask a Prometheus, and the operator knows of none.',
    fix: 'Start the operator with --prometheus-url.',
  },
  MonitoringKindMissing: {
    on: ['Monitored'],
    meaning:
      'monitoring.scrape names a kind of prometheus-operator that the cluster lacks, or that the operator may not read.',
    fix: 'Install prometheus-operator, or set monitoring.scrape to Auto: the Services then carry annotations for a plain Prometheus.',
  },
  FieldsNotImplemented: {
    on: ['FieldsIgnored'],
    meaning: 'Fields of the spec are part of the API, and this version of the operator does not obey them yet.',
    fix: 'Take them out, or use a version that has them.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** Every reason that a user can meet, in the order of the reference. Add yours to the group that it belongs to. */
export const REASON_GROUPS = {
  Planner: PLANNER,
  Failures: FAILURES,
  Verdicts: VERDICTS,
  Lifecycle: LIFECYCLE,
} as const;

export type PlannerReason = keyof typeof PLANNER;
export type FailureReason = keyof typeof FAILURES;
export type VerdictReason = keyof typeof VERDICTS;
export type LifecycleReason = keyof typeof LIFECYCLE;
/** A stable word for why; part of the API: scripts and alerts match on it. */
export type Reason = PlannerReason | FailureReason | VerdictReason | LifecycleReason;

export const REASONS: Readonly<Record<Reason, ReasonEntry>> = {
  ...PLANNER,
  ...FAILURES,
  ...VERDICTS,
  ...LIFECYCLE,
};

/** Narrows a word that was read, e.g. from a status. */
export function isReason(word: string): word is Reason {
  return Object.hasOwn(REASONS, word);
}
