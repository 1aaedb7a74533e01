import type { Condition, ConditionType } from '../../api/index.ts';
import type { Snapshot } from '../snapshot.ts';
import { autoscalingVerdict } from './autoscaling.ts';
import { capacityVerdict, isShortOfNodes } from './capacity.ts';
import { cut } from './fit.ts';
import type { Judgement, Verdict } from './judgement.ts';
import { ignoredVerdict } from './ignored-fields.ts';
import type { Intent } from './intents.ts';
import { heldMark, readMark } from './marks.ts';
import { monitoringVerdict } from './monitoring.ts';
import { activeServiceOf } from './observed.ts';
import { rollbackVerdict } from './rollback.ts';
import { type ReadyVerdict, readyVerdict, roomToCome, SERVICE_LEFT } from './ready.ts';
import { planVerdict } from './spec-verdict.ts';
import { seconds } from './times.ts';

/** Longest message of a condition: what a person reads, not a log. */
const MAX_MESSAGE = 1024;

/**
 * Every condition of one pass. `Ready` says it all in one line; at most one of `Reconciling` (work goes on) and
 * `Stalled` (a person is needed) is True, as kstatus reads them.
 */
export function conditionsOf(snapshot: Snapshot, judgement: Judgement, intents: readonly Intent[]): Condition[] {
  const ready = readyVerdict(judgement, intents);
  const moving = ready.status !== 'True' && !ready.stalled;
  const verdicts: [ConditionType, Verdict][] = [
    ['Ready', ready],
    ['Available', availableVerdict(snapshot, judgement)],
    ['Reconciling', moving ? { ...ready, status: 'True' } : rest(ready)],
    ['Stalled', ready.stalled ? { ...ready, status: 'True' } : rest(ready)],
    ['PlanAccepted', planVerdict(judgement)],
    ['CapacityAvailable', capacityVerdict(judgement)],
  ];
  if (judgement.step.candidate !== undefined) verdicts.push(['CandidateHealthy', candidateVerdict(judgement)]);
  const rollback = rollbackVerdict(judgement, snapshot.now);
  if (rollback) verdicts.push(['RollbackReady', rollback]);
  const autoscaling = autoscalingVerdict(snapshot, judgement);
  if (autoscaling) verdicts.push(['AutoscalingActive', autoscaling]);
  const monitoring = monitoringVerdict(snapshot);
  if (monitoring) verdicts.push(['Monitored', monitoring]);
  const ignored = ignoredVerdict(snapshot.deployment.spec);
  if (ignored) verdicts.push(['FieldsIgnored', ignored]);
  return stamp(snapshot, verdicts);
}

/** What Reconciling and Stalled say when they do not hold. */
function rest(ready: ReadyVerdict): Verdict {
  if (ready.status === 'True') return { status: 'False', reason: 'UpToDate', message: 'There is nothing to do.' };
  if (ready.stalled)
    return { status: 'False', reason: ready.reason, message: 'Somebody has to act: Ready says what to do.' };
  return { status: 'False', reason: 'Progressing', message: 'Work goes on.' };
}

/** Conditions with their times: a transition is a change of status, and nothing else moves the time. */
export function stamp(snapshot: Snapshot, verdicts: readonly (readonly [ConditionType, Verdict])[]): Condition[] {
  const { deployment, now } = snapshot;
  return verdicts.map(([type, { status, reason, message }]) => {
    const before = deployment.status?.conditions?.find((condition) => condition.type === type);
    return {
      type,
      status,
      reason,
      message: cut(message, MAX_MESSAGE),
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : seconds(now),
      observedGeneration: deployment.metadata.generation ?? 0,
    };
  });
}

function availableVerdict(snapshot: Snapshot, judgement: Judgement): Verdict {
  const { step, states, failures, traffic, observeOnly, leaveService, replicas } = judgement;
  if (leaveService) return { status: 'Unknown', reason: 'Paused', message: SERVICE_LEFT };
  const unavailable = (message: string) => ({ status: 'False', reason: 'Unavailable', message }) as const;
  if (observeOnly && !activeServiceOf(snapshot)) return unavailable('There is no active Service of ours.');
  const serving = observeOnly ? traffic.serving : step.serving;
  const ready = (serving === undefined ? undefined : states.get(serving)?.readyReplicas) ?? 0;
  if (ready > 0) return { status: 'True', reason: 'Serving', message: `Revision ${serving ?? ''} answers.` };
  if (replicas === 0)
    return { status: 'False', reason: 'ScaledToZero', message: 'Scaled to 0: nothing answers, by request.' };
  const failure = failures.get(serving ?? '');
  const none = 'No replica is ready to answer.';
  return failure
    ? { status: 'False', reason: failure.reason, message: `${none} ${failure.message}` }
    : unavailable(none);
}

function candidateVerdict(judgement: Judgement): Verdict {
  const { step, failures, states, replicas } = judgement;
  const hash = step.candidate ?? '';
  const failure = failures.get(hash);
  const mark = heldMark(judgement.revisions, hash);
  if (mark !== undefined) return { status: 'False', ...readMark(mark) };
  if (failure && !(isShortOfNodes(failure) && roomToCome(judgement, hash) !== undefined))
    return { status: 'False', reason: failure.reason, message: failure.message };
  if (step.phase === 'Proving') return { status: 'Unknown', reason: 'Proving', message: step.message };
  const available = states.get(hash)?.availableReplicas ?? 0;
  if (available >= replicas && replicas > 0)
    return { status: 'True', reason: 'Healthy', message: 'Every replica is available.' };
  return { status: 'Unknown', reason: 'Loading', message: `Revision ${hash} is not available yet.` };
}
