import { isReason, type Reason } from '../../api/index.ts';
import type { ReplicaSetState, RolloutStep } from '../../rollout/next.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Desired } from './desired.ts';
import { seconds } from './times.ts';

/** The revisions with the marks that this pass gives and takes: proven, failed. */
export function withMarks(
  revisions: readonly Revision[],
  step: RolloutStep,
  states: ReadonlyMap<string, ReplicaSetState>,
  replicas: number,
  now: number,
): Revision[] {
  return revisions.map((revision) => {
    const { failed, proven, ...rest } = revision;
    const cause = step.fail?.revision === revision.hash ? step.fail.cause : failed;
    const available = states.get(revision.hash)?.availableReplicas ?? 0;
    const proves = revision.hash === step.serving && !step.switched && replicas > 0 && available >= replicas;
    const since = proven ?? (proves ? seconds(now) : undefined);
    return {
      ...rest,
      ...(cause === undefined || step.forgive.includes(revision.hash) ? {} : { failed: cause }),
      ...(since === undefined ? {} : { proven: since }),
    };
  });
}

const DEFAULT_HISTORY_LIMIT = 5;

/** Which revisions stay: those in use, and the newest of the rest up to the limit. */
export function inHistory(
  revisions: readonly Revision[],
  step: RolloutStep,
  desired: Desired,
  spec: Snapshot['deployment']['spec'],
): (revision: Revision) => boolean {
  const used = new Set([step.serving, step.candidate, desired.revision?.hash, ...step.replicas.keys()]);
  const idle = revisions.filter(({ hash }) => !used.has(hash)).sort((a, b) => b.number - a.number);
  const limit = spec.rollout?.revisionHistoryLimit ?? DEFAULT_HISTORY_LIMIT;
  const kept = new Set(idle.slice(0, limit).map(({ hash }) => hash));
  return ({ hash }) => used.has(hash) || kept.has(hash);
}

/** Why a revision was taken back, as it is stored. */
export function failedMark(revisions: readonly Revision[], hash: string | undefined): string | undefined {
  return revisions.find((revision) => revision.hash === hash)?.failed;
}

/** A `<reason>: <message>` that was stored as an annotation, which people can edit: what is no reason of ours is words. */
export function readMark(mark: string): { readonly reason: Reason; readonly message: string } {
  const [reason = '', ...message] = mark.split(': ');
  return isReason(reason)
    ? { reason, message: message.join(': ') }
    : { reason: 'Held', message: mark === '' ? 'the mark does not say why.' : mark };
}
