import { durationMs } from '../../api/durations.ts';
import { refusalOf } from '../orders.ts';
import {
  type Course,
  healthOf,
  isFlipConfirmed,
  isHeld,
  isProofDone,
  isSettled,
  minimumOf,
  proofIsOff,
  rollbackTarget,
  setOf,
  waitsForPerson,
  wantedOf,
} from './course.ts';
import { enough } from './enough.ts';
import { isMixing } from './mixed.ts';
import { leavingLimitMs } from './leaving.ts';
import { standingOf } from './standing.ts';
import { cellOf, isBeforeSwitch, TABLE } from './table.ts';
import type { EventName, RolloutInput } from './types.ts';
import { deadlineOf, GATEWAY_SETTLE_MS, PROGRAMMING_LIMIT_MS, routeLimit } from './times.ts';
import { wayOf } from './ways.ts';
import { asksForRoom, servingComesFirst, sizeYielding } from './room.ts';

type Predicate = (course: Course, input: RolloutInput) => boolean;

/** The next event that does something in the phase that the course is in; undefined: all that has happened is dealt with. */
export function nextEvent(course: Course, input: RolloutInput): EventName | undefined {
  const { phase } = course.memory;
  return TABLE.find(({ event }) => 'to' in cellOf(phase, event) && HAPPENED[event](course, input))?.event;
}

/**
 * Whether the order may be carried out as things stand now: by the rule that kubectl-deepseek asks, too. In this pass the spec may have
 * made another revision the candidate than the one that the order names.
 */
const ordered =
  (verb: string): Predicate =>
  (course, input) => {
    const { order } = input;
    if (order?.verb !== verb || course.ordered !== undefined) return false;
    return refusalOf(order, standingOf(course, input)) === undefined;
  };

/** Switching may be left for the old version as soon as the flip itself has arrived. */
const flipArrived: Predicate = (course, input) => course.memory.phase !== 'Switching' || isFlipConfirmed(course, input);

/** The traffic has not gone back yet, and nothing of the target is ready: a rollback that has to load first may be left. */
const isTargetAway: Predicate = ({ memory, serving }, input) =>
  memory.target !== serving && setOf(input, memory.target).readyReplicas === 0;

const HAPPENED: Readonly<Record<EventName, Predicate>> = {
  SpecWantsServing: ({ serving, memory }, { desired }) =>
    memory.candidate !== undefined && (desired === undefined || desired === serving),

  SpecWantsPrevious: (course, input) => {
    const target = rollbackTarget(course, input);
    if (target === undefined || input.desired !== target || !flipArrived(course, input)) return false;
    // Without pods it is a new attempt like any other, and may be the one that is under way.
    const { phase, candidate } = course.memory;
    return isBeforeSwitch(phase) ? candidate !== target : setOf(input, target).readyReplicas > 0;
  },

  SpecWantsOther: (course, input) => {
    const { serving, memory } = course;
    const { desired } = input;
    if (desired === undefined || desired === serving || isHeld(course, input, desired)) return false;
    if (memory.phase === 'RollingBack') return desired !== memory.target && isTargetAway(course, input);
    const current = memory.phase === 'Idle' || memory.phase === 'Watching' ? undefined : memory.candidate;
    return desired !== current;
  },

  OrderAbort: (course, input) => {
    if (!ordered('abort')(course, input) || !flipArrived(course, input)) return false;
    if (course.memory.phase === 'RollingBack') return isTargetAway(course, input);
    return isBeforeSwitch(course.memory.phase) || rollbackTarget(course, input) !== undefined;
  },
  OrderRollback: (course, input) => ordered('rollback')(course, input) && flipArrived(course, input),
  OrderPromote: ordered('promote'),
  OrderRetry: ordered('retry'),
  OrderRelease: ordered('release'),

  ScaledToZero: (_, { replicas }) => replicas === 0,

  Failed: (course, input) => {
    const { phase, candidate } = course.memory;
    const { observed } = input;
    if (phase === 'RollingBack') return rollbackFails(course, input);
    if (phase === 'Watching' || phase === 'Switching') return watchFails(course, input);
    const { down, overdue, trouble } = healthOf(input, candidate);
    // The verdict was written down, and the operator ended before the status said so.
    if (down === true || trouble !== undefined || isHeld(course, input, candidate)) return true;
    // That its pods find no node any more is no fault of a version, unless somebody has set it a deadline.
    const lost = setOf(input, candidate).unschedulable > 0 && input.settings.progressDeadlineMs === undefined;
    const runsOut = phase === 'Loading' && isLate(course, input) && !lost;
    const budgetOver = overdue === true && !input.settings.paused && input.settings.progressDeadlineMs === undefined;
    if (runsOut || (phase === 'Loading' && budgetOver)) return true;
    if (phase === 'Proving' && observed.proof?.verdict === 'Fail') return true;
    if (
      phase === 'Proving' &&
      course.memory.step === undefined &&
      observed.proof === undefined &&
      isLate(course, input)
    )
      return true;
    if (observed.warmUp?.verdict === 'Fail') return true;
    if (course.memory.step === undefined && !isMixing(course, input)) return false;
    return observed.traffic?.verdict === 'Fail' || isRouteLate(course, input);
  },

  TargetLost: (course, input) => {
    const { serving, memory } = course;
    if (memory.phase === 'Switching' && !flipArrived(course, input) && setOf(input, serving).readyReplicas > 0)
      return false;
    const target = rollbackTarget(course, input);
    if (target === undefined || input.replicas === 0) return false;
    const judged = memory.phase === 'Switching' || memory.phase === 'Watching';
    // What has shown that it serves is repaired, not left.
    if (!judged && isSettled(course, input, serving)) return false;
    const ready = setOf(input, serving).readyReplicas;
    // What was never there is not lost: replicas that are added after the switch have to load first.
    const { switchedReplicas = Number.POSITIVE_INFINITY } = memory;
    const had = Math.min(wantedOf(course, input), setOf(input, serving).replicas, switchedReplicas);
    return ready < Math.min(minimumOf(input, had), had) && setOf(input, target).readyReplicas > ready;
  },

  CapacityLost: (course, input) => {
    const { memory } = course;
    const candidate = setOf(input, memory.candidate);
    if (candidate.pods === 0 && candidate.replicas === 0) return false;
    if (memory.way === 'Handover' && overloaded(course, input)) return true;
    return memory.way !== 'Recreate' && servingComesFirst(course, input);
  },

  Missed: (course, input) => {
    if (!isLate(course, input)) return false;
    const { unschedulable } = setOf(input, course.memory.candidate);
    return course.memory.phase === 'Loading' ? unschedulable > 0 : !isPlaced(course, input);
  },

  Admitted: (course, input) => {
    const { memory } = course;
    if (input.settings.paused || input.replicas === 0 || memory.candidate === undefined) return false;
    if (memory.retryAt !== undefined && input.now < memory.retryAt) return false;
    const choice = wayOf(course, input);
    if (choice === undefined || choice.way === 'Wait') return false;
    // Nothing answers from the moment that the old version stops: whatever has to be waited for comes before it.
    if (choice.way === 'Recreate' && (waitsForPerson(course, input) || !input.window.open)) return false;
    return choice.way === 'Recreate' || !servingComesFirst(course, input);
  },

  Placed: (course, input) => isPlaced(course, input),

  Displaced: (course, input) => setOf(input, course.memory.candidate).unschedulable > 0 && !isPlaced(course, input),

  Loaded: (course, input) => !isProofDone(course, input) && isAvailable(course, input),
  Grown: (course, input) => isProofDone(course, input) && isAvailable(course, input),

  Proved: ({ memory }, { observed, settings }) =>
    memory.step === undefined && !settings.paused && observed.proof !== undefined && observed.proof.verdict !== 'Fail',

  StepOver: ({ memory }, { settings, now, observed, route }) => {
    const step = settings.canary?.steps[memory.step ?? -1];
    if (step === undefined || settings.paused || route?.taken === false) return false;
    if (step.pause === undefined || memory.promoted === true) return true;
    return now >= memory.since + durationMs(step.pause) && observed.traffic?.verdict !== 'Fail';
  },

  StepReady: (course, input) => {
    const steps = input.settings.canary?.steps ?? [];
    return (course.memory.step ?? -1) + 1 < steps.length && maySwitch(course, input);
  },

  Ready: (course, input) => {
    if (course.memory.phase === 'RollingBack') return mayGoBack(course, input);
    const steps = input.settings.canary?.steps ?? [];
    return (course.memory.step ?? -1) + 1 >= steps.length && maySwitch(course, input);
  },

  Confirmed: (course, input) =>
    isFlipConfirmed(course, input) && input.now >= (course.switchedAt ?? input.now) + PROGRAMMING_LIMIT_MS,

  Unwatched: (course, input) =>
    (input.desired === undefined || input.desired === course.serving) &&
    course.switchedAt !== undefined &&
    rollbackTarget(course, input) !== undefined &&
    !isSettled(course, input, course.serving) &&
    !isHeld(course, input, course.serving),
  WatchPassed: (course, input) =>
    isWatchOver(course, input) && (!isJudged(input) || input.observed.traffic?.verdict === 'Pass'),
  WatchUnproven: (course, input) =>
    isWatchOver(course, input) && isJudged(input) && input.observed.traffic?.verdict !== 'Pass',

  RollbackDone: (course, input) => {
    const { memory, serving } = course;
    if (memory.target !== serving) return false;
    const since = (course.switchedAt ?? memory.since) + input.settings.rollbackDrainMs;
    return memory.candidate === serving || isGone(input, memory.candidate, since);
  },

  Dropped: ({ memory }, input) => isGone(input, memory.candidate, memory.since),
};

/** The deadline of the phase has passed. */
function isLate(course: Course, input: RolloutInput): boolean {
  const late = deadlineOf(course, input);
  return !input.settings.paused && late !== undefined && input.now >= late;
}

/** No pod of the revision is left; or those that are have outlived every deadline, as on a node that is gone. */
function isGone(input: RolloutInput, revision: string | undefined, since: number): boolean {
  const { pods, terminating, replicas } = setOf(input, revision);
  if (pods === 0) return true;
  return replicas === 0 && terminating === pods && input.now >= since + leavingLimitMs(input.settings);
}

/** Whether anything is asked of real traffic beyond engines that stay well. */
function isJudged({ settings }: RolloutInput): boolean {
  return settings.gates.length > 0 || settings.watch.minRequests !== undefined;
}

/** The gateway has had its time to take the route of a canary step. */
function isRouteLate({ memory }: Course, { route, now }: RolloutInput): boolean {
  const limit = routeLimit(memory.since, route);
  return memory.phase === 'Proving' && limit !== undefined && now >= limit;
}

/**
 * A watch is over in time. One that has to be judged and was not seen for at least half of it, because an operator ended,
 * goes on for as long again at most.
 */
function isWatchOver(course: Course, input: RolloutInput): boolean {
  const { now, settings, observed } = input;
  const end = deadlineOf(course, input);
  if (settings.paused || end === undefined || now < end) return false;
  const { durationMs: whole } = settings.watch;
  const seen = observed.trafficFrom !== undefined && observed.trafficFrom <= end - whole / 2;
  return !isJudged(input) || seen || now >= end + whole;
}

/** Whether every pod that is wanted of the candidate has a node. */
function isPlaced(course: Course, input: RolloutInput): boolean {
  const { candidate } = course.memory;
  const set = setOf(input, candidate);
  return set.replicas > 0 && set.placed >= Math.min(set.replicas, enough(course, input));
}

function isAvailable(course: Course, input: RolloutInput): boolean {
  if (input.settings.paused && !isDark(course, input)) return false;
  return setOf(input, course.memory.candidate).availableReplicas >= enough(course, input);
}

/** Everything that traffic waits for before it moves to the candidate, or to a further part of it. */
function maySwitch(course: Course, input: RolloutInput): boolean {
  const { memory } = course;
  if (input.trafficLeft === true) return false;
  const mayWait = !isDark(course, input);
  if (mayWait && (input.settings.paused || !input.window.open || waitsForPerson(course, input))) return false;
  if (!isAvailable(course, input)) return false;
  if (!proofIsOff(input) && input.observed.warmedUp !== true) return false;
  // A gateway that has taken the route has yet to find the endpoints of a backend that is new to it.
  if (input.route !== undefined && (!input.route.taken || input.now < memory.since + GATEWAY_SETTLE_MS)) return false;
  return (input.candidateEndpoints ?? 0) >= setOf(input, memory.candidate).readyReplicas;
}

/** The old version has stopped for a Recreate: nothing answers, and nobody’s leave is waited for. */
function isDark({ memory, serving }: Course, input: RolloutInput): boolean {
  return memory.way === 'Recreate' && setOf(input, serving).readyReplicas === 0 && setOf(input, serving).replicas === 0;
}

/** A rollback depends on the health of its target alone. */
function mayGoBack(course: Course, input: RolloutInput): boolean {
  const { memory, serving } = course;
  if (memory.target === undefined || memory.target === serving || input.trafficLeft === true) return false;
  const ready = setOf(input, memory.target).readyReplicas;
  if (ready === 0) return false;
  // A target that was cold comes up one by one: it takes over once it carries the least that a switch promises.
  const target = setOf(input, memory.target);
  const warm = target.availableReplicas >= target.pods;
  const minimum = Math.min(minimumOf(input, input.replicas), Math.max(1, setOf(input, serving).readyReplicas));
  return warm || ready >= minimum || hasAllItGets(course, input);
}

/** Every pod of the target that has a node is ready, and nobody gives way to the others. */
function hasAllItGets(course: Course, input: RolloutInput): boolean {
  const { memory, serving } = course;
  const target = setOf(input, memory.target);
  const giver = setOf(input, serving);
  return (
    asksForRoom(target, giver) && target.readyReplicas >= target.placed && sizeYielding(course, input) >= giver.replicas
  );
}

function watchFails(course: Course, input: RolloutInput): boolean {
  if (rollbackTarget(course, input) === undefined) return false;
  // The verdict was written down, and the operator ended before the traffic moved.
  if (isHeld(course, input, course.serving) || healthOf(input, course.serving).trouble !== undefined) return true;
  const { traffic } = input.observed;
  if (traffic?.verdict === 'Fail') return true;
  return (
    course.memory.phase === 'Watching' &&
    // Nothing measured yet is no answer.
    traffic?.verdict === 'NoData' &&
    isWatchOver(course, input) &&
    input.settings.watch.onNoData === 'Rollback' &&
    isJudged(input)
  );
}

function rollbackFails(course: Course, input: RolloutInput): boolean {
  const { memory, serving } = course;
  if (memory.target === serving) return false;
  if (!input.revisions.some(({ hash }) => hash === memory.target)) return true;
  const { down, overdue } = healthOf(input, memory.target);
  return setOf(input, memory.target).readyReplicas === 0 && (down === true || overdue === true);
}

/** More requests wait than what is left of the old version can work off. */
function overloaded(course: Course, input: RolloutInput): boolean {
  const { load } = input.observed;
  if (load === undefined || load === 'Unknown' || input.concurrencyPerReplica === undefined) return false;
  // Where both versions serve, going back would take more replicas away than it brings.
  if (isMixing(course, input)) return false;
  return load.waiting > setOf(input, course.serving).readyReplicas * input.concurrencyPerReplica;
}
