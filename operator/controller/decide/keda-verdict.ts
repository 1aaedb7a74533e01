import { asksPrometheus, wantedMetrics } from '../../autoscaling/index.ts';
import type { Snapshot } from '../snapshot.ts';
import { held, MAX_WORDS, no, OFF, STAY, unknown, verdictOf } from './hpa-verdict.ts';
import type { Judgement, Verdict } from './judgement.ts';

/** What is said of autoscaling by KEDA: what KEDA says of the ScaledObject, and what its HPA says of itself. */
export function kedaVerdict(snapshot: Snapshot, judgement: Judgement): Verdict {
  const keda = snapshot.autoscaling?.keda;
  if (keda?.installed === undefined) return unknown('It is not known yet whether KEDA is there.');
  if (!keda.installed) return no('KedaMissing', `KEDA is not installed, or its ScaledObjects may not be read. ${STAY}`);
  const { autoscaling } = snapshot.deployment.spec;
  if (judgement.prometheusUrl === undefined && autoscaling !== undefined && asksPrometheus(autoscaling))
    return no('PrometheusUnknown', `The operator knows of no Prometheus that KEDA could ask. ${STAY}`);
  const types = autoscaling === undefined ? [] : wantedMetrics(autoscaling).map(({ type }) => type);
  const mayWake = autoscaling?.minReplicas === 0 && types.includes('External');
  if (judgement.replicas === 0 && !mayWake) return OFF;
  const hold = held(judgement);
  if (hold) return hold;
  const ready = keda.live?.status?.conditions?.find(({ type }) => type === 'Ready');
  const { status = 'Unknown', reason = '', message = '' } = ready ?? {};
  if (status === 'Unknown' && message === '') return unknown('KEDA has not taken the ScaledObject yet.');
  const words = `KEDA says: ${message.slice(0, MAX_WORDS).replace(/\.?$/, '.')}`;
  // Engines that are off have no metrics, and KEDA reports every trigger that finds none.
  const noEngines = reason.endsWith(TRIGGER_ERROR) && types.some((type) => type !== 'External');
  if (status !== 'True' && judgement.replicas === 0 && noEngines)
    return no(
      'ScaledToZero',
      `spec.replicas is 0 until an External metric asks for the model. Without replicas the engines have no metrics. ${words}`,
    );
  if (status === 'False') return no('AutoscalerFailing', `${words} ${STAY}`);
  if (status === 'Unknown') return { status, reason: 'AutoscalerFailing', message: words };
  if (judgement.replicas > 0 && keda.hpa !== undefined) {
    const verdict = verdictOf(snapshot, keda.hpa);
    if (verdict.reason !== 'AutoscalingFollowed') return verdict;
  }
  return {
    status: 'True',
    reason: 'AutoscalingFollowed',
    message: 'KEDA has taken the ScaledObject and sets spec.replicas.',
  };
}

/** How KEDA's reasons end where triggers find no metrics (TriggerError, PartialTriggerError; pkg/scaling/executor, v2.19). */
const TRIGGER_ERROR = 'TriggerError';
