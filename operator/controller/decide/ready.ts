import type { Reason } from '../../api/index.ts';
import { isBeforeSwitch } from '../../rollout/machine/table.ts';
import { isShortOfNodes, missingAccelerator } from './capacity.ts';
import { describeIntent, type Intent } from './intents.ts';
import type { Judgement, Verdict } from './judgement.ts';
import { heldMark, readMark } from './marks.ts';

/** The verdict on Ready; `stalled`: a person is needed. */
export type ReadyVerdict = Verdict & { readonly stalled: boolean };

/** What is said of a Service that somebody else has changed in a pause. */
export const SERVICE_LEFT =
  'The active Service was changed by somebody else and is left alone while rollout.paused is set.';

/** Whether all is as the spec asks for, and if not, why and what goes on. */
export function readyVerdict(judgement: Judgement, intents: readonly Intent[]): ReadyVerdict {
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
    const { reason, message } = readMark(heldMark(judgement.revisions, step.candidate) ?? step.memory.message ?? '');
    const text = `Revision ${step.candidate ?? ''} was given up: ${ended(message)}${keeps(judgement)} Change the spec, or order \`kubectl deepseek retry\` when the cause lay elsewhere.`;
    return not(reason, text, true);
  }
  const rollingOut = step.candidate === undefined ? undefined : rolloutVerdict(judgement, step.candidate, not);
  if (rollingOut) return rollingOut;
  if (step.serving === undefined) return not('Loading', 'Nothing serves yet.');
  const state = states.get(step.serving);
  if (replicas === 0) {
    return (state?.replicas ?? 0) === 0
      ? off('Scaled to 0: nothing serves, by request.')
      : not('ScaledToZero', 'Scaling to 0.');
  }
  if (step.switched || step.phase === 'Switching')
    return not('Switching', `Traffic moves to revision ${step.serving}.`);
  if (step.phase === 'Watching') return not('Watching', `${step.message}${outage(judgement)}`);
  if ((state?.availableReplicas ?? 0) < replicas || (state?.replicas ?? 0) !== replicas) {
    return waiting(judgement, step.serving, not);
  }
  if ((judgement.restart?.remaining ?? 0) > 0) {
    const { remaining = 0, protection } = judgement.restart ?? {};
    const why = protection ?? 'the Event RestartBlocked says so if a PodDisruptionBudget is in the way.';
    return not(
      'Restarting',
      `${remaining} of the pods of revision ${step.serving} ${remaining === 1 ? 'is' : 'are'} still to be made anew; ${why}`,
    );
  }
  const serving = heldMark(judgement.revisions, step.serving);
  if (serving !== undefined) {
    const { reason, message } = readMark(serving);
    return not(
      reason,
      `Revision ${step.serving} should be taken back, and there is nothing to go back to: ${ended(message)}`,
      true,
    );
  }
  if (judgement.leaveService) return not('Paused', `${SERVICE_LEFT} It will select revision ${step.serving} again.`);
  return {
    status: 'True',
    reason: 'Available',
    message: `${count(replicas)} ready (revision ${step.serving}).`,
    stalled: false,
  };
}

type Not = (reason: Reason, message: string, stalled?: boolean) => ReadyVerdict;

/** What is said while a candidate is on its way, or on its way out. */
function rolloutVerdict(judgement: Judgement, candidate: string, not: Not): ReadyVerdict | undefined {
  const { step, replicas, settings } = judgement;
  const left = judgement.leaveService ? ` ${SERVICE_LEFT}` : '';
  const text = `${step.message}${keeps(judgement)}${left}`;
  if (replicas === 0 && step.phase === 'Waiting') return off(step.message);
  if (settings.paused && isBeforeSwitch(step.phase)) return not('Paused', text);
  switch (step.phase) {
    case 'Waiting': {
      if (step.awaits !== undefined)
        return not(step.awaits === 'Person' ? 'AwaitingPromotion' : 'AwaitingWindow', text);
      const missing = missingAccelerator(judgement.capacity, judgement.failures.get(candidate));
      return missing ? not(missing.reason, `${missing.message}${keeps(judgement)}`) : not('WaitingForCapacity', text);
    }
    case 'Scheduling':
    case 'Loading':
      return waiting(judgement, candidate, not);
    case 'Proving':
      return not('Proving', text);
    case 'AwaitingPromotion':
      return not(
        step.awaits === 'Window' ? 'AwaitingWindow' : step.awaits === 'Person' ? 'AwaitingPromotion' : 'Switching',
        text,
      );
    case 'RollingBack':
      // Its message says who has the traffic, which this pass may have moved.
      return not('RollingBack', `${step.message}${step.switched ? '' : outage(judgement)}${left}`);
    case 'Aborting':
      return not('Aborting', text);
    default:
      return undefined;
  }
}

/** Ready, because nothing is wanted. */
function off(message: string): ReadyVerdict {
  return { status: 'True', reason: 'ScaledToZero', message, stalled: false };
}

/** A set of pods that is not at its size yet, and why; with what serves meanwhile, if that is down. */
function waiting(
  judgement: Judgement,
  hash: string,
  not: (reason: Reason, message: string, stalled?: boolean) => ReadyVerdict,
) {
  const { capacity, failures, step } = judgement;
  const failure = failures.get(hash);
  const down = step.memory.way === 'Recreate' && isBeforeSwitch(step.phase) ? ' Nothing answers until then.' : '';
  const meanwhile = hash === step.serving ? '' : `${down}${outage(judgement)}`;
  const missing = missingAccelerator(capacity, failure);
  if (missing) return not(missing.reason, `${missing.message}${meanwhile}`);
  const room = failure !== undefined && isShortOfNodes(failure) ? roomToCome(judgement, hash) : undefined;
  if (room !== undefined) return not('Loading', `${room}${meanwhile}`);
  if (failure) return not(failure.reason, `${failure.message}${meanwhile}`, failure.blocking);
  const { revisions, states } = judgement;
  // A handover begins with one.
  const replicas = isBeforeSwitch(step.phase) ? (step.replicas.get(hash) ?? judgement.replicas) : judgement.replicas;
  const { readyReplicas: ready = 0, availableReplicas: available = 0 } = states.get(hash) ?? {};
  if (ready > replicas) return not('Scaling', `${ready} replicas ready, ${replicas} wanted (revision ${hash}).`);
  const budget = revisions.find((revision) => revision.hash === hash)?.data.plan.startupBudgetSeconds ?? 0;
  const why =
    ready < replicas
      ? `a start may take up to ${Math.ceil(budget / 60)} minutes`
      : `${available} count as available, which takes the revision’s own template and minReadySeconds without a break`;
  return not('Loading', `${ready} of ${count(replicas)} ready (revision ${hash}); ${why}.${meanwhile}`);
}

/** That pods wait for GPUs which another version of ours is about to leave; undefined: nobody leaves. */
export function roomToCome({ states, step }: Judgement, hash: string): string | undefined {
  for (const [other, { pods }] of states) {
    const leaving = other === hash ? 0 : pods - (step.replicas.get(other) ?? 0);
    if (leaving <= 0) continue;
    const whose = `${leaving === 1 ? '1 pod' : `${leaving} pods`} of revision ${other}`;
    return `Revision ${hash} waits for the GPUs of ${whose}, which end what still runs there.`;
  }
  return undefined;
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

/** Words that others follow: verdicts end where their numbers end. */
function ended(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

function count(replicas: number): string {
  return replicas === 1 ? '1 replica' : `${replicas} replicas`;
}
