import { API_VERSION, type DeepSeekDeployment, durationSeconds, KIND } from '../api/index.ts';
import { AUTOSCALING_METRIC, SERIES_LABEL } from '../monitoring/names.ts';
import type { AutoscalerInput } from './horizontal-pod-autoscaler.ts';
import { type Child, childMetadata, type Owner } from '../resources/names.ts';
import { type Autoscaling, behaviorOf, utilization, wantedMetrics, type WantedMetric } from './scaling.ts';

/** A trigger of KEDA: `prometheus` or `cpu`. */
export interface KedaTrigger {
  readonly type: 'prometheus' | 'cpu';
  readonly metricType: 'AverageValue' | 'Utilization';
  readonly metadata: Readonly<Record<string, string>>;
  readonly authenticationRef?: { readonly name: string; readonly kind: string };
}

/** keda.sh/v1alpha1, the part that is used. */
export interface ScaledObject {
  readonly apiVersion: 'keda.sh/v1alpha1';
  readonly kind: 'ScaledObject';
  readonly metadata?: object;
  readonly spec: {
    readonly scaleTargetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
    readonly minReplicaCount: number;
    readonly maxReplicaCount: number;
    readonly pollingInterval?: number;
    readonly cooldownPeriod?: number;
    readonly advanced: { readonly horizontalPodAutoscalerConfig: { readonly name: string; readonly behavior: object } };
    readonly triggers: readonly KedaTrigger[];
  };
}

/** What a ScaledObject is made of beside what an HPA is. */
export interface ScaledObjectInput extends AutoscalerInput {
  /** Revision whose pods are measured. */
  readonly serving: string;
  /** Prometheus that answers queries without a server of their own; undefined: none has to be asked (asksPrometheus). */
  readonly prometheusUrl?: string | undefined;
}

/**
 * Holds KEDA without a change of the count: it deletes its HPA and looks no more, and makes both anew once the annotation is gone.
 * Anything but absence counts as true to older versions.
 */
export const KEDA_PAUSED = 'autoscaling.keda.sh/paused';

/** Whether some metric is asked of the Prometheus that the operator knows. */
export function asksPrometheus(autoscaling: Autoscaling): boolean {
  return wantedMetrics(autoscaling).some(
    ({ type, external }) => type !== 'CPU' && external?.serverAddress === undefined,
  );
}

/** The ScaledObject of a DeepSeekDeployment whose autoscaling has the provider KEDA: the same metrics, asked of Prometheus. */
export function scaledObject(
  deployment: Owner,
  autoscaling: Autoscaling,
  input: ScaledObjectInput,
): Child<ScaledObject> {
  const { name } = deployment.metadata;
  const metrics = wantedMetrics(autoscaling);
  const { pollingInterval, cooldown, minReplicas = 1, maxReplicas, authenticationRef } = autoscaling;
  // Its HPA is deleted while it is paused, so that only what KEDA does not read holds.
  const behavior = behaviorOf(autoscaling, metrics, { ...input, held: false });
  return {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: childMetadata(deployment, name, input.held ? { annotations: { [KEDA_PAUSED]: 'true' } } : {}),
    spec: {
      scaleTargetRef: { apiVersion: API_VERSION, kind: KIND, name },
      minReplicaCount: minReplicas,
      maxReplicaCount: maxReplicas,
      ...(pollingInterval !== undefined && { pollingInterval: wholeSeconds(pollingInterval) }),
      ...(cooldown !== undefined && { cooldownPeriod: wholeSeconds(cooldown) }),
      advanced: { horizontalPodAutoscalerConfig: { name, behavior } },
      triggers: metrics.map((metric) => trigger(deployment, metric, input, authenticationRef)),
    },
  };
}

function trigger(
  deployment: Owner,
  { type, target, external }: WantedMetric,
  { serving, prometheusUrl }: ScaledObjectInput,
  authentication: Autoscaling['authenticationRef'],
): KedaTrigger {
  if (type === 'CPU')
    return { type: 'cpu', metricType: 'Utilization', metadata: { value: String(utilization(target)) } };
  const query = type === 'External' ? (external?.query ?? '') : seriesQuery(deployment, type, serving);
  return {
    type: 'prometheus',
    metricType: 'AverageValue',
    metadata: {
      serverAddress: external?.serverAddress ?? prometheusUrl ?? '',
      query,
      threshold: String(target),
      // No answer is no load of 0: it would take the replicas away.
      ignoreNullValues: 'false',
      ...(authentication?.modes && { authModes: authentication.modes.join(',') }),
    },
    ...(authentication && { authenticationRef: { name: authentication.name, kind: authentication.kind } }),
  };
}

/** The sum over the pods that serve: KEDA divides by the threshold, as an HPA does of an average. */
export function seriesQuery(
  { metadata: { namespace, name } }: Pick<DeepSeekDeployment, 'metadata'>,
  type: keyof typeof AUTOSCALING_METRIC,
  serving: string,
): string {
  const labels: readonly (readonly [string, string | undefined])[] = [
    [SERIES_LABEL.namespace, namespace],
    [SERIES_LABEL.deployment, name],
    [SERIES_LABEL.revision, serving],
  ];
  return `sum(${AUTOSCALING_METRIC[type].series}{${labels.map(([label, value]) => `${label}="${value ?? ''}"`).join(',')}})`;
}

function wholeSeconds(duration: string): number {
  return Math.max(1, Math.round(durationSeconds(duration)));
}
