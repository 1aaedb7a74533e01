import { ANNOTATION } from '../../api/index.ts';
import { revisionInName } from '../../resources/names.ts';
import { readRecord } from '../../rollout/record.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { LiveDeployment, Snapshot } from '../snapshot.ts';

/**
 * The stored revisions, oldest first, and those whose ControllerRevision is lost while their Deployment is there: its
 * template and its record say all that the lost object did, but for the marks.
 */
export function knownRevisions(snapshot: Snapshot): readonly Revision[] {
  const stored = new Set(snapshot.revisions.map(({ hash }) => hash));
  const lost = snapshot.deployments.flatMap((found) => revisionOf(snapshot, found, stored) ?? []);
  return lost.length === 0 ? snapshot.revisions : [...snapshot.revisions, ...lost].sort((a, b) => a.number - b.number);
}

/** What a Deployment says of its revision; undefined: nothing, or it is stored. */
function revisionOf(
  { deployment }: Snapshot,
  { metadata, spec }: LiveDeployment,
  stored: ReadonlySet<string>,
): Revision | undefined {
  const hash = revisionInName(deployment.metadata.name, metadata.name);
  const record = metadata.annotations?.[ANNOTATION.record];
  if (hash === undefined || stored.has(hash) || record === undefined || spec === undefined) return undefined;
  const revision = readRecord(hash, record, spec.template);
  const { serving } = deployment.status ?? {};
  const proven = serving?.revision === hash && serving.proven === true ? serving.since : undefined;
  return revision && { ...revision, ...(proven !== undefined && { proven }) };
}
