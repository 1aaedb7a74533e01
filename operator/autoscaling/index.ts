/** Autoscalers of DeepSeekDeployments: HPAs, ScaledObjects of KEDA, and what a metrics adapter needs for them. */
export { type AdapterConfig, adapterConfig, missingMetrics, type ServedMetrics } from './adapter-rules.ts';
export { type AutoscalerInput, horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';
export {
  asksPrometheus,
  KEDA_PAUSED,
  type ScaledObject,
  scaledObject,
  type ScaledObjectInput,
} from './scaled-object.ts';
export { type Autoscaling, scalingWarnings, wantedMetrics } from './scaling.ts';
