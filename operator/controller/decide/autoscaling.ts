import type { Reason } from '../../api/index.ts';
import { ACCELERATORS } from '../../catalog/accelerators.ts';
import { missingMetrics, type ServedMetrics } from '../../autoscaling/index.ts';
import { AUTOSCALING_METRIC, type EngineMetricType } from '../../monitoring/names.ts';
import {
  asksPrometheus,
  horizontalPodAutoscaler,
  scaledObject,
  scalingWarnings,
  wantedMetrics,
} from '../../autoscaling/index.ts';
import { acceleratorOf } from '../../rollout/accelerator-nodes.ts';
import type { LiveHorizontalPodAutoscaler, Snapshot } from '../snapshot.ts';
import type { Wanted } from './children.ts';
import type { ChildObject, Intent } from './intents.ts';
import { kedaStill, mayComeToKeda } from './scaled-object-made.ts';
import type { Judgement, Verdict } from './judgement.ts';
import { optionalChild } from './optional-child.ts';
import { contestedBy } from './replica-owners.ts';

type Ask = Pick<Wanted, 'step' | 'revisions' | 'prometheusUrl'>;

/** The first minor version of Kubernetes 1 in which HPAConfigurableTolerance is on unless somebody turns it off. */
const TOLERANCE_MINOR = 35;

function hasTolerance({ cluster: { version } }: Snapshot): boolean {
  return version?.major === '1' && Number.parseInt(version.minor, 10) >= TOLERANCE_MINOR;
}

/** Whether the count is frozen: a handover goes on, in which the ready pods tell nothing of how many are needed. */
function isHeld({ memory }: Wanted['step']): boolean {
  return memory.frozenReplicas !== undefined;
}

/** The plan of what serves says how long a replica takes; undefined: nobody knows. */
function inputOf(snapshot: Snapshot, { step, revisions }: Ask) {
  const budget = revisions.find(({ hash }) => hash === step.serving)?.data.plan.startupBudgetSeconds;
  return budget === undefined
    ? undefined
    : { startupBudgetSeconds: budget, tolerance: hasTolerance(snapshot), held: isHeld(step) };
}

/**
 * The HPA that there is to be. It is made once something has answered: before, it would find no metrics and say so.
 * 'Keep': what is there stays as it is. Undefined: there is to be none.
 */
export function autoscalerOf(snapshot: Snapshot, wanted: Ask): ChildObject | 'Keep' | undefined {
  const { deployment, horizontalPodAutoscalers } = snapshot;
  const { autoscaling } = deployment.spec;
  if (autoscaling === undefined || autoscaling.provider === 'KEDA') return undefined;
  const input = inputOf(snapshot, wanted);
  if (input === undefined) return 'Keep';
  const exists = horizontalPodAutoscalers.some(({ metadata }) => metadata.name === deployment.metadata.name);
  if (!exists && (!hasAnswered(snapshot, wanted) || kedaStill(snapshot) !== undefined)) return undefined;
  return horizontalPodAutoscaler(deployment, autoscaling, input);
}

function hasAnswered({ deployment }: Snapshot, { step }: Ask): boolean {
  return deployment.status?.serving !== undefined && deployment.status.serving.revision === step.serving;
}

/** The write, if any, that brings the ScaledObject to what is wanted, or takes it away. */
export function scaledObjectIntents(snapshot: Snapshot, wanted: Ask): Intent[] {
  const { deployment } = snapshot;
  const keda = snapshot.autoscaling?.keda;
  if (keda?.installed !== true) return [];
  const { live } = keda;
  const { name, uid: owner } = deployment.metadata;
  const { autoscaling } = deployment.spec;
  const because = 'autoscaling.provider KEDA is not set any more';
  const child = { kind: 'ScaledObject', name, live, because } as const;
  if (autoscaling?.provider !== 'KEDA') return optionalChild(owner, { ...child, wanted: undefined });
  const input = inputOf(snapshot, wanted);
  const { serving } = wanted.step;
  if (input === undefined || serving === undefined) return [];
  if (wanted.prometheusUrl === undefined && asksPrometheus(autoscaling)) return [];
  if (live === undefined && !mayComeToKeda(snapshot)) return [];
  // What is off may be woken by it.
  if (live === undefined && !hasAnswered(snapshot, wanted) && deployment.spec.replicas !== 0) return [];
  const object = scaledObject(deployment, autoscaling, { ...input, serving, prometheusUrl: wanted.prometheusUrl });
  return optionalChild(owner, { ...child, wanted: object });
}

/** The HPA says that it has no metrics. */
export function lacksMetrics({ status }: Pick<LiveHorizontalPodAutoscaler, 'status'>): boolean {
  const active = status?.conditions?.find(({ type }) => type === 'ScalingActive');
  return active?.status === 'False' && active.reason?.startsWith('Failed') === true;
}

const STAY = 'The replicas stay as they are.';

/** What is said of autoscaling; undefined: the spec asks for none. */
export function autoscalingVerdict(snapshot: Snapshot, judgement: Judgement): Verdict | undefined {
  const { deployment } = snapshot;
  const { autoscaling } = deployment.spec;
  if (autoscaling === undefined) return undefined;
  const verdict = autoscaling.provider === 'KEDA' ? kedaVerdict(snapshot, judgement) : hpaVerdict(snapshot, judgement);
  const warnings = [
    ...scalingWarnings(autoscaling, {
      tolerance: hasTolerance(snapshot),
      version: snapshot.cluster.version?.gitVersion,
    }),
    ...noCacheMetric(snapshot, judgement),
    ...tooManyForNodes(snapshot, judgement),
  ];
  return { ...verdict, message: [verdict.message, ...warnings].join(' ') };
}

const unknown = (message: string): Verdict => ({ status: 'Unknown', reason: 'AutoscalerPending', message });
const no = (reason: Reason, message: string): Verdict => ({ status: 'False', reason, message });

function held({ step, observeOnly }: Judgement): Verdict | undefined {
  if (!isHeld(step) || observeOnly) return undefined;
  return no(
    'AutoscalingHeld',
    `A handover goes on: the count stays ${step.memory.frozenReplicas ?? ''} until it is over.`,
  );
}

const OFF = no('ScaledToZero', 'spec.replicas is 0: the autoscaler leaves what is off alone.');

function hpaVerdict(snapshot: Snapshot, judgement: Judgement): Verdict {
  const { deployment, horizontalPodAutoscalers, autoscaling } = snapshot;
  if (judgement.replicas === 0) return OFF;
  const hold = held(judgement);
  if (hold) return hold;
  const { name } = deployment.metadata;
  const hpa = horizontalPodAutoscalers.find(({ metadata }) => metadata.name === name);
  if (hpa === undefined)
    return unknown(kedaStill(snapshot) ?? 'The HorizontalPodAutoscaler is made once the first replica answers.');
  const contested = contestedBy(snapshot, hpa);
  if (contested !== undefined) return no('ReplicasContested', contested);
  const conditions = new Map((hpa.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  const able = conditions.get('AbleToScale');
  if (able?.status === 'False' && able.reason?.startsWith('Failed') === true)
    return no('AutoscalerFailing', `The HPA says: ${able.message ?? able.reason} ${STAY}`);
  const active = conditions.get('ScalingActive');
  if (active === undefined || active.status === 'Unknown') return unknown('The HPA has not looked at its metrics yet.');
  if (active.status === 'False') return inactive(snapshot, active, autoscaling?.served);
  const limited = conditions.get('ScalingLimited');
  const max = `autoscaling.maxReplicas, ${deployment.spec.autoscaling?.maxReplicas ?? ''}`;
  if (limited?.status === 'True' && limited.reason === 'TooManyReplicas')
    return { status: 'True', reason: 'AtMaxReplicas', message: `The metrics ask for more replicas than ${max}.` };
  return { status: 'True', reason: 'AutoscalingFollowed', message: 'The HPA has its metrics and sets spec.replicas.' };
}

interface HpaCondition {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

/** Why the HPA does nothing, by its own words and by what the metrics APIs say that they serve. */
function inactive(
  { deployment }: Snapshot,
  { reason = '', message = '' }: HpaCondition,
  served: ServedMetrics | undefined,
): Verdict {
  const words = `The HPA says: ${message.slice(0, MAX_WORDS)}`;
  if (reason === 'ScalingDisabled') return OFF;
  if (reason === 'AmbiguousSelector') return no('AutoscalerConflict', `${words} ${STAY}`);
  if (!reason.startsWith('Failed')) return no('AutoscalerFailing', `${words} ${STAY}`);
  const autoscaling = deployment.spec.autoscaling;
  const types = autoscaling === undefined ? [] : wantedMetrics(autoscaling).map(({ type }) => type);
  const ofPods = types.filter((type): type is EngineMetricType => type in AUTOSCALING_METRIC);
  const api = API_OF[reason];
  // Else it is there, and somebody asks it: what it says of itself counts more than what the HPA has last seen.
  const gone = served !== undefined && reason === 'FailedGetPodsMetric' && served.custom === undefined;
  const goneExternal = served !== undefined && reason === 'FailedGetExternalMetric' && served.external === undefined;
  if (gone || goneExternal || NOT_REGISTERED.test(message))
    return no('MetricsApiMissing', `Nobody in the cluster serves ${api ?? 'the metrics API'}. ${STAY} ${words}`);
  const lacks = served === undefined || reason !== 'FailedGetPodsMetric' ? [] : missingMetrics(served, ofPods);
  if (lacks.length > 0)
    return no(
      'MetricMissing',
      `${api ?? 'The metrics API'} has no ${lacks.join(' and no ')}: the adapter lacks our rules, or Prometheus has no such series. ${STAY} ${words}`,
    );
  if (NO_METRIC.test(message))
    return no('MetricMissing', `${api ?? 'The metrics API'} has no value of the metric. ${STAY} ${words}`);
  return no('MetricsApiUnavailable', `The metrics adapter or its Prometheus does not answer. ${STAY} ${words}`);
}

const MAX_WORDS = 400;
const API_OF: Readonly<Record<string, string>> = {
  FailedGetPodsMetric: 'custom.metrics.k8s.io',
  FailedGetExternalMetric: 'external.metrics.k8s.io',
  FailedGetResourceMetric: 'metrics.k8s.io',
};
/** k8s.io/metrics and client-go, where the group is not served. */
const NOT_REGISTERED =
  /no custom metrics API|could not find the requested resource|no matches for kind|no external metrics API/;
/** What an adapter answers for a metric that it does not know or that no pod has. */
const NO_METRIC = /could not find the metric|no metrics returned|no metrics known|did not receive metrics/;

function kedaVerdict(snapshot: Snapshot, judgement: Judgement): Verdict {
  const keda = snapshot.autoscaling?.keda;
  if (keda?.installed === undefined) return unknown('It is not known yet whether KEDA is there.');
  if (!keda.installed) return no('KedaMissing', `KEDA is not installed, or its ScaledObjects may not be read. ${STAY}`);
  const { autoscaling } = snapshot.deployment.spec;
  if (judgement.prometheusUrl === undefined && autoscaling !== undefined && asksPrometheus(autoscaling))
    return no('PrometheusUnknown', `The operator knows of no Prometheus that KEDA could ask. ${STAY}`);
  const hold = held(judgement);
  if (hold) return hold;
  const conditions = new Map((keda.live?.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  const ready = conditions.get('Ready');
  if (ready === undefined || ready.status === 'Unknown') return unknown('KEDA has not taken the ScaledObject yet.');
  const words = (condition: HpaCondition) => `KEDA says: ${(condition.message ?? '').slice(0, MAX_WORDS)}`;
  if (ready.status === 'False') return no('AutoscalerFailing', `${words(ready)} ${STAY}`);
  return {
    status: 'True',
    reason: 'AutoscalingFollowed',
    message: 'KEDA has taken the ScaledObject and sets spec.replicas.',
  };
}

function noCacheMetric({ deployment }: Snapshot, { desired }: Judgement): string[] {
  const { autoscaling } = deployment.spec;
  const asked =
    autoscaling !== undefined && wantedMetrics(autoscaling).some(({ type }) => type === 'KVCacheUtilization');
  return asked && desired.plan.accepted && desired.plan.plan.engine.type === 'llama.cpp'
    ? ['llama.cpp does not tell how full its KV cache is: scale on BatchUtilization or QueueDepth.']
    : [];
}

/** More replicas than the nodes of the class hold, all of them taken for this model. */
function tooManyForNodes({ deployment, cluster }: Snapshot, { desired }: Judgement): string[] {
  const { autoscaling, accelerator } = deployment.spec;
  if (autoscaling === undefined || cluster.nodes === undefined || !desired.plan.accepted) return [];
  const { gpusPerReplica, accelerator: planned } = desired.plan.plan;
  const { resourceName } = planned;
  if (resourceName === undefined || gpusPerReplica < 1 || accelerator.custom !== undefined) return [];
  const ofClass = cluster.nodes.filter(
    ({ metadata }) => acceleratorOf(metadata.labels, ACCELERATORS) === accelerator.type,
  );
  const holds = ofClass.reduce(
    (sum, { status }) => sum + Math.floor(Number(status?.allocatable?.[resourceName] ?? 0) / gpusPerReplica),
    0,
  );
  return holds >= autoscaling.maxReplicas
    ? []
    : [
        `autoscaling.maxReplicas is ${autoscaling.maxReplicas}, and the nodes with ${accelerator.type} hold ${holds} replicas of ${gpusPerReplica} GPUs.`,
      ];
}
