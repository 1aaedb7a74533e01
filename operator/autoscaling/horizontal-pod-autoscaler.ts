import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { IMetricSpec } from 'kubernetes-models/autoscaling/v2/MetricSpec';
import { API_VERSION, KIND } from '../api/index.ts';
import { AUTOSCALING_METRIC } from '../monitoring/names.ts';
import { type Autoscaling, behaviorOf, quantity, utilization, wantedMetrics, type WantedMetric } from './scaling.ts';
import { type Child, childMetadata, type Owner } from '../resources/names.ts';

/** What an autoscaler is made of beside the spec. */
export interface AutoscalerInput {
  /** Of the plan: how long a replica may take from its pod to its first answer, seconds. */
  readonly startupBudgetSeconds: number;
  /** The API server takes `behavior.scaleDown.tolerance` (HPAConfigurableTolerance, beta since Kubernetes 1.35). */
  readonly tolerance: boolean;
  /** The count is to stay what it is, whatever the metrics say: a handover goes on. */
  readonly held: boolean;
}

/**
 * The HPA of a DeepSeekDeployment with autoscaling. Its target is the DeepSeekDeployment itself: the scale subresource
 * names the pods of the version that serves, and the operator is the only one who writes to Deployments.
 */
export function horizontalPodAutoscaler(
  deployment: Owner,
  autoscaling: Autoscaling,
  input: AutoscalerInput,
): Child<IHorizontalPodAutoscaler> {
  const { name } = deployment.metadata;
  const metrics = wantedMetrics(autoscaling);
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: childMetadata(deployment, name),
    spec: {
      scaleTargetRef: { apiVersion: API_VERSION, kind: KIND, name },
      minReplicas: autoscaling.minReplicas ?? 1,
      maxReplicas: autoscaling.maxReplicas,
      metrics: metrics.map(metricSpec),
      behavior: behaviorOf(autoscaling, metrics, input),
    },
  };
}

function metricSpec({ type, target, external }: WantedMetric): IMetricSpec {
  const averageValue = quantity(target);
  switch (type) {
    case 'CPU':
      return {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: utilization(target) } },
      };
    case 'External':
      return {
        type: 'External',
        external: {
          metric: {
            name: external?.name ?? '',
            ...(external?.selector && { selector: { matchLabels: { ...external.selector } } }),
          },
          target: { type: 'AverageValue', averageValue },
        },
      };
    default:
      return {
        type: 'Pods',
        pods: { metric: { name: AUTOSCALING_METRIC[type].metric }, target: { type: 'AverageValue', averageValue } },
      };
  }
}
