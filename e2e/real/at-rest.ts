import { type AuditEntry, WRITE_VERBS } from '../../hack/cluster/index.ts';
import type { Loss } from './load.ts';

/** A node has its rules of a change by then: kube-proxy waits a second at most. */
const SETTLED_MS = 3_000;
/** A write may be told a moment after what it has done. */
const LATE_MS = 500;
/** A refusal comes at once. */
const AT_ONCE_MS = 20;
/** More than so many in one event are somebody's fault. */
const MOST = 3;

/** What decides whether, and where, a new connection is taken. */
const OF_TRAFFIC = ['services', 'endpointslices', 'endpoints', 'pods'];

/**
 * The losses that are the node's own: connections that were refused at once while nothing of the Services, endpoints and pods of the
 * namespace had been written for three seconds. docs/figures.md has what is known of them. `began`: the load, milliseconds since
 * the epoch. None, where there are more than a few.
 */
export function lossesAtRest(
  losses: readonly Loss[],
  {
    entries,
    namespace,
    began,
  }: { readonly entries: readonly AuditEntry[]; readonly namespace: string; readonly began: number },
): readonly Loss[] {
  const changes = entries.filter(
    (entry) =>
      entry.namespace === namespace &&
      WRITE_VERBS.includes(entry.verb) &&
      OF_TRAFFIC.includes(entry.resource ?? '') &&
      entry.code < 300,
  );
  const own = losses.filter(({ why, begun, ended }) => {
    const [from, to] = [began + begun - SETTLED_MS, began + ended + LATE_MS];
    const isQuiet = changes.every(({ received, answered }) => answered.getTime() < from || received.getTime() > to);
    return why.startsWith('ECONNREFUSED') && ended - begun <= AT_ONCE_MS && isQuiet;
  });
  return own.length > MOST ? [] : own;
}
