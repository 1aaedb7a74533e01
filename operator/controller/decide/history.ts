import type { HistoryEntry } from '../../api/index.ts';
import type { Outcome } from '../../rollout/machine/types.ts';
import { whyTakenBack } from '../../rollout/revision.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Judgement, Status } from './judgement.ts';
import { seconds } from './times.ts';

/** Attempts that are remembered. */
const MAX_ENTRIES = 20;
/** Outcome of an attempt that goes on. */
export const IN_PROGRESS = 'InProgress';

/** Phases in which the version that is rolled out has, or had, the traffic. */
const HAD_TRAFFIC: ReadonlySet<string | undefined> = new Set(['Switching', 'Watching', 'RollingBack']);

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
    // What has ended before may be taken back later; it is told once.
    else if (
      ended.outcome !== 'Superseded' &&
      entries.find(({ revision }) => revision === ended.revision)?.outcome !== ended.outcome
    )
      entries.unshift(begun(ended.revision, { outcome: ended.outcome, finishedAt: seconds(now) }));
  }
  const candidate = step.memory.candidate;
  const begins = step.taken.some(({ event }) => event === 'SpecWantsOther' || event === 'OrderRetry');
  if (begins && candidate !== undefined && step.phase !== 'Idle' && step.phase !== 'Held') {
    // It was left when what served had to go back, and is tried anew.
    const left = entries.findIndex(({ revision, outcome }) => revision === candidate && outcome === IN_PROGRESS);
    const entry = entries[left];
    if (entry !== undefined) entries[left] = { ...entry, outcome: 'Superseded', finishedAt: seconds(now) };
    entries.unshift(begun(candidate, { outcome: IN_PROGRESS, startedAt: seconds(now) }));
  }
  const over = step.phase === 'Idle' || step.phase === 'Held';
  const finished = over ? entries.map((entry) => (entry.outcome === IN_PROGRESS ? ending(entry) : entry)) : entries;
  return finished.length === 0 ? {} : { history: finished.slice(0, MAX_ENTRIES) };

  /** The operator ended between the end of an attempt and the status that was to say so. */
  function ending(entry: HistoryEntry): HistoryEntry {
    const found = revisions.find(({ hash }) => hash === entry.revision);
    // The last phase that could be written may lag behind.
    const back = HAD_TRAFFIC.has(deployment.status?.rollout?.phase);
    const marked = whyTakenBack(found) !== undefined;
    const unserved = found?.failed === undefined ? 'Aborted' : 'Failed';
    const served = found?.proven === undefined ? 'AcceptedUnproven' : 'Promoted';
    const gone = marked ? (back ? 'RolledBack' : unserved) : 'Superseded';
    const outcome: Outcome = !marked && entry.revision === step.serving ? served : gone;
    return { ...entry, outcome, finishedAt: seconds(now) };
  }

  function begun(revision: string, rest: Omit<HistoryEntry, 'revision' | 'version'>): HistoryEntry {
    const version = revisions.find(({ hash }) => hash === revision)?.data.version ?? 'unknown';
    return { revision, version, ...rest };
  }
}
