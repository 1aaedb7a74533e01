import type { Reconcile } from '../kube/controller.ts';
import { NotLeaderError } from '../kube/leader-election.ts';
import type { Caches } from './caches.ts';

/** Between looks at caches that are not current, milliseconds. */
const LOOK_AGAIN_MS = 200;

/** Between looks at caches whose watch is refused, milliseconds: rights are given by people. */
const LOOK_AT_RIGHTS_MS = 5_000;

/** A write that was decided before the API server was away is not sent after it: its etcd may have been restored from a backup. */
export class HistoryUnknownError extends Error {
  readonly code = 'HISTORY_UNKNOWN';
  override readonly name = 'HistoryUnknownError';
}

/** Whether a write was not sent at all: nothing may be written now, which is no fault of what was to be written. */
export function isUnsent(error: unknown): boolean {
  return error instanceof HistoryUnknownError || error instanceof NotLeaderError;
}

/** What says whether caches are of the API server's history. */
export interface CurrentCaches {
  readonly all: readonly Pick<Caches['all'][number], 'type' | 'isCurrent' | 'isRefused'>[];
  readonly gateway: Pick<Caches['gateway'], 'isCurrent'>;
}

/** Kinds whose cache is not known to be of the API server's history; empty: something may be decided on them. */
export function notCurrent({ all, gateway }: CurrentCaches): readonly string[] {
  const kinds = all.filter(({ isCurrent }) => !isCurrent).map(({ type }) => type.kind);
  return gateway.isCurrent ? kinds : [...kinds, 'HTTPRoute'];
}

/**
 * Kinds of whose changes in the namespace (default: in any) the API server has refused to tell for a minute: what is cached of them is
 * what was, and nothing may be decided on it.
 */
export function refusedKinds({ all }: Pick<CurrentCaches, 'all'>, namespace?: string): readonly string[] {
  return all.filter((informer) => informer.isRefused(namespace)).map(({ type }) => type.kind);
}

/**
 * Passes wait while a cache is not current, or may not be followed in their namespace: that of another one may be gone, and its rights
 * with it. After a restore of etcd each kind is listed anew at a moment of its own: what one cache says
 * of the time after the backup, beside others of the time before it, would be an order carried out again, or traffic that is moved.
 */
export function onlyWhenCurrent(caches: CurrentCaches, reconcile: Reconcile): Reconcile {
  return async (key, signal, pass) => {
    if (notCurrent(caches).length > 0) return { requeueAfterMs: LOOK_AGAIN_MS };
    const namespace = key.slice(0, key.indexOf('/'));
    if (refusedKinds(caches, namespace).length > 0) return { requeueAfterMs: LOOK_AT_RIGHTS_MS };
    return reconcile(key, signal, pass);
  };
}
