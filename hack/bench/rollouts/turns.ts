import type { AuditEntry } from '../../cluster/index.ts';
import type { Interval } from './intervals.ts';

/** A turn in which a rollout counts and takes GPUs, alone in the cluster: the operator's admission queue. */
export interface Turn extends Interval {
  /** The status that is written before the next turn; absent: none was, or it cannot be told whose it is. */
  readonly report?: AuditEntry;
  /** The requests for pods that it begins with. */
  readonly count: readonly AuditEntry[];
}

/**
 * The turns that an audit log tells of: each begins with the list of pods that have not ended, page by page, and ends, if it
 * writes a status, with that. `reports`: the status writes that say that an attempt was begun or has to wait, of all models.
 */
export function turnsOf(entries: readonly AuditEntry[], operator: string, reports: readonly AuditEntry[]): Turn[] {
  const pages = entries.filter((entry) => entry.user === operator && isCount(entry)).sort(byReceipt);
  const begins = pages.filter(({ uri }) => !uri.includes('continue='));
  return begins.map((begin, index) => {
    const next = begins[index + 1]?.received.getTime() ?? Number.POSITIVE_INFINITY;
    const isHere = ({ received }: AuditEntry): boolean =>
      received.getTime() >= begin.received.getTime() && received.getTime() < next;
    const count = pages.filter(isHere);
    const report = reports.filter(isHere).sort(byReceipt)[0];
    const until = Math.max(...[...count, ...(report ? [report] : [])].map(({ answered }) => answered.getTime()));
    return { from: begin.received.getTime(), until, count, ...(report && { report }) };
  });
}

/** The count of GPUs is the only reason for which the operator lists pods of the whole cluster by their phase. */
function isCount({ verb, resource, namespace, uri }: AuditEntry): boolean {
  return verb === 'list' && resource === 'pods' && namespace === undefined && uri.includes('status.phase');
}

const byReceipt = (a: AuditEntry, b: AuditEntry): number => a.received.getTime() - b.received.getTime();
