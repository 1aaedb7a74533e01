import type { Claim, LiveControllerRevision, LiveDeepSeekDeployment } from './snapshot.ts';
import type { Reservation } from '../rollout/capacity/index.ts';
import type { RevisionData } from '../rollout/revision.ts';
import type { Store } from '../kube/types.ts';
import { childNames } from '../resources/names.ts';

/**
 * Who has a better claim on a GPU: what serves and is scaled up, then candidates, and old versions that are kept warm
 * last. What others need and hold is read from their statuses, which are written before the next one counts.
 */

/** Whether a candidate waits for GPUs. */
export function wantsGpus({ status }: LiveDeepSeekDeployment): boolean {
  const { phase, capacity, pausedAt } = status?.rollout ?? {};
  return phase === 'Waiting' && pausedAt === undefined && missingGpus(capacity) > 0;
}

/** Whether an old version is kept warm. */
export function isWarm({ status }: LiveDeepSeekDeployment): boolean {
  return status?.rollback !== undefined && status.rollback.readiness !== 'Cold';
}

/** Whether the GPUs of one are of use to the other. */
export function sameClass(a: LiveDeepSeekDeployment, b: LiveDeepSeekDeployment): boolean {
  const of = ({ spec }: LiveDeepSeekDeployment) => `${spec.accelerator.type}/${spec.accelerator.resourceName ?? ''}`;
  return of(a) === of(b);
}

/** What others need of the GPUs that an old version of `own` holds; nothing is asked of one that holds none. */
export function claimsOn(own: LiveDeepSeekDeployment, all: readonly LiveDeepSeekDeployment[]): Claim[] {
  if (!isWarm(own) || own.status?.rollout?.phase !== 'Idle') return [];
  return all
    .filter(
      (other) => other !== own && other.metadata.uid !== own.metadata.uid && wantsGpus(other) && sameClass(own, other),
    )
    .map((other) => ({ holder: keyOf(other), gpus: missingGpus(other.status?.rollout?.capacity) }));
}

/** What other rollouts were admitted for and do not hold yet. */
export function reservationsBeside(
  own: LiveDeepSeekDeployment,
  all: readonly LiveDeepSeekDeployment[],
  revisions: Pick<Store<LiveControllerRevision>, 'get'>,
): Reservation[] {
  return all.flatMap((other): Reservation[] => {
    const reserved = other.status?.rollout?.capacity?.reserved ?? 0;
    const candidate = other.status?.candidate?.revision;
    if (other.metadata.uid === own.metadata.uid || reserved === 0 || candidate === undefined) return [];
    const { namespace = '', name } = other.metadata;
    const stored = revisions.get({ namespace, name: childNames(name, candidate).controllerRevision });
    const data = stored && (JSON.parse(stored.data) as RevisionData | null);
    const gpus = data?.plan.gpusPerReplica ?? 0;
    if (!data || gpus === 0) return [];
    return [{ holder: keyOf(other), replicas: Math.ceil(reserved / gpus), template: data.template }];
  });
}

function missingGpus(capacity: { readonly needed: number; readonly free?: number } | undefined): number {
  return capacity === undefined ? 0 : Math.max(0, capacity.needed - (capacity.free ?? 0));
}

function keyOf({ metadata }: LiveDeepSeekDeployment): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
