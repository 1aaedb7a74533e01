import { ANNOTATION, LABEL } from '../../api/index.ts';
import { revisionInName } from '../../resources/names.ts';
import type { ReplicaSetState } from '../../rollout/next.ts';
import type { ActiveService } from '../../rollout/traffic.ts';
import type { LiveDeployment, Snapshot } from '../snapshot.ts';

/** spec.replicas; when it is absent what serves now, else minReplicas, else 1. */
export function wantedReplicas({ deployment, deployments }: Snapshot, serving: string | undefined): number {
  const live = deployments.find(({ metadata }) => revisionInName(deployment.metadata.name, metadata.name) === serving);
  const { spec, status } = deployment;
  // A serving Deployment that somebody deleted: the status still knows its size.
  const served = serving !== undefined && servingInStatus(deployment) === serving ? status?.replicas : undefined;
  return spec.replicas ?? live?.spec?.replicas ?? served ?? spec.autoscaling?.minReplicas ?? 1;
}

/** The revision that had the traffic when the status was written: also one that had not answered yet. */
export function servingInStatus({ status }: Snapshot['deployment']): string | undefined {
  const requirement = status?.selector?.split(',').find((part) => part.startsWith(`${LABEL.revision}=`));
  return status?.serving?.revision ?? requirement?.slice(LABEL.revision.length + 1);
}

/** What the Deployment controller says of a revision, if it has seen the current spec. */
export function stateOf(name: string, { metadata, spec, status }: LiveDeployment): [string, ReplicaSetState][] {
  const hash = revisionInName(name, metadata.name);
  if (hash === undefined) return [];
  const current = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  const updated = status?.updatedReplicas ?? 0;
  const state: ReplicaSetState = {
    replicas: spec?.replicas ?? 0,
    readyReplicas: status?.readyReplicas ?? 0,
    availableReplicas: current ? Math.min(status?.availableReplicas ?? 0, updated) : 0,
    deadlineExceeded: current && progressing?.reason === 'ProgressDeadlineExceeded',
  };
  return [[hash, state]];
}

/** What the active Service says. */
export function activeServiceOf({ deployment, services }: Snapshot): ActiveService | undefined {
  const service = services.find(({ metadata }) => metadata.name === deployment.metadata.name);
  if (!service) return undefined;
  const { [ANNOTATION.servingRevision]: servingRevision, [ANNOTATION.attempt]: attempt } =
    service.metadata.annotations ?? {};
  const selector = service.spec?.selector ?? {};
  // One more requirement makes it somebody else's: it may select none of our pods.
  const ours = selector[LABEL.name] === deployment.metadata.name && Object.keys(selector).length === 2;
  const selectedRevision = ours ? selector[LABEL.revision] : undefined;
  return {
    ...(servingRevision === undefined ? {} : { servingRevision }),
    ...(attempt === undefined || !/^\d+$/.test(attempt) ? {} : { attempt: Number(attempt) }),
    ...(selectedRevision === undefined ? {} : { selectedRevision }),
  };
}
