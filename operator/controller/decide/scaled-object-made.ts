import { isOwnedBy } from '../gather.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Status } from './judgement.ts';

/**
 * The ScaledObject of ours, remembered before it is made and until it is known to be gone: nobody follows ScaledObjects that no spec
 * asks for, and one that is forgotten goes on scaling.
 */
export function scaledObjectMade(snapshot: Snapshot): Pick<Status, 'scaledObject'> {
  const { deployment, autoscaling } = snapshot;
  const { name } = deployment.metadata;
  if (deployment.spec.autoscaling?.provider === 'KEDA' || isThere(snapshot)) return { scaledObject: name };
  const before = deployment.status?.scaledObject;
  const isGone = autoscaling?.keda?.installed === true || autoscaling?.keda?.missing === true;
  return before === undefined || isGone ? {} : { scaledObject: before };
}

/**
 * Whether the ScaledObject may be made: the status remembers it, and our HPA is gone. KEDA refuses a target that another HPA scales, and
 * its own HPA has the name of ours.
 */
export function mayComeToKeda({ deployment, horizontalPodAutoscalers }: Snapshot): boolean {
  const { name } = deployment.metadata;
  return (
    deployment.status?.scaledObject !== undefined &&
    horizontalPodAutoscalers.every(({ metadata }) => metadata.name !== name)
  );
}

/**
 * Why our HPA cannot be made yet: KEDA still has its own, of the same name, or may still make it. KEDA writes its spec into any HPA of that
 * name. Undefined: nothing is left of KEDA.
 */
export function kedaStill(snapshot: Snapshot): string | undefined {
  const keda = snapshot.autoscaling?.keda;
  if (keda === undefined) return undefined;
  if (isThere(snapshot)) return 'The HorizontalPodAutoscaler is made once the ScaledObject is gone.';
  if (keda.hpa !== undefined) return 'The HorizontalPodAutoscaler is made once the one of KEDA is gone.';
  return snapshot.deployment.status?.scaledObject !== undefined && keda.installed === undefined
    ? 'The HorizontalPodAutoscaler is made once it is known that the ScaledObject is gone.'
    : undefined;
}

function isThere({ deployment, autoscaling }: Snapshot): boolean {
  const live = autoscaling?.keda?.live;
  return live !== undefined && isOwnedBy(live, deployment.metadata.uid);
}
