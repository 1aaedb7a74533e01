import {
  AuditReader,
  countReads,
  countWrites,
  waitUntilQuiet,
  type AuditEntry,
  type Cluster,
} from '../cluster/index.ts';

/** Requests that say nothing about the work: a Lease is renewed and watches are resumed at rest, too. */
export const isUpkeep = ({ verb, resource }: AuditEntry): boolean => verb === 'watch' || resource === 'leases';

/** The requests of one user, counted as the figures count them. */
export interface RequestCount {
  /** Watches and the Lease apart. */
  readonly reads: number;
  /** Events and the Lease apart. */
  readonly writes: number;
  readonly events: number;
  readonly watches: number;
  readonly leases: number;
}

export function countRequests(entries: readonly AuditEntry[]): RequestCount {
  const of = (resource: string): number => entries.filter((entry) => entry.resource === resource).length;
  return {
    reads: countReads(entries, { without: ['watches', 'leases'] }),
    writes: countWrites(entries, { without: ['events', 'leases'] }),
    events: countWrites(entries.filter(({ resource }) => resource === 'events')),
    watches: entries.filter(({ verb }) => verb === 'watch').length,
    leases: of('leases'),
  };
}

/** `verb resource/subresource name` and how often, of each kind of request: what explains a count. */
export function tally(entries: readonly AuditEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verb, resource, subresource, code } of entries) {
    const what = `${verb} ${[resource, subresource].filter(Boolean).join('/')} ${code}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

/** Waits until `user` has asked for nothing but upkeep for a while. */
export function waitForRest(
  cluster: Cluster,
  user: string,
  { quietMs, signal }: { readonly quietMs: number; readonly signal: AbortSignal },
): Promise<void> {
  return waitUntilQuiet(cluster.auditLog, { user, quietMs, timeoutMs: 300_000, signal, ignore: isUpkeep });
}

/** A reader that has read everything so far: the next read gives what comes from now on. */
export async function readerFromNow(cluster: Cluster, user: string): Promise<AuditReader> {
  const reader = new AuditReader(cluster.auditLog, { user });
  await reader.read();
  return reader;
}
