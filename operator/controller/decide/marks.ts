import { isReason, type Reason } from '../../api/index.ts';
import type { Mark, RolloutStep } from '../../rollout/machine/types.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Desired } from './desired.ts';
import { seconds } from './times.ts';

/** The revisions with the marks that this pass gives and takes. */
export function withMarks(revisions: readonly Revision[], { marks, forgive }: RolloutStep, now: number): Revision[] {
  return revisions.map((revision) => {
    const { failed, held, ...rest } = revision;
    const kept = forgive.includes(revision.hash)
      ? rest
      : { ...rest, ...(failed !== undefined && { failed }), ...(held !== undefined && { held }) };
    return marks
      .filter((mark) => mark.revision === revision.hash)
      .reduce((marked, mark) => ({ ...marked, ...given(mark, now) }), kept);
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

/** Which revisions stay: those in use, and the newest of the rest up to the limit. */
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
  const idle = revisions.filter(({ hash }) => !used.has(hash)).sort((a, b) => b.number - a.number);
  const limit = spec.rollout?.revisionHistoryLimit ?? DEFAULT_HISTORY_LIMIT;
  const kept = new Set(idle.slice(0, limit).map(({ hash }) => hash));
  return ({ hash }) => used.has(hash) || kept.has(hash);
}

/** Why a revision was taken back, as it is stored. */
export function heldMark(revisions: readonly Revision[], hash: string | undefined): string | undefined {
  const found = revisions.find((revision) => revision.hash === hash);
  return found?.failed ?? found?.held;
}

/** A `<reason>: <message>` that was stored as an annotation, which people can edit: what is no reason of ours is words. */
export function readMark(mark: string): { readonly reason: Reason; readonly message: string } {
  const [reason = '', ...message] = mark.split(': ');
  return isReason(reason)
    ? { reason, message: message.join(': ') }
    : { reason: 'Held', message: mark === '' ? 'the mark does not say why.' : mark };
}
