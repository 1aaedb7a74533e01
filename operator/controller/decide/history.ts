import type { HistoryEntry } from '../../api/index.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Judgement, Status } from './judgement.ts';
import { seconds } from './times.ts';

/** Attempts that are remembered. */
const MAX_ENTRIES = 20;
/** Outcome of an attempt that goes on. */
export const IN_PROGRESS = 'InProgress';

/** The attempts so far, newest first: one that begins or ends in this pass is written down. */
export function historyOf(
  { deployment, now }: Snapshot,
  { step, revisions, observeOnly }: Judgement,
): Pick<Status, 'history'> {
  const before = deployment.status?.history ?? [];
  if (observeOnly) return before.length === 0 ? {} : { history: before };
  const entries: HistoryEntry[] = [...before];
  const { ended } = step;
  if (ended !== undefined) {
    const index = entries.findIndex(({ revision, outcome }) => revision === ended.revision && outcome === IN_PROGRESS);
    const entry = entries[index];
    if (entry !== undefined) entries[index] = { ...entry, outcome: ended.outcome, finishedAt: seconds(now) };
    else if (ended.outcome !== 'Superseded')
      entries.unshift(begun(ended.revision, { outcome: ended.outcome, finishedAt: seconds(now) }));
  }
  const candidate = step.memory.candidate;
  const begins = step.taken.some(({ event }) => event === 'SpecWantsOther' || event === 'OrderRetry');
  if (begins && candidate !== undefined && step.phase !== 'Idle' && step.phase !== 'Held') {
    entries.unshift(begun(candidate, { outcome: IN_PROGRESS, startedAt: seconds(now) }));
  }
  return entries.length === 0 ? {} : { history: entries.slice(0, MAX_ENTRIES) };

  function begun(revision: string, rest: Omit<HistoryEntry, 'revision' | 'version'>): HistoryEntry {
    const version = revisions.find(({ hash }) => hash === revision)?.data.version ?? 'unknown';
    return { revision, version, ...rest };
  }
}
