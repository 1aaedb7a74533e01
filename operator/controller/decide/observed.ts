import { ANNOTATION, LABEL } from '../../api/index.ts';
import { revisionInName } from '../../resources/names.ts';
import { conditionOf, statusOf } from '../../rollout/failures/pod.ts';
import type { Outcome } from '../../rollout/machine/types.ts';
import type { ReplicaSetState } from '../../rollout/next.ts';
import type { ActiveService } from '../../rollout/traffic.ts';
import type { LiveDeployment, LivePod, Snapshot } from '../snapshot.ts';

/**
 * spec.replicas. When somebody has taken it away: what a rollout remembers to have been asked for, else what serves now, else
 * minReplicas, else 1.
 */
export function wantedReplicas({ deployment, deployments }: Snapshot, serving: string | undefined): number {
  const { spec, status } = deployment;
  const { wantedReplicas: remembered, frozenReplicas, phase = 'Idle' } = status?.rollout ?? {};
  const asked = spec.replicas ?? remembered ?? frozenReplicas;
  if (asked !== undefined) return asked;
  const live = deployments.find(({ metadata }) => revisionInName(deployment.metadata.name, metadata.name) === serving);
  // A serving Deployment that somebody deleted: the status still knows its size.
  const served = serving !== undefined && servingInStatus(deployment) === serving ? status?.replicas : undefined;
  const found = live?.spec?.replicas ?? served;
  if (found === undefined) return spec.autoscaling?.minReplicas ?? 1;
  // Nothing is remembered: what has given replicas to another version, or stopped for it, does not say what is wanted.
  const mayHaveGiven = phase !== 'Idle' || found === 0;
  return mayHaveGiven ? Math.max(found, ...deployments.map((other) => other.spec?.replicas ?? 0)) : found;
}

/** The revision that had the traffic when the status was written: also one that had not answered yet. */
export function servingInStatus({ status }: Snapshot['deployment']): string | undefined {
  const requirement = status?.selector?.split(',').find((part) => part.startsWith(`${LABEL.revision}=`));
  return status?.serving?.revision ?? requirement?.slice(LABEL.revision.length + 1);
}

/** Outcomes of attempts that had the traffic. */
const SWITCHED: ReadonlySet<string> = new Set<Outcome>(['Promoted', 'AcceptedUnproven', 'RolledBack']);

/** What the status says of the traffic beyond the revision, for when the active Service is lost. */
export function statusTraffic({ status }: Snapshot['deployment']) {
  const since = Date.parse(status?.serving?.since ?? '');
  const previous = status?.rollback?.revision;
  // Before anything was switched the time is that of the first version.
  const switched = previous !== undefined || status?.history?.some(({ outcome }) => SWITCHED.has(outcome)) === true;
  return {
    attempt: status?.rollout?.attempt,
    ...(previous !== undefined && { previous }),
    ...(switched && !Number.isNaN(since) && { switchedAt: since }),
  };
}

/** The pods of each revision that has any, or a Deployment. */
export function setsOf(snapshot: Snapshot): Map<string, ReplicaSetState> {
  const { name } = snapshot.deployment.metadata;
  const pods = Map.groupBy(
    snapshot.pods.filter((pod) => statusOf(pod).phase !== 'Failed' && statusOf(pod).phase !== 'Succeeded'),
    (pod) => pod.metadata.labels?.[LABEL.revision] ?? '',
  );
  const sets = new Map([...pods].map(([hash, own]) => [hash, { ...NO_DEPLOYMENT, ...countPods(own) }]));
  for (const found of snapshot.deployments) {
    const hash = revisionInName(name, found.metadata.name);
    if (hash !== undefined) sets.set(hash, stateOf(found, pods.get(hash) ?? []));
  }
  sets.delete('');
  return sets;
}

const NO_DEPLOYMENT = { replicas: 0, readyReplicas: 0, availableReplicas: 0 };

function countPods(pods: readonly LivePod[]) {
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const refused = staying.filter((pod) => {
    const scheduled = conditionOf(pod, 'PodScheduled');
    return pod.spec?.nodeName === undefined && scheduled?.status === 'False' && scheduled.reason === 'Unschedulable';
  });
  return {
    pods: pods.length,
    terminating: pods.length - staying.length,
    placed: staying.filter(({ spec }) => spec?.nodeName !== undefined).length,
    unschedulable: refused.length,
  };
}

/** What the Deployment controller says of a revision, if it has seen the current spec. */
function stateOf({ metadata, spec, status }: LiveDeployment, pods: readonly LivePod[]): ReplicaSetState {
  const current = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const updated = status?.updatedReplicas ?? 0;
  const counted = countPods(pods);
  const refused = status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  const hitsQuota = refused?.status === 'True' && refused.message?.includes('exceeded quota') === true;
  const overQuota = hitsQuota ? (spec?.replicas ?? 0) - (counted.pods - counted.terminating) : 0;
  return {
    replicas: spec?.replicas ?? 0,
    readyReplicas: status?.readyReplicas ?? 0,
    availableReplicas: current ? Math.min(status?.availableReplicas ?? 0, updated) : 0,
    ...counted,
    ...(overQuota > 0 && { overQuota }),
  };
}

/** What the active Service says. */
export function activeServiceOf({ deployment, services }: Snapshot): ActiveService | undefined {
  const service = services.find(({ metadata }) => metadata.name === deployment.metadata.name);
  if (!service) return undefined;
  const {
    [ANNOTATION.servingRevision]: servingRevision,
    [ANNOTATION.attempt]: attempt,
    [ANNOTATION.previousRevision]: previousRevision,
    [ANNOTATION.switchedAt]: switched = '',
  } = service.metadata.annotations ?? {};
  const switchedAt = Date.parse(switched);
  const selector = service.spec?.selector ?? {};
  // One more requirement makes it somebody else's: it may select none of our pods.
  const ours = selector[LABEL.name] === deployment.metadata.name && Object.keys(selector).length === 2;
  const selectedRevision = ours ? selector[LABEL.revision] : undefined;
  return {
    ...(servingRevision === undefined ? {} : { servingRevision }),
    ...(attempt === undefined || !/^\d+$/.test(attempt) ? {} : { attempt: Number(attempt) }),
    ...(previousRevision === undefined ? {} : { previousRevision }),
    ...(Number.isNaN(switchedAt) ? {} : { switchedAt }),
    ...(selectedRevision === undefined ? {} : { selectedRevision }),
  };
}
