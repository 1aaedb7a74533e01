import type { Revision } from './revision.ts';

/** What the active Service says, as found; absent when there is none. */
export interface ActiveService {
  /** Annotation `serving-revision`. */
  readonly servingRevision?: string;
  /** Annotation `attempt`. */
  readonly attempt?: number;
  /** The revision that the selector names, if it is a selector of ours. */
  readonly selectedRevision?: string;
}

/** What serves, and how we know. */
export interface Traffic {
  /** Hash of the serving revision; absent before the first one. */
  readonly serving?: string;
  readonly attempt: number;
  /** `Service`: the active Service says so. `Restored`: it is lost, and status or the proven revisions say so. `First`: nothing ever served. */
  readonly source: 'Service' | 'Restored' | 'First';
  /** The selector differs from the annotation: somebody else wrote it. */
  readonly foreignSelector: boolean;
}

/**
 * The truth about traffic (docs/design.md, section 6.1): the active Service, else the status, else the newest proven
 * revision, one that runs before one of which only the record is left. Never the spec: a lost Service must not become a
 * version switch.
 */
export function traffic(
  service: ActiveService | undefined,
  revisions: readonly Revision[],
  /** Hashes of the revisions that have a Deployment: one may have lost its ControllerRevision. */
  running: ReadonlySet<string>,
  status: { readonly servingRevision?: string | undefined; readonly attempt?: number | undefined },
): Traffic {
  const exists = (hash: string | undefined): hash is string =>
    hash !== undefined && (running.has(hash) || revisions.some((revision) => revision.hash === hash));
  if (exists(service?.servingRevision)) {
    return {
      serving: service.servingRevision,
      attempt: service.attempt ?? 1,
      source: 'Service',
      foreignSelector: service.selectedRevision !== service.servingRevision,
    };
  }
  const foreignSelector = service !== undefined;
  const attempt = status.attempt ?? 1;
  if (exists(status.servingRevision)) {
    return { serving: status.servingRevision, attempt, source: 'Restored', foreignSelector };
  }
  const proven = revisions.filter((revision) => revision.proven !== undefined);
  const runs = ({ hash }: Revision) => Number(running.has(hash));
  const newest = proven.sort((a, b) => runs(b) - runs(a) || b.number - a.number)[0];
  if (newest) return { serving: newest.hash, attempt, source: 'Restored', foreignSelector };
  return { attempt: 1, source: 'First', foreignSelector };
}
