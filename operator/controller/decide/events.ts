import { type ConditionType, isReason, REASONS } from '../../api/index.ts';
import type { EventName } from '../../rollout/machine/types.ts';
import type { Snapshot } from '../snapshot.ts';
import { type Judgement, orderResult, type Status } from './judgement.ts';
import type { EventRecord } from './intents.ts';
import { MAX_NOTE } from './write-events.ts';

/**
 * What a person wants to find in `kubectl describe`: one Event for each change of state, none for a pass that changes
 * nothing. What was written has Events of its own (eventsOfWrite).
 */
export function eventsOf(snapshot: Snapshot, after: Status, judgement: Judgement): EventRecord[] {
  return [...eventsOfSteps(judgement), ...eventsOfConditions(snapshot.deployment.status, after)];
}

/** What is told of a transition; those that only lead on are told by the phase that they lead to. */
const TOLD: Readonly<Partial<Record<EventName, { readonly reason: string; readonly type?: 'Warning' }>>> = {
  SpecWantsServing: { reason: 'RolloutDropped' },
  SpecWantsPrevious: { reason: 'RollbackStarted' },
  SpecWantsOther: { reason: 'RolloutStarted' },
  OrderRetry: { reason: 'RolloutStarted' },
  OrderAbort: { reason: 'RolloutAborted' },
  OrderRollback: { reason: 'RollbackStarted' },
  Failed: { reason: 'RolloutFailed', type: 'Warning' },
  TargetLost: { reason: 'RolloutFailed', type: 'Warning' },
  CapacityLost: { reason: 'CapacityLost', type: 'Warning' },
  Missed: { reason: 'WayMissed', type: 'Warning' },
  Admitted: { reason: 'WayChosen' },
  Proved: { reason: 'Proved' },
  StepReady: { reason: 'CanaryStep' },
  Grown: { reason: 'ReadyToSwitch' },
  WatchPassed: { reason: 'Proven' },
  WatchUnproven: { reason: 'AcceptedUnproven', type: 'Warning' },
  RollbackDone: { reason: 'RolledBack' },
  Dropped: { reason: 'CandidateGone' },
};

/** The Events of the transitions of a rollout, and of an order. */
function eventsOfSteps({ step, order, restart, observeOnly }: Judgement): EventRecord[] {
  if (observeOnly) return [];
  const told = step.taken.flatMap(({ event, says }): EventRecord[] => {
    const { reason, type = 'Normal' } = TOLD[event] ?? {};
    if (reason === undefined) return [];
    const cause = step.marks.find((mark) => mark.kind === 'failed');
    const note =
      type === 'Warning' && cause?.kind === 'failed' ? `Revision ${cause.revision}: ${cause.cause} ${says}` : says;
    return [{ type, reason, action: 'Rollout', note: note.slice(0, MAX_NOTE) }];
  });
  const result = orderResult({ order, step, restart });
  if (order === undefined || result === undefined) return told;
  const verb = order.order?.verb ?? 'order';
  const note = `${verb}: ${result.message}`.slice(0, MAX_NOTE);
  return [
    result.accepted
      ? { type: 'Normal', reason: 'OrderAccepted', action: 'Order', note }
      : { type: 'Warning', reason: 'OrderRefused', action: 'Order', note },
    ...told,
  ];
}

/** The Events of a change of what the conditions say. */
export function eventsOfConditions(before: Status | undefined, after: Status): EventRecord[] {
  return [...eventFor(before, after), ...capacityEvent(before, after)];
}

/** A finding about the nodes that Ready does not tell of: once, until it is another one. */
function capacityEvent(before: Status | undefined, after: Status): EventRecord[] {
  const was = conditionOf(before, 'CapacityAvailable');
  const is = conditionOf(after, 'CapacityAvailable');
  if (is?.status !== 'False' || (isReason(is.reason) && REASONS[is.reason].on.includes('Ready'))) return [];
  const same = was?.status === is.status && was.reason === is.reason && was.message === is.message;
  return same ? [] : [{ type: 'Warning', reason: is.reason, action: 'Reconcile', note: is.message }];
}

/** What belongs to every rollout: no warning. */
const QUIET: ReadonlySet<string> = new Set([
  ...['Loading', 'Switching', 'Proving', 'AwaitingPromotion', 'AwaitingWindow', 'Watching', 'RollingBack', 'Aborting'],
  ...['Restarting', 'Paused'],
]);

/**
 * The Event of a change of the Ready condition; none when its status and reason stay and it is about the same revision.
 */
function eventFor(before: Status | undefined, after: Status): EventRecord[] {
  const was = conditionOf(before, 'Ready');
  const is = conditionOf(after, 'Ready');
  const same = was?.reason === is?.reason && was?.status === is?.status && subjectOf(before) === subjectOf(after);
  if (!is || same) return [];
  // Traffic that somebody else has moved is no part of any rollout.
  const left = conditionOf(after, 'Available')?.reason === 'Paused';
  const quiet = is.status === 'True' || (QUIET.has(is.reason) && !left);
  return [{ type: quiet ? 'Normal' : 'Warning', reason: is.reason, action: 'Reconcile', note: is.message }];
}

/** The revision that the Ready condition speaks of. */
export function subjectOf(status: Status | undefined): string | undefined {
  return status?.candidate?.revision ?? status?.serving?.revision;
}

function conditionOf(status: Status | undefined, wanted: ConditionType) {
  return status?.conditions?.find(({ type }) => type === wanted);
}
