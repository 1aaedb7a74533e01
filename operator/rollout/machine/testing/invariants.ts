import type { Memory, RolloutInput, RolloutStep } from '../types.ts';
import { minimumOf, setOf } from '../course.ts';
import { isMixed } from '../mixed.ts';
import { isBeforeSwitch } from '../table.ts';
import { unpermitted } from './permissions.ts';

/** What must hold of every step, whatever has happened; each violation as a sentence. */
export function violations(input: RolloutInput, step: RolloutStep): string[] {
  return [
    ...serves(input, step),
    ...keepsTheLastReady(input, step),
    ...keepsItsFloor(input, step),
    ...staysWithinGpus(input, step),
    ...staysWithinAll(input, step),
    ...tellsTheTruth(input, step),
    ...answersOrders(input, step),
    ...unpermitted(input, step),
  ];
}

/** Never no ready endpoint because of us while some version is ready, but in a Recreate that was announced. */
function* serves(input: RolloutInput, step: RolloutStep): Generator<string> {
  const { serving } = step;
  const size = step.replicas.get(serving ?? '') ?? 0;
  if (step.switched) {
    const anybody = [...input.sets.values()].some(({ readyReplicas }) => readyReplicas > 0);
    if (setOf(input, serving).readyReplicas === 0 && anybody && input.replicas > 0)
      yield `the traffic moves to ${serving ?? 'nothing'}, which has no ready pod, while others have`;
  }
  if (input.replicas > 0 && size === 0 && !mayBeDown(input, step))
    yield `what serves (${serving ?? '-'}) is sized to 0`;
  if (step.weight > 0 && setOf(input, step.candidate).readyReplicas === 0)
    yield `${step.weight} % of the traffic goes to a candidate without a ready pod`;
}

/** Whether a downtime is part of the way. */
function mayBeDown(input: RolloutInput, step: RolloutStep): boolean {
  const { phase, way } = step.memory;
  if (isBeforeSwitch(phase)) return way === 'Recreate';
  return (
    phase === 'RollingBack' && (input.settings.strategy === 'Recreate' || input.settings.ways.includes('Recreate'))
  );
}

/**
 * The version that a rollback goes to is not taken away while nothing else answers, unless somebody says so, or what serves or
 * a new version needs its GPUs.
 */
function* keepsTheLastReady(input: RolloutInput, step: RolloutStep): Generator<string> {
  const { previous, serving } = input.traffic;
  const { readyReplicas, replicas } = setOf(input, previous);
  if (previous === undefined || readyReplicas === 0 || replicas === 0 || input.replicas === 0) return;
  const served = setOf(input, serving);
  // What serves takes its GPUs where there are no others.
  if (served.readyReplicas > 0 || served.placed < served.replicas || (step.replicas.get(previous) ?? 0) > 0) return;
  const { order, claims, settings } = input;
  if (settings.warmReplicasPercent === 0 || isBeforeSwitch(step.phase)) return;
  // One that was the candidate has shown what it is like.
  if (previous === input.memory?.candidate || previous === step.candidate) return;
  if (order?.verb === 'release' || claims.length > 0 || mayBeDown(input, step)) return;
  yield `${previous}, the last version that is ready, is taken away while ${serving ?? 'nothing'} is down`;
}

/** What serves is never made smaller than the way promises. */
function* keepsItsFloor(input: RolloutInput, step: RolloutStep): Generator<string> {
  const { phase, way, frozenReplicas } = step.memory;
  const { serving } = step;
  const set = setOf(input, serving);
  const size = step.replicas.get(serving ?? '') ?? 0;
  const left = Math.min(size, set.readyReplicas);
  if (input.replicas === 0 || step.switched) return;
  if (phase === 'Idle' || phase === 'Held' || phase === 'Aborting' || phase === 'Waiting') {
    if (size !== input.replicas) yield `${phase}: what serves is sized to ${size} of ${input.replicas}`;
  } else if (isBeforeSwitch(phase) && (way === 'Full' || way === 'Provision')) {
    if (size < input.replicas) yield `${way}: what serves is sized to ${size} of ${input.replicas}`;
  } else if (isBeforeSwitch(phase) && way === 'Handover') {
    const wanted = frozenReplicas ?? input.replicas;
    const others = step.weight > 0 ? setOf(input, step.candidate).readyReplicas : 0;
    const minimum = Math.max(1, (isMixed(input) ? wanted - 1 : minimumOf(input, wanted)) - others);
    if (left < Math.min(set.readyReplicas, minimum))
      yield `Handover: ${left} ready replicas are left, at least ${minimum} have to be`;
    if (size < minimum) yield `Handover: what serves is sized to ${size}, at least ${minimum} have to be`;
  }
}

/** GPUs are wanted as far as the way promises, and no further. */
function* staysWithinGpus(input: RolloutInput, step: RolloutStep): Generator<string> {
  const { phase, way, frozenReplicas, candidate } = step.memory;
  const size = (hash: string | undefined) => step.replicas.get(hash ?? '') ?? 0;
  for (const [hash, replicas] of step.replicas) {
    const most = Math.max(input.replicas, frozenReplicas ?? 0, setOf(input, hash).replicas);
    if (replicas > most) yield `${hash} is sized to ${replicas}, more than ${most}`;
  }
  if (!isBeforeSwitch(phase) || candidate === undefined) return;
  if (phase === 'Waiting' && size(candidate) > 0) yield 'the candidate is sized above 0 while it waits';
  if (way === 'Handover') {
    const frozen = frozenReplicas ?? input.replicas;
    const pending = size(candidate) - setOf(input, candidate).placed;
    const room = Math.max(
      1,
      input.capacity?.slots ?? 0,
      setOf(input, candidate).replicas - setOf(input, candidate).placed,
    );
    if (pending > room) yield `Handover: ${pending} pods of the candidate are to find room for ${room}`;
    if (size(step.serving) > frozen || size(candidate) > frozen) yield `Handover: a set is larger than ${frozen}`;
  } else if (size(candidate) > input.replicas) {
    yield `the candidate is sized to ${size(candidate)} of ${input.replicas}`;
  }
}

/** All revisions together want no more GPUs than the way promises: none is forgotten, and room that is counted on was counted. */
function* staysWithinAll(input: RolloutInput, step: RolloutStep): Generator<string> {
  const { phase, way, frozenReplicas, candidate } = step.memory;
  const { capacity, traffic } = input;
  const size = (hash: string | undefined) => step.replicas.get(hash ?? '') ?? 0;
  const now = (hash: string | undefined) => setOf(input, hash).replicas;
  const whole = Math.max(input.replicas, frozenReplicas ?? 0);
  const all = [...step.replicas.values()].reduce((sum, replicas) => sum + replicas, 0);
  const before = [...input.sets.values()].reduce((sum, { replicas }) => sum + replicas, 0);
  // Until traffic and requests have left a version, its pods stay; none is added to them.
  const isLeaving = step.switched || phase === 'Switching' || phase === 'RollingBack';
  const warm = traffic.previous === candidate ? 0 : now(traffic.previous);
  const beside = phase === 'Watching' ? Math.max(whole, warm) : warm;
  const room = isBeforeSwitch(phase) && phase !== 'Waiting' ? besideServing(input, step.memory, whole) : 0;
  const most = isLeaving ? Math.max(before, 2 * whole) + whole : whole + beside + room;
  if (all > most) yield `${way ?? phase}: ${all} replicas of all versions are wanted, more than ${most}`;
  const isAdmitted = input.memory?.phase === 'Waiting' && phase === 'Scheduling' && way === 'Full';
  if (!isAdmitted || capacity === undefined || capacity.unknown !== undefined) return;
  const gone = Math.max(0, now(traffic.previous) - size(traffic.previous));
  const slots = Math.max(capacity.slots, capacity.slotsWithoutWarm[gone] ?? 0);
  const needed = size(candidate) - capacity.placed;
  if (needed > slots) yield `Full: ${needed} pods are to find room, and ${slots} can`;
}

/** Replicas that a candidate may have beside all of what serves: in a handover those that have found room, and one that asks for it. */
function besideServing(input: RolloutInput, { way, candidate }: Memory, whole: number): number {
  const { placed, replicas } = setOf(input, candidate);
  return way === 'Handover'
    ? Math.min(whole, placed + Math.max(1, input.capacity?.slots ?? 0, replicas - placed))
    : whole;
}

/** What is said agrees with what is. */
function* tellsTheTruth(input: RolloutInput, step: RolloutStep): Generator<string> {
  const { phase, serving, candidate, memory } = step;
  const { traffic } = input;
  if (step.switched === (serving === traffic.serving))
    yield `switched is ${String(step.switched)}, and ${serving ?? '-'} serves after ${traffic.serving ?? '-'}`;
  if (phase !== memory.phase) yield `the phase is ${phase}, and ${memory.phase} is remembered`;
  if ([...step.replicas.keys()][0] !== serving) yield 'what serves is not the first of the sizes';
  if (isBeforeSwitch(phase) && candidate === serving && candidate !== undefined)
    yield `${candidate} serves and is the candidate`;
  if (phase === 'Held' && (candidate === undefined || candidate !== input.desired))
    yield `Held, and nothing that is wanted is`;
  if (phase === 'RollingBack' && memory.target === undefined) yield 'RollingBack to nothing';
  if (step.previous !== undefined && step.previous === serving) yield 'a rollback would go to what serves';
  if (step.message === '' || step.message.includes('undefined')) yield `the message says nothing: ${step.message}`;
  if (memory.since > input.now + 10_000) yield `${phase} begins ${memory.since - input.now} ms from now`;
  if (step.wakeAt !== undefined && step.wakeAt <= input.now) yield `the next look is ${step.wakeAt - input.now} ms ago`;
  if (step.taken.length >= 16)
    yield `${step.taken.length} transitions in one pass: ${step.taken.map(({ event }) => event).join(' ')}`;
}

/** An order gets one answer, and none is made up. */
function* answersOrders(input: RolloutInput, step: RolloutStep): Generator<string> {
  if (step.ordered !== undefined && input.order === undefined) yield 'an answer without an order';
}
