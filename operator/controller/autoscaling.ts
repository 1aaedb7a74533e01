import type { ServedMetrics } from '../autoscaling/index.ts';
import type { KubeObject } from '../kube/types.ts';
import type { Caches } from './caches.ts';
import { lacksMetrics } from './decide/autoscaling.ts';
import { SCALED_OBJECTS } from './keda.ts';
import type { AutoscalingState, LiveDeepSeekDeployment } from './snapshot.ts';

/** Whether what is written depends on the API server's version (`behavior.scaleDown.tolerance`). */
export function needsTolerance({ spec }: LiveDeepSeekDeployment): boolean {
  return spec.autoscaling?.metrics?.some(({ scaleInBelow }) => scaleInBelow !== undefined) === true;
}

/** Whether it helps to know what the metrics APIs serve: the HPA says that it lacks something. */
export function needsServedMetrics({ metadata, spec }: LiveDeepSeekDeployment, { childStores }: Caches): boolean {
  if (spec.autoscaling === undefined) return false;
  const { namespace = '', name } = metadata;
  const hpa = childStores.horizontalPodAutoscalers.get({ namespace, name });
  return hpa !== undefined && lacksMetrics(hpa);
}

/** What autoscaling needs of the cluster; undefined: nothing. */
export function autoscalingOf(
  { metadata, spec }: LiveDeepSeekDeployment,
  { scaledObjects, childStores }: Caches,
  served: ServedMetrics | undefined,
): AutoscalingState | undefined {
  const { namespace = '', name } = metadata;
  const live = scaledObjects.get(namespace, name);
  const keda = spec.autoscaling?.provider === 'KEDA' || live !== undefined;
  if (!keda && served === undefined) return undefined;
  const found = childStores.horizontalPodAutoscalers.get({ namespace, name });
  const hpa = isOfKeda(found) ? found : undefined;
  return { ...(served && { served }), ...(keda && { keda: { installed: scaledObjects.installed, live, hpa } }) };
}

/** Whether KEDA has made the HPA. It carries the labels of the ScaledObject, which are ours. */
function isOfKeda(hpa: KubeObject | undefined): boolean {
  return hpa?.metadata.ownerReferences?.some(({ kind }) => kind === SCALED_OBJECTS.kind) === true;
}
