import type { Reason } from '../../api/index.ts';
import { missingMetrics, type ServedMetrics, wantedMetrics } from '../../autoscaling/index.ts';
import { AUTOSCALING_METRIC, type EngineMetricType } from '../../monitoring/names.ts';
import type { LiveHorizontalPodAutoscaler, Snapshot } from '../snapshot.ts';
import type { Judgement, Verdict } from './judgement.ts';
import { contestedBy } from './replica-owners.ts';

/** What holds while an autoscaler does nothing. */
export const STAY = 'The replicas stay as they are.';
/** Of what others say: characters that are passed on. */
export const MAX_WORDS = 400;

/** What is switched off by spec.replicas is no business of an autoscaler's. */
export const OFF = no('ScaledToZero', 'spec.replicas is 0: the autoscaler leaves what is off alone.');

export function unknown(message: string): Verdict {
  return { status: 'Unknown', reason: 'AutoscalerPending', message };
}

export function no(reason: Reason, message: string): Verdict {
  return { status: 'False', reason, message };
}

/** Whether the count is frozen: a handover goes on, in which the ready pods tell nothing of how many are needed. */
export function isHeld({ memory }: Judgement['step']): boolean {
  return memory.frozenReplicas !== undefined;
}

/** What is said while the count is frozen; undefined: it is not. */
export function held({ step, observeOnly }: Judgement): Verdict | undefined {
  if (!isHeld(step) || observeOnly) return undefined;
  return no(
    'AutoscalingHeld',
    `A handover goes on: the count stays ${step.memory.frozenReplicas ?? ''} until it is over.`,
  );
}

/** What an HPA says of itself, ours or KEDA’s, and who undoes what it does. For a model that is on. */
export function verdictOf(snapshot: Snapshot, hpa: LiveHorizontalPodAutoscaler): Verdict {
  const { deployment, autoscaling } = snapshot;
  const contested = contestedBy(snapshot, hpa);
  if (contested !== undefined) return no('ReplicasContested', contested);
  const conditions = new Map((hpa.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  const able = conditions.get('AbleToScale');
  if (able?.status === 'False' && able.reason?.startsWith('Failed') === true)
    return no('AutoscalerFailing', `The HPA says: ${able.message ?? able.reason} ${STAY}`);
  const active = conditions.get('ScalingActive');
  // That it is off was true when the HPA looked last.
  if (active === undefined || active.status === 'Unknown' || active.reason === 'ScalingDisabled')
    return unknown('The HPA has not looked at its metrics yet.');
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
