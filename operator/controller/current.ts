import type { Reconcile } from '../kube/controller.ts';
import type { Caches } from './caches.ts';

/** Between looks at caches that are not current, milliseconds. */
const LOOK_AGAIN_MS = 200;

/** A write that was decided before the API server was away is not sent after it: its etcd may have been restored from a backup. */
export class HistoryUnknownError extends Error {
  readonly code = 'HISTORY_UNKNOWN';
  override readonly name = 'HistoryUnknownError';
}

/** What says whether caches are of the API server's history. */
export interface CurrentCaches {
  readonly all: readonly Pick<Caches['all'][number], 'type' | 'isCurrent'>[];
  readonly gateway: Pick<Caches['gateway'], 'isCurrent'>;
}

/** Kinds whose cache is not known to be of the API server's history; empty: something may be decided on them. */
export function notCurrent({ all, gateway }: CurrentCaches): readonly string[] {
  const kinds = all.filter(({ isCurrent }) => !isCurrent).map(({ type }) => type.kind);
  return gateway.isCurrent ? kinds : [...kinds, 'HTTPRoute'];
}

/**
 * Passes wait while a cache is not current. After a restore of etcd each kind is listed anew at a moment of its own: what one cache says
 * of the time after the backup, beside others of the time before it, would be an order carried out again, or traffic that is moved.
 */
export function onlyWhenCurrent(caches: CurrentCaches, reconcile: Reconcile): Reconcile {
  return async (key, signal, pass) =>
    notCurrent(caches).length === 0 ? reconcile(key, signal, pass) : { requeueAfterMs: LOOK_AGAIN_MS };
}
