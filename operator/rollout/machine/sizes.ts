import { type Course, isProofDone, minimumOf, rollbackTarget, setOf, wantedOf } from './course.ts';
import { waitsWithOne } from './enough.ts';
import { handoverMinimum, isMixed, isMixing } from './mixed.ts';
import { asksForRoom, hasFoundRoom, isOverQuota, sizeYielding } from './room.ts';
import { isBeforeSwitch } from './table.ts';
import type { RolloutInput } from './types.ts';
import { isDrained, leftByOthers, warmSize } from './warm.ts';

/** Replicas wanted of each revision that keeps its Deployment, what serves first. */
export type Sizes = ReadonlyMap<string, number>;

/** What every phase does to the sets of pods. Nothing here moves traffic. */
export function sizesOf(course: Course, input: RolloutInput): Sizes {
  const { phase, candidate, target } = course.memory;
  const { serving } = course;
  const warm = rollbackTarget(course, input);
  const sizes = new Map([[serving, servingSize(course, input)]]);
  const put = (revision: string | undefined, replicas: number | undefined) => {
    if (revision !== undefined && replicas !== undefined && !sizes.has(revision)) sizes.set(revision, replicas);
  };
  if (isBeforeSwitch(phase)) put(candidate, candidateSize(course, input));
  if (phase === 'Aborting' && setOf(input, candidate).pods > 0) put(candidate, 0);
  if (phase === 'RollingBack') {
    put(target, Math.max(input.replicas, 0));
    put(candidate, badSize(course, input));
    // The quick way back stays until another one has been gone.
    if (serving !== target) put(warm, positive(setOf(input, warm).replicas));
    return sizes;
  }
  if (phase === 'Switching') {
    // Until the nodes have followed, requests may still reach whatever served.
    put(warm, setOf(input, warm).replicas);
    for (const [revision, { replicas }] of input.sets) put(revision, positive(replicas));
  } else if (phase === 'Watching') put(warm, positive(watchedWarm(course, input)));
  else put(warm, positive(warmAfterClaims(course, input)));
  return sizes;
}

const positive = (replicas: number) => (replicas > 0 ? replicas : undefined);

function servingSize(course: Course, input: RolloutInput): number {
  const { memory, serving } = course;
  const { phase, way, frozenReplicas, candidate } = memory;
  const { replicas } = setOf(input, serving);
  if (input.replicas === 0) return 0;
  // What was switched to in a handover stays as it is until the watch is over: the rest of the GPUs is still warm.
  if ((phase === 'Switching' || phase === 'Watching') && frozenReplicas !== undefined) {
    return Math.max(replicas, minimumOf(input, frozenReplicas));
  }
  if (phase === 'RollingBack' && memory.target !== serving) return sizeYielding(course, input);
  if (!isBeforeSwitch(phase) || phase === 'Waiting') return input.replicas;
  // It stops once the candidate's pods are there to take its GPUs, and the status has announced the downtime.
  if (way === 'Recreate')
    return input.memory?.way === 'Recreate' && input.sets.has(candidate ?? '') ? 0 : input.replicas;
  if (way !== 'Handover') return input.replicas;
  return Math.min(wantedOf(course, input), handoverRest(course, input));
}

/** Replicas of what serves in a handover: as they are, less those that the next candidate pod needs. */
function handoverRest(course: Course, input: RolloutInput): number {
  const { serving, memory } = course;
  const { capacity } = input;
  const old = setOf(input, serving);
  const candidate = setOf(input, memory.candidate);
  const both = isMixing(course, input) ? candidate.readyReplicas : 0;
  const minimum = Math.max(1, handoverMinimum(input, wantedOf(course, input)) - both);
  // A Deployment that somebody has deleted or made smaller comes back as far as it has to.
  if (old.replicas < minimum) return minimum;
  if (!asksForRoom(candidate, old) || capacity === undefined) return old.replicas;
  const counts = capacity.unknown === undefined && !isOverQuota(candidate);
  if (counts && (capacity.slots > 0 || hasFoundRoom(candidate, capacity))) return old.replicas;
  // Where nothing can be counted, the scheduler says whether one was enough.
  const gone = counts ? capacity.slotsWithoutServing.findIndex((slots) => slots > 0) : 1;
  // Only what is ready counts: a replica that does not answer does not keep the promise.
  const mayGo = Math.min(old.replicas, old.readyReplicas) - minimum;
  return gone > 0 && gone <= mayGo ? old.replicas - gone : old.replicas;
}

function candidateSize(course: Course, input: RolloutInput): number | undefined {
  const { memory } = course;
  const set = setOf(input, memory.candidate);
  const exists = input.sets.has(memory.candidate ?? '');
  if (memory.phase === 'Waiting') return exists ? 0 : undefined;
  if (input.settings.paused) return exists ? Math.min(set.replicas, wantedOf(course, input)) : undefined;
  const wanted = wantedOf(course, input);
  if (memory.way !== 'Handover') return wanted;
  if (!isProofDone(course, input)) return 1;
  // Both versions serve from here on, or the old one alone until they may: it cannot give more.
  if (isMixed(input) && wanted > 2 && !isMixing(course, input)) return Math.max(1, Math.min(wanted, set.replicas));
  if (waitsWithOne(course, input)) return 1;
  const minimum = handoverMinimum(input, wanted);
  const settled = set.availableReplicas >= set.replicas;
  const roomNow = settled && input.capacity !== undefined ? input.capacity.slots : 0;
  const next = settled ? set.replicas + Math.max(roomNow, set.replicas < minimum ? 1 : 0) : set.replicas;
  return Math.max(1, Math.min(wanted, next));
}

/** The old set while real traffic is watched: all of it, for an instant way back, unless what serves needs its GPUs. */
function watchedWarm(course: Course, input: RolloutInput): number {
  const { memory } = course;
  const target = rollbackTarget(course, input);
  const { replicas } = setOf(input, target);
  if (input.replicas === 0) return 0;
  // What serves grows first.
  const whole = setOf(input, course.serving).availableReplicas >= input.replicas;
  const follows =
    memory.frozenReplicas === undefined && replicas > 0 && (whole || input.replicas < replicas)
      ? input.replicas
      : replicas;
  const limit = Math.min(follows, memory.warmLimit ?? Number.POSITIVE_INFINITY);
  return Math.min(limit, yieldOf(course, input, target, limit));
}

function warmAfterClaims(course: Course, input: RolloutInput): number {
  const size = warmSize(course, input);
  return Math.min(size, yieldOf(course, input, rollbackTarget(course, input), size));
}

/** What the warm set keeps once what serves, the candidate and others have been given what they need of its GPUs. */
function yieldOf(course: Course, input: RolloutInput, target: string | undefined, size: number): number {
  const giver = setOf(input, target);
  const claimed = Math.min(size, leftByOthers(input));
  // While a candidate waits, what has been counted first is for that one.
  const capacity = course.memory.phase === 'Waiting' ? input.servingCapacity : input.capacity;
  const needy = [course.serving, course.memory.candidate].map((revision) => setOf(input, revision));
  const asked = needy.find((set) => asksForRoom(set, giver));
  if (asked === undefined) return claimed;
  if (needy.some(isOverQuota)) return Math.max(0, Math.min(claimed, giver.replicas - 1));
  const needed = needy.reduce((sum, { unschedulable }) => sum + unschedulable, 0);
  if (capacity === undefined || capacity.unknown !== undefined || hasFoundRoom(asked, capacity)) return claimed;
  const gone = capacity.slotsWithoutWarm.findIndex((slots) => slots > capacity.slots || slots >= needed);
  return gone < 0 ? claimed : Math.max(0, Math.min(claimed, giver.replicas - gone));
}

/** The bad version after the traffic has left it: it finishes what runs there, for as long as a rollback grants. */
function badSize(course: Course, input: RolloutInput): number | undefined {
  const { memory, serving } = course;
  const { candidate, target } = memory;
  if (candidate === undefined || serving !== target) return undefined;
  const set = setOf(input, candidate);
  if (isDrained(course, input, candidate, input.settings.rollbackDrainMs)) return set.pods > 0 ? 0 : undefined;
  return positive(set.replicas);
}
