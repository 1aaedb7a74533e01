import { LABEL } from '../api/index.ts';
import { keyOf } from '../kube/store.ts';
import { childNames } from '../resources/names.ts';
import type { Reservation } from '../rollout/capacity/index.ts';
import type { RevisionData } from '../rollout/revision.ts';
import { isReconciled } from './claims.ts';
import { BY_DEPLOYMENT, type ChildStores } from './gather.ts';
import type { LiveDeepSeekDeployment } from './snapshot.ts';

/**
 * What other rollouts were admitted for and have not switched to yet. What they do not hold yet is what their statuses
 * say, as far as their Deployments still ask for it. One that nobody moves on (paused, left alone by request, with a spec that cannot be read, on its way out)
 * reserves nothing: no deadline would ever end that. Its pods that wait count like everybody’s.
 */
export function reservationsBeside(
  own: LiveDeepSeekDeployment,
  all: readonly LiveDeepSeekDeployment[],
  stores: Pick<ChildStores, 'controllerRevisions' | 'deployments' | 'pods'>,
): Reservation[] {
  return all.flatMap((other): Reservation[] => {
    const { rollout, candidate } = other.status ?? {};
    const reserved = rollout?.capacity?.reserved;
    if (other.metadata.uid === own.metadata.uid || reserved === undefined || candidate === undefined) return [];
    if (!isReconciled(other) || rollout?.pausedAt !== undefined || other.spec.rollout?.paused === true) return [];
    const { namespace, name } = other.metadata;
    const names = childNames(name, candidate.revision);
    const at = (child: string) => ({ ...(namespace !== undefined && { namespace }), name: child });
    const stored = stores.controllerRevisions.get(at(names.controllerRevision));
    const data = stored && (JSON.parse(stored.data) as RevisionData | null);
    const gpus = data?.plan.gpusPerReplica ?? 0;
    if (!data || gpus === 0) return [];
    const wanted = stores.deployments.get(at(names.deployment))?.spec?.replicas ?? 0;
    const placed = stores.pods.byIndex(BY_DEPLOYMENT, keyOf(other.metadata)).filter(({ metadata, spec }) => {
      const isOurs = metadata.labels?.[LABEL.revision] === candidate.revision;
      return isOurs && metadata.deletionTimestamp === undefined && spec?.nodeName !== undefined;
    }).length;
    const replicas = Math.max(0, Math.min(Math.ceil(reserved / gpus), wanted - placed));
    if (replicas + placed === 0) return [];
    return [{ holder: keyOf(other.metadata), replicas, placed, template: data.template }];
  });
}
