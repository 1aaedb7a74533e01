import { isReason, type Reason } from '../../api/index.ts';
import type { Mark, RolloutStep } from '../../rollout/machine/types.ts';
import { type Revision, whyTakenBack } from '../../rollout/revision.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Desired } from './desired.ts';
import { seconds } from './times.ts';

/** The revisions with the marks that this pass gives and takes. `now`: milliseconds since the epoch. `generation`: of the spec that asks for it. */
export function withMarks(
  revisions: readonly Revision[],
  { marks, forgive }: Pick<RolloutStep, 'marks' | 'forgive'>,
  now: number,
  generation: number | undefined,
): Revision[] {
  return revisions.map((revision) => {
    const { failed: _, held: __, ...forgotten } = revision;
    const forgiven = forgive.includes(revision.hash) && whyTakenBack(revision) !== undefined;
    const own = marks.filter((mark) => mark.revision === revision.hash);
    const kept = forgiven ? forgotten : revision;
    const dated = forgiven || own.length > 0 ? { ...kept, ...(generation !== undefined && { generation }) } : kept;
    return own.reduce((marked, mark) => ({ ...marked, ...given(mark, now) }), dated);
  });
}

function given(mark: Mark, now: number): Partial<Revision> {
  switch (mark.kind) {
    case 'proven':
      return { proven: seconds(now) };
    case 'accepted':
      return { accepted: seconds(now) };
    case 'failed':
      return { failed: mark.cause };
    case 'held':
      return { held: mark.cause };
  }
}

const DEFAULT_HISTORY_LIMIT = 5;

/**
 * Which revisions stay: those in use, the one that was proven last, since that is what is gone back to when all else is
 * lost, and of the rest the best up to the limit: what has shown that it serves before what has not.
 */
export function inHistory(
  revisions: readonly Revision[],
  step: RolloutStep,
  desired: Desired,
  spec: Snapshot['deployment']['spec'],
): (revision: Revision) => boolean {
  const used = new Set([
    ...[step.serving, step.previous, step.candidate, step.memory.target, desired.revision?.hash],
    ...step.replicas.keys(),
  ]);
  const best = [...revisions].sort(
    (a, b) => worthOf(b) - worthOf(a) || provenAt(b) - provenAt(a) || b.number - a.number,
  );
  if (best[0] !== undefined && worthOf(best[0]) === WORTH.proven) used.add(best[0].hash);
  const limit = spec.rollout?.revisionHistoryLimit ?? DEFAULT_HISTORY_LIMIT;
  const idle = best.filter(({ hash }) => !used.has(hash)).slice(0, limit);
  const kept = new Set(idle.map(({ hash }) => hash));
  return ({ hash }) => used.has(hash) || kept.has(hash);
}

/** What a revision is worth that nobody uses. */
const WORTH = { proven: 3, accepted: 2, untried: 1, failed: 0 } as const;

function worthOf({ proven, accepted, failed, held }: Revision): number {
  if ((failed ?? held) !== undefined) return WORTH.failed;
  if (proven !== undefined) return WORTH.proven;
  return accepted === undefined ? WORTH.untried : WORTH.accepted;
}

/** Milliseconds since the epoch; people can edit the mark, and what is no time is before all others. */
function provenAt({ proven = '' }: Revision): number {
  const at = Date.parse(proven);
  return Number.isNaN(at) ? 0 : at;
}

/** Why a revision was taken back, as it is stored. */
export function heldMark(revisions: readonly Revision[], hash: string | undefined): string | undefined {
  return whyTakenBack(revisions.find((revision) => revision.hash === hash));
}

/** A `<reason>: <message>` that was stored as an annotation, which people can edit: what is no reason of ours is words. */
export function readMark(mark: string): { readonly reason: Reason; readonly message: string } {
  const [reason = '', ...message] = mark.split(': ');
  return isReason(reason)
    ? { reason, message: message.join(': ') }
    : { reason: 'Held', message: mark === '' ? 'the mark does not say why.' : mark };
}
