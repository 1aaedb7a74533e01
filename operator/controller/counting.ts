import { keyOf } from '../kube/store.ts';
import type { Claim as Asked } from '../rollout/capacity/index.ts';
import type { Caches } from './caches.ts';
import type { WantedCapacity, WantedClaims } from './capacity-reader.ts';
import type { ClaimBook, ClaimEntry } from './claim-book.ts';
import { giversBeside, mayGive } from './claims.ts';
import type { Decision } from './decide/judgement.ts';
import { reservationsBeside } from './reservations.ts';
import type { Claim, LiveDeepSeekDeployment, Snapshot } from './snapshot.ts';

/**
 * What is to be counted on the nodes, and claimed of others, for what a decision wants.
 */

/** What is to be counted for a revision of this deployment. */
export function roomFor(
  { deployment }: Snapshot,
  { revision, template, serving, warm }: NonNullable<Decision['capacityWanted']>,
  caches: Caches,
): WantedCapacity {
  const { namespace, name } = deployment.metadata;
  const others = caches.deepSeekDeployments.store.list();
  const own = deployment as unknown as LiveDeepSeekDeployment;
  return {
    template,
    own: { namespace, name, revision },
    ...(serving !== undefined && serving !== revision && { servingRevision: serving }),
    ...(warm !== undefined && warm !== revision && { warmRevision: warm }),
    reservations: reservationsBeside(own, others, caches.childStores),
  };
}

/** What is to be claimed of others for a revision of this deployment; undefined: nobody could give. */
export function claimsFor(
  snapshot: Snapshot,
  wanted: NonNullable<Decision['claimWanted']>,
  caches: Caches,
  claims: Pick<ClaimBook, 'candidatesBeside'>,
): WantedClaims | undefined {
  const own = snapshot.deployment as unknown as LiveDeepSeekDeployment;
  const others = caches.deepSeekDeployments.store.list();
  const givers = giversBeside(own, others, caches.childStores.deployments);
  if (givers.every(({ replicas }) => replicas === 0)) return undefined;
  const room = roomFor(snapshot, wanted, caches);
  const { replicas, partly } = wanted;
  // What serves comes before candidates, whoever asked first.
  const first = partly ? [] : claims.candidatesBeside(snapshot.deployment.metadata.uid);
  return { ...room, replicas, partly, givers, reservations: [...room.reservations, ...first] };
}

/** What the book has of the deployment with the key `holder`. */
export function entryOf(
  holder: string,
  { partly, replicas, template }: NonNullable<Decision['claimWanted']>,
  claims: readonly Asked[] = [],
): ClaimEntry {
  return { holder, claims, ...(!partly && { candidate: { replicas, template } }) };
}

/** What others claim of the version that this deployment keeps warm. */
export function claimsOn(live: LiveDeepSeekDeployment, claims: Pick<ClaimBook, 'on'>): readonly Claim[] {
  const { rollback } = live.status ?? {};
  return rollback === undefined || !mayGive(live) ? [] : claims.on(keyOf(live.metadata), rollback.revision);
}
