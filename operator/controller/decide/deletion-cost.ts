import { LABEL } from '../../api/names.ts';
import { isGone, isReady } from '../../rollout/failures/pod.ts';
import type { RolloutStep } from '../../rollout/machine/types.ts';
import type { LivePod, Snapshot } from '../snapshot.ts';
import type { Intent } from './intents.ts';

/**
 * Which pods of a ReplicaSet go first: those of the lowest cost; default 0 (Kubernetes). Those without a node, not running or not
 * ready go before any (k8s.io/kubernetes/pkg/controller, ActivePodsWithRanks).
 */
export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

const FIRST = -1;

/** What serves, and to how many pods this step makes it smaller while others stay; undefined: it does not. */
export function shrinking(
  { deployment, deployments }: Snapshot,
  { serving, replicas }: Pick<RolloutStep, 'serving' | 'replicas'>,
): { readonly revision: string; readonly to: number } | undefined {
  if (serving === undefined) return undefined;
  const name = `${deployment.metadata.name}-${serving}`;
  const has = deployments.find(({ metadata }) => metadata.name === name)?.spec?.replicas ?? 0;
  const to = replicas.get(serving) ?? 0;
  return to > 0 && to < has ? { revision: serving, to } : undefined;
}

/**
 * Marks the pods that have the least to do, as many as go, and takes back marks of an earlier time: written only while some
 * go, and before the Deployment is made smaller. Without loads nothing is said, and Kubernetes chooses.
 */
export function deletionCosts(snapshot: Snapshot, step: Pick<RolloutStep, 'serving' | 'replicas'>): Intent[] {
  const shrinks = shrinking(snapshot, step);
  const { loads, pods } = snapshot;
  if (shrinks === undefined || loads === undefined) return [];
  // As a ReplicaSet counts: without those that have ended or are going, with those that an earlier step has not taken away yet.
  const own = pods.filter((pod) => pod.metadata.labels?.[LABEL.revision] === shrinks.revision && !isGone(pod));
  const ready = own.filter((pod) => isReady(pod));
  const known = ready
    .flatMap((pod) => {
      const load = loads.get(pod.metadata.name);
      return load === undefined ? [] : [{ pod, load }];
    })
    .sort((a, b) => a.load - b.load || (a.pod.metadata.name < b.pod.metadata.name ? -1 : 1));
  // What is not ready goes by itself. One that is ready and could not be asked may be busy: an idle one goes before it.
  const first = known.slice(0, Math.max(0, ready.length - shrinks.to));
  const chosen = new Set(first.map(({ pod }) => pod));
  return own.flatMap((pod): Intent[] => {
    const { name, uid = '' } = pod.metadata;
    const cost = costOf(pod);
    if (chosen.has(pod)) return cost === FIRST ? [] : [{ type: 'SetDeletionCost', pod: { name, uid }, cost: FIRST }];
    return cost === FIRST ? [{ type: 'SetDeletionCost', pod: { name, uid }, cost: null }] : [];
  });
}

function costOf({ metadata }: LivePod): number | undefined {
  const text = metadata.annotations?.[DELETION_COST];
  return text === undefined ? undefined : Number(text);
}
