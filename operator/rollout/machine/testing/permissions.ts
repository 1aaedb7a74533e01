import { proofIsOff, revisionOf, setOf } from '../course.ts';
import { isBeforeSwitch } from '../table.ts';
import type { Memory, RolloutInput, RolloutStep } from '../types.ts';
import { whyTakenBack } from '../../revision.ts';

/**
 * What a step may do only with leave: of a proof, of a person, of a window, of the order that was given. Said of one step alone, so
 * that with each other they hold for all of a rollout: what is remembered as proven or promoted was so when it was first remembered.
 */
export function unpermitted(input: RolloutInput, step: RolloutStep): string[] {
  return [
    ...proves(input, step),
    ...goesBack(input, step),
    ...holds(input, step),
    ...judges(input, step),
    ...waits(input, step),
    ...obeys(input, step),
    ...stops(input, step),
  ];
}

const orderOf = ({ order }: RolloutInput, verb: string): string | undefined =>
  order?.verb === verb ? order.revision : undefined;

const hasProof = (memory: Memory | undefined): boolean =>
  memory?.verdicts?.some(({ stage }) => stage === 'Proof') === true;

/** Whether both are about the same attempt of the same version. */
const isSameAttempt = (one: Memory | undefined, other: Memory): boolean =>
  one !== undefined && one.attempt === other.attempt && one.candidate === other.candidate;

/** Whether this step moves the traffic on, not back, and not to where nothing answered any more. */
const movesOn = ({ switched, phase }: RolloutStep): boolean =>
  switched && phase !== 'RollingBack' && phase !== 'Loading';

/** Percent of the traffic, or all of it, goes to a new version only once it has passed its proof, where one is asked for. */
function* proves(input: RolloutInput, step: RolloutStep): Generator<string> {
  const { memory, serving, candidate, weight } = step;
  const { observed, desired } = input;
  const asked = !proofIsOff(input);
  if (asked && movesOn(step) && !hasProof(memory)) yield `the traffic moves to ${serving ?? '-'} without a proof`;
  if (asked && weight > 0 && !hasProof(memory))
    yield `${weight} % of the traffic goes to ${candidate ?? '-'} without a proof`;
  const isNew = hasProof(memory) && !(hasProof(input.memory) && isSameAttempt(input.memory, memory));
  if (isNew && isBeforeSwitch(step.phase) && (observed.proof ?? { verdict: 'Fail' }).verdict === 'Fail')
    yield `${memory.candidate ?? '-'} is remembered as proven, and its proof has not passed`;
  if (!step.switched || step.phase !== 'Loading') return;
  const answering = [...input.sets].filter(([hash, { readyReplicas }]) => hash !== desired && readyReplicas > 0);
  for (const [hash] of answering) yield `${serving ?? '-'} takes over at once, and ${hash} still answers`;
}

/** A way back leads to the version before, unless an order names another one. */
function* goesBack(input: RolloutInput, { phase, memory, switched, serving }: RolloutStep): Generator<string> {
  if (phase !== 'RollingBack') return;
  const { target } = memory;
  if (switched && serving !== target) yield `the traffic goes back to ${serving ?? '-'}, and not to ${target ?? '-'}`;
  if (input.memory?.phase === 'RollingBack' && input.memory.target === target) return;
  const { previous, serving: before } = input.traffic;
  const ordered = orderOf(input, 'rollback');
  if (target === ordered) return;
  if (target !== previous && target !== before)
    yield `it goes back to ${target ?? '-'}, which has not served before, without an order`;
  if (target !== before && whyTakenBack(revisionOf(input, target)) !== undefined)
    yield `it goes back to ${target ?? '-'}, which was taken back, without an order`;
}

/** What was taken back is left alone until somebody orders it again, or the spec has asked for something else. */
function* holds(input: RolloutInput, step: RolloutStep): Generator<string> {
  const { desired } = input;
  const { phase, candidate, serving, forgive, ended, marks } = step;
  const isAgainst = (hash: string) =>
    marks.some(({ kind, revision }) => revision === hash && (kind === 'failed' || kind === 'held'));
  const isRetried = desired !== undefined && orderOf(input, 'retry') === desired;
  const isTakenBack =
    desired !== undefined && (whyTakenBack(revisionOf(input, desired)) !== undefined || isAgainst(desired));
  if (isTakenBack && !isRetried) {
    if (forgive.includes(desired)) yield `${desired} is forgiven, and the spec still asks for it`;
    if (candidate === desired && isBeforeSwitch(phase) && phase !== 'Waiting')
      yield `${desired}, which was taken back, is tried again`;
    if (serving === desired && step.switched && phase !== 'RollingBack')
      yield `${desired}, which was taken back, gets the traffic`;
  }
  const isOver = ended?.outcome === 'Failed' || ended?.outcome === 'Aborted' || ended?.outcome === 'RolledBack';
  if (!isOver || ended.revision !== desired || isAgainst(desired)) return;
  if (whyTakenBack(revisionOf(input, desired)) === undefined || forgive.includes(desired))
    yield `${desired} ends ${ended.outcome}, and nothing is held against it`;
}

/** What a gateway gets to take a route, milliseconds. */
const ROUTE_MS = 60_000;

/** A version is given up for its route only when it is known that no gateway has taken that for a minute. */
function* judges({ now, route }: RolloutInput, { marks }: RolloutStep): Generator<string> {
  for (const mark of marks) {
    if (mark.kind !== 'failed' || !mark.cause.startsWith('RouteNotTaken')) continue;
    if (route?.since === undefined) yield `${mark.revision} is given up for a route of which nothing is known`;
    else if (now < route.since + ROUTE_MS) yield `${mark.revision} is given up, and its route has not had a minute`;
  }
}

/** What the traffic waits for before it moves on: the end of a pause, a window, a person. */
function* waits(input: RolloutInput, step: RolloutStep): Generator<string> {
  const { settings, window, memory: before } = input;
  const { memory, weight } = step;
  const obstacles = [
    ...(settings.paused ? ['it is paused'] : []),
    ...(window.open ? [] : ['the window is closed']),
    ...(waitsForSomebody(input) ? ['nobody has promoted it'] : []),
  ];
  const served = setOf(input, input.traffic.serving);
  const isDark = before?.way === 'Recreate' && served.replicas === 0 && served.readyReplicas === 0;
  const all = obstacles.join(', and ');
  if (all !== '' && movesOn(step) && !isDark) yield `the traffic moves to ${step.serving ?? '-'}, and ${all}`;
  if (settings.paused && step.switched && step.phase === 'Loading')
    yield `${step.serving ?? '-'} takes over, and it is paused`;
  const isStep = memory.step !== undefined && (!isSameAttempt(before, memory) || memory.step !== before?.step);
  if (all !== '' && isStep && !isDark) yield `step ${memory.step} of the canary begins, and ${all}`;
  // Once the old version has given a replica away, both have to serve.
  const hasBegun = setOf(input, memory.candidate).replicas > 1 || served.replicas < (memory.frozenReplicas ?? 0) - 1;
  if (all !== '' && memory.step === undefined && weight > 0 && !hasBegun)
    yield `both versions begin to serve, and ${all}`;
  const stopsFirst = before?.phase === 'Waiting' && step.phase !== 'Waiting' && memory.way === 'Recreate';
  if (all !== '' && stopsFirst && isBeforeSwitch(step.phase)) yield `Recreate begins, and ${all}`;
  const size = step.replicas.get(memory.candidate ?? '') ?? 0;
  if (settings.paused && isBeforeSwitch(step.phase) && size > setOf(input, memory.candidate).replicas)
    yield `the candidate grows to ${size}, and it is paused`;
}

/** Whether a person has to promote before the next thing that the traffic does. */
function waitsForSomebody({ settings, memory, order }: RolloutInput): boolean {
  const step = memory?.step;
  const isManual =
    step === undefined ? settings.promotion === 'Manual' : settings.canary?.steps[step]?.pause === undefined;
  return isManual && memory?.promoted !== true && order?.verb !== 'promote';
}

const VERBS: Readonly<Record<string, string>> = {
  OrderAbort: 'abort',
  OrderRollback: 'rollback',
  OrderPromote: 'promote',
  OrderRetry: 'retry',
  OrderRelease: 'release',
};

/** An order is carried out for the revision that it names, and for no other. */
function* obeys(input: RolloutInput, step: RolloutStep): Generator<string> {
  const { order, memory: before, traffic } = input;
  const { memory, ended, ordered } = step;
  for (const { event, to } of step.taken) {
    const verb = VERBS[event];
    if (verb === undefined) continue;
    const named = orderOf(input, verb);
    if (named === undefined) yield `${event}, and ${order?.verb ?? 'nothing'} is ordered`;
    if (ordered?.accepted === false) yield `${event}, and the order was refused`;
    if (event === 'OrderRollback' && to === 'RollingBack' && (memory.target ?? named) !== named)
      yield `a rollback to ${named ?? '-'} was ordered, and it goes back to ${memory.target ?? '-'}`;
    if (event === 'OrderAbort' && to === 'RollingBack' && traffic.serving !== named)
      yield `${traffic.serving ?? '-'} is taken back, and ${named ?? '-'} was to be aborted`;
    if (event === 'OrderRelease' && traffic.previous !== named)
      yield `${traffic.previous ?? '-'} is released, and ${named ?? '-'} was to be`;
  }
  const isNew = memory.promoted === true && !(before?.promoted === true && isSameAttempt(before, memory));
  if (isNew && orderOf(input, 'promote') !== memory.candidate)
    yield `${memory.candidate ?? '-'} is promoted, and ${orderOf(input, 'promote') ?? 'nothing'} was to be`;
  if (ended?.outcome === 'Aborted' && order?.verb !== 'rollback' && orderOf(input, 'abort') !== ended.revision)
    yield `${ended.revision} is dropped, and ${orderOf(input, 'abort') ?? 'nothing'} was to be aborted`;
}

/** A Recreate stops the old version once the status has said so, and pods of the new one are there that get its GPUs. */
function* stops(input: RolloutInput, { phase, memory, serving, replicas }: RolloutStep): Generator<string> {
  if (!isBeforeSwitch(phase) || input.replicas === 0 || (replicas.get(serving ?? '') ?? 0) > 0) return;
  if (input.memory?.way !== 'Recreate') yield `Recreate: ${serving ?? '-'} stops before the status says so`;
  if (!input.sets.has(memory.candidate ?? ''))
    yield `Recreate: ${serving ?? '-'} stops before there are pods of ${memory.candidate ?? '-'}`;
}
