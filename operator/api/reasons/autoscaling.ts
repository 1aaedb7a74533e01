import type { ReasonEntry } from './entry.ts';

/** Who sets the count of replicas, on what, and who scrapes. */
export const AUTOSCALING = {
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
    meaning: 'Somebody other than the autoscaler sets spec.replicas.',
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
  AutoscalerWriteFailed: {
    on: ['AutoscalingActive'],
    meaning:
      'The HorizontalPodAutoscaler or ScaledObject cannot be made, changed or deleted as the spec asks. Nothing else waits for it.',
    fix: 'See the words of the API server in the message. It is tried again by itself, at least once a minute.',
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
  MonitoringWriteFailed: {
    on: ['Monitored'],
    meaning:
      'An object for prometheus-operator cannot be made, changed or deleted as the spec asks. Nothing else waits for it.',
    fix: 'See the words of the API server in the message. It is tried again by itself, at least once a minute.',
  },
} as const satisfies Record<string, ReasonEntry>;
