import type { ReplicaSetState } from './next.ts';
import type { Revision } from './revision.ts';

/** What the active Service says, as found; absent when there is none. */
export interface ActiveService {
  /** Annotation `serving-revision`. */
  readonly servingRevision?: string;
  /** Annotation `attempt`. */
  readonly attempt?: number;
  /** Annotation `previous-revision`. */
  readonly previousRevision?: string;
  /** Annotation `switched-at`, milliseconds since the epoch. */
  readonly switchedAt?: number;
  /** The revision that the selector names, if it is a selector of ours. */
  readonly selectedRevision?: string;
}

/** What serves, and how we know. */
export interface Traffic {
  /** Hash of the serving revision; absent before the first one. */
  readonly serving?: string;
  readonly attempt: number;
  /** The revision that served before, as the Service says: what a rollback goes to. */
  readonly previous?: string;
  /** When the serving revision got the traffic, milliseconds since the epoch; absent: it is the first, or nobody knows. */
  readonly switchedAt?: number;
  /** `Service`: the active Service says so. `Restored`: it is lost, and the status or the revisions say so. `First`: nothing ever served. */
  readonly source: 'Service' | 'Restored' | 'First';
  /** The selector differs from what serves: somebody else wrote it. */
  readonly foreignSelector: boolean;
  /** So does the annotation, or it was taken away; the selector moves no traffic. */
  readonly foreignAnnotation?: true;
}

/** What the status says, for when the Service is lost. */
interface StatusTraffic {
  readonly servingRevision?: string | undefined;
  readonly attempt?: number | undefined;
  /** status.rollback.revision. */
  readonly previous?: string | undefined;
  /** status.serving.since, milliseconds since the epoch. */
  readonly switchedAt?: number | undefined;
}

/** The pods of a revision, as far as the traffic may need them. */
type Pods = Pick<ReplicaSetState, 'readyReplicas'>;

/**
 * The truth about traffic (docs/design.md, section 6): the active Service, else the status, else what runs and has been
 * proven. Never the spec: a lost Service must not become a version switch.
 */
export function traffic(
  service: ActiveService | undefined,
  revisions: readonly Revision[],
  /** By hash, the revisions that have a Deployment: one may have lost its ControllerRevision. */
  running: ReadonlyMap<string, Pods>,
  status: StatusTraffic,
): Traffic {
  const exists = (hash: string | undefined): hash is string =>
    hash !== undefined && (running.has(hash) || revisions.some((revision) => revision.hash === hash));
  const from = (serving: string, source: Traffic['source'], attempt = 1): Traffic => ({
    serving,
    attempt,
    source,
    foreignSelector: service !== undefined && service.selectedRevision !== serving,
    ...(service !== undefined && service.servingRevision !== serving && { foreignAnnotation: true }),
  });
  // One apply writes both: an annotation that selector and status gainsay is not ours.
  const edited =
    service?.selectedRevision !== service?.servingRevision && service?.selectedRevision === status.servingRevision;
  if (exists(service?.servingRevision) && !(edited && exists(status.servingRevision))) {
    // What somebody took away of its annotations, the status still knows.
    const known = status.servingRevision === service.servingRevision ? status : undefined;
    const previous = exists(service.previousRevision) ? service.previousRevision : known?.previous;
    const switchedAt = service.switchedAt ?? known?.switchedAt;
    const serves = from(service.servingRevision, 'Service', service.attempt ?? known?.attempt);
    return { ...serves, ...(exists(previous) && { previous }), ...(switchedAt !== undefined && { switchedAt }) };
  }
  if (exists(status.servingRevision)) {
    const { previous, switchedAt } = status;
    const serves = from(status.servingRevision, 'Restored', status.attempt);
    return { ...serves, ...(exists(previous) && { previous }), ...(switchedAt !== undefined && { switchedAt }) };
  }
  const last = mostLikely(revisions, running);
  if (last !== undefined) return from(last, 'Restored', status.attempt);
  return { attempt: 1, source: 'First', foreignSelector: false };
}

/**
 * What must have served when neither Service nor status says: the newest of the best kind that there is. A proven
 * revision that has pods, before one whose pods answer, before one of which only the record is left.
 */
function mostLikely(revisions: readonly Revision[], running: ReadonlyMap<string, Pods>): string | undefined {
  const stored = new Map(revisions.map((revision) => [revision.hash, revision]));
  return [...new Set([...stored.keys(), ...running.keys()])]
    .map((hash) => {
      const proven = stored.get(hash)?.proven !== undefined;
      const answers = (running.get(hash)?.readyReplicas ?? 0) > 0;
      const kinds = [proven && answers, proven && running.has(hash), answers, proven];
      return { hash, rank: kinds.indexOf(true), number: stored.get(hash)?.number ?? 0 };
    })
    .filter(({ rank }) => rank !== -1)
    .sort((a, b) => a.rank - b.rank || b.number - a.number)[0]?.hash;
}
