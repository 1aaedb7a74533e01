import { type Condition, type ConditionType, isReason, type Reason } from '../../api/index.ts';
import type { Snapshot } from '../snapshot.ts';
import { capacityVerdict, missingAccelerator } from './capacity.ts';
import type { Judgement, Verdict } from './judgement.ts';
import { ignoredFields } from './ignored-fields.ts';
import { describeIntent, type Intent } from './intents.ts';
import { activeServiceOf } from './observed.ts';
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
  const ignored = ignoredFields(snapshot.deployment.spec);
  if (ignored.length > 0) {
    const message = `This version of the operator does not act on: ${ignored.join(', ')}.`;
    verdicts.push(['FieldsIgnored', { status: 'True', reason: 'FieldsNotImplemented', message }]);
  }
  return stamp(snapshot, verdicts);
}

/** What Reconciling and Stalled say when they do not hold. */
function rest(ready: Verdict & { readonly stalled: boolean }): Verdict {
  if (ready.status === 'True') return { status: 'False', reason: 'UpToDate', message: 'There is nothing to do.' };
  if (ready.stalled) return { status: 'False', reason: ready.reason, message: 'Nothing goes on until somebody acts.' };
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
      message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : seconds(now),
      observedGeneration: deployment.metadata.generation ?? 0,
    };
  });
}

function readyVerdict(judgement: Judgement, intents: readonly Intent[]): Verdict & { readonly stalled: boolean } {
  const { desired, step, replicas, states, observeOnly } = judgement;
  const not = (reason: Reason, message: string, stalled = false) =>
    ({ status: 'False', reason, message, stalled }) as const;
  if (!desired.plan.accepted && desired.revision === undefined) {
    return not(desired.plan.reason, `${desired.plan.message}${keeps(judgement)}`, true);
  }
  if (observeOnly && intents.length > 0) {
    return not(
      'ReconcileDisabled',
      `Writes are switched off; held back: ${intents.map(describeIntent).join('; ')}.`,
      true,
    );
  }
  if (step.phase === 'Held') {
    const { reason, message } = readMark(step.fail?.cause ?? markOf(judgement, step.candidate) ?? '');
    const text = `Revision ${step.candidate ?? ''} was taken back and its pods are gone: ${message}${keeps(judgement)}`;
    return not(reason, text, true);
  }
  if (step.phase === 'Waiting') {
    return replicas === 0
      ? off(`Scaled to 0; revision ${step.candidate ?? ''} is tried once replicas is above 0.`)
      : not('Paused', `rollout.paused is set: revision ${step.candidate ?? ''} waits.${keeps(judgement)}`);
  }
  if (step.candidate !== undefined) {
    return waiting(judgement, step.candidate, not);
  }
  if (step.serving === undefined) return not('Loading', 'Nothing serves yet.');
  const state = states.get(step.serving);
  if (replicas === 0) {
    return (state?.replicas ?? 0) === 0
      ? off('Scaled to 0: nothing serves, by request.')
      : not('ScaledToZero', 'Scaling to 0.');
  }
  if (step.switched) return not('Switching', `Traffic moves to revision ${step.serving}.`);
  if ((state?.availableReplicas ?? 0) < replicas || (state?.replicas ?? 0) !== replicas) {
    return waiting(judgement, step.serving, not);
  }
  if (judgement.leaveService) return not('Paused', `${LEFT} It will select revision ${step.serving} again.`);
  return {
    status: 'True',
    reason: 'Available',
    message: `${count(replicas)} ready (revision ${step.serving}).`,
    stalled: false,
  };
}

/** Ready, because nothing is wanted. */
function off(message: string): Verdict & { readonly stalled: boolean } {
  return { status: 'True', reason: 'ScaledToZero', message, stalled: false };
}

/** A set of pods that is not at its size yet, and why; with what serves meanwhile, if that is down. */
function waiting(
  judgement: Judgement,
  hash: string,
  not: (reason: Reason, message: string, stalled?: boolean) => Verdict & { readonly stalled: boolean },
) {
  const { capacity, failures, step } = judgement;
  const failure = failures.get(hash);
  const meanwhile = hash === step.serving ? '' : outage(judgement);
  const missing = missingAccelerator(capacity, failure);
  if (missing) return not(missing.reason, `${missing.message}${meanwhile}`);
  if (failure) return not(failure.reason, `${failure.message}${meanwhile}`, failure.blocking);
  const { revisions, states, replicas } = judgement;
  const { readyReplicas: ready = 0, availableReplicas: available = 0 } = states.get(hash) ?? {};
  if (ready > replicas) return not('Scaling', `${ready} replicas ready, ${replicas} wanted (revision ${hash}).`);
  const budget = revisions.find((revision) => revision.hash === hash)?.data.plan.startupBudgetSeconds ?? 0;
  const why =
    ready < replicas
      ? `a start may take up to ${Math.ceil(budget / 60)} minutes`
      : `${available} count as available, which takes the revision’s own template and minReadySeconds without a break`;
  return not('Loading', `${ready} of ${count(replicas)} ready (revision ${hash}); ${why}.${meanwhile}`);
}

const LEFT = 'The active Service was changed by somebody else and is left alone while rollout.paused is set.';

function availableVerdict(snapshot: Snapshot, judgement: Judgement): Verdict {
  const { step, states, failures, traffic, observeOnly, leaveService } = judgement;
  if (leaveService) return { status: 'Unknown', reason: 'Paused', message: LEFT };
  const unavailable = (message: string) => ({ status: 'False', reason: 'Unavailable', message }) as const;
  if (observeOnly && !activeServiceOf(snapshot)) return unavailable('There is no active Service of ours.');
  const serving = observeOnly ? traffic.serving : step.serving;
  const ready = (serving === undefined ? undefined : states.get(serving)?.readyReplicas) ?? 0;
  if (ready > 0) return { status: 'True', reason: 'Serving', message: `Revision ${serving ?? ''} answers.` };
  const failure = failures.get(serving ?? '');
  const none = 'No replica is ready to answer.';
  return failure
    ? { status: 'False', reason: failure.reason, message: `${none} ${failure.message}` }
    : unavailable(none);
}

function planVerdict({ desired: { plan, revision } }: Judgement): Verdict {
  if (!plan.accepted && revision === undefined) return { status: 'False', reason: plan.reason, message: plan.message };
  const warnings = plan.accepted
    ? plan.plan.warnings
    : [`Accepted when the revision was made; a new one would be refused: ${plan.message}`];
  return warnings.length === 0
    ? { status: 'True', reason: 'Planned', message: 'The model fits the accelerator as specified.' }
    : { status: 'True', reason: 'PlannedWithWarnings', message: warnings.join(' ') };
}

function candidateVerdict(judgement: Judgement): Verdict {
  const { step, failures, states, replicas } = judgement;
  const hash = step.candidate ?? '';
  const failure = failures.get(hash);
  const mark = step.fail?.cause ?? markOf(judgement, hash);
  if (mark !== undefined) return { status: 'False', ...readMark(mark) };
  if (failure) return { status: 'False', reason: failure.reason, message: failure.message };
  const available = states.get(hash)?.availableReplicas ?? 0;
  if (available >= replicas && replicas > 0)
    return { status: 'True', reason: 'Healthy', message: 'Every replica is available.' };
  return { status: 'Unknown', reason: 'Loading', message: `Revision ${hash} is not available yet.` };
}

function markOf({ revisions }: Judgement, hash: string | undefined): string | undefined {
  return revisions.find((revision) => revision.hash === hash)?.failed;
}

/** A `<reason>: <message>` that was stored as an annotation, which people can edit: what is no reason of ours is words. */
function readMark(mark: string): { readonly reason: Reason; readonly message: string } {
  const [reason = '', ...message] = mark.split(': ');
  return isReason(reason)
    ? { reason, message: message.join(': ') }
    : { reason: 'Held', message: mark === '' ? 'the mark does not say why.' : mark };
}

/** What is to be said of the version that has the traffic, beside another one's story. */
function keeps(judgement: Judgement): string {
  const { serving = '' } = judgement.traffic;
  const ready = judgement.states.get(serving)?.readyReplicas ?? 0;
  return ready > 0 ? ` Revision ${serving} keeps serving.` : outage(judgement);
}

/** That the version that has the traffic does not answer, and why. */
function outage({ traffic: { serving = '' }, states, failures }: Judgement): string {
  const failure = (states.get(serving)?.readyReplicas ?? 0) > 0 ? undefined : failures.get(serving);
  return failure ? ` Revision ${serving}, which has the traffic, is down: ${failure.message}` : '';
}

function count(replicas: number): string {
  return replicas === 1 ? '1 replica' : `${replicas} replicas`;
}
