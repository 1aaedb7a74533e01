import type { RolloutWay } from '../../api/index.ts';
import type { CapacityReading } from '../capacity/types.ts';
import { type Course, gpusOf, setOf } from './course.ts';
import { handoverMinimum, isMixed } from './mixed.ts';
import type { RolloutInput } from './types.ts';
import { leavingLimitMs } from './leaving.ts';
import { warmSize } from './warm.ts';

/** How long a way that the scheduler did not carry through is not tried again. */
export const FORGET_MISSED_MS = 300_000;

/** What is known when a way is chosen. */
export interface WayQuestion {
  readonly reading: CapacityReading;
  readonly replicas: number;
  /** Ready replicas of what serves. */
  readonly servingReplicas: number;
  /** Pods of the old set that may give their GPUs. */
  readonly warmReplicas: number;
  /** Fewest replicas that have to serve in a handover. */
  readonly minimum: number;
  readonly strategy: 'BlueGreen' | 'Canary' | 'Recreate';
  /** rollout.whenCapacityIsShort, without those that were missed a moment ago. */
  readonly ways: readonly RolloutWay[];
  /** Both versions serve in a handover. */
  readonly mixed?: boolean;
  /** Pods of an older version are ending and hold GPUs. */
  readonly leaving?: boolean;
  /** The old version was stopped for this one a moment ago, in vain. */
  readonly recreateMissed?: boolean;
  /** Why a handover may not begin now (load); absent: it may. */
  readonly handoverBarred?: string | undefined;
}

/** The way that a candidate gets its GPUs, or why it waits. */
export interface WayChoice {
  readonly way: RolloutWay;
  /** Warm replicas that give their GPUs first. */
  readonly warmGives: number;
  /** GPUs that the candidate needs beside what serves, for people and for the status. */
  readonly neededGpus: number;
  readonly freeGpus?: number;
  /** Why this way, and for Wait what is missing and which way would proceed. */
  readonly message: string;
}

/**
 * Chooses the way: both versions beside each other where they fit, else the first of `ways` that is possible now.
 */
export function chooseWay(question: WayQuestion): WayChoice {
  const { reading, replicas, strategy, ways } = question;
  const { gpusPerReplica, placed, freeGpus, unknown } = reading;
  const neededGpus = replicas * gpusPerReplica;
  const choose = (way: RolloutWay, message: string, warmGives = 0): WayChoice => ({
    way,
    warmGives,
    neededGpus,
    ...(unknown === undefined && { freeGpus }),
    message,
  });
  if (strategy === 'Recreate') {
    const obstacle = recreateObstacle(question);
    if (obstacle !== undefined) return choose('Wait', `The old version goes on: ${obstacle}.`);
    return choose('Recreate', 'rollout.strategy is Recreate: the old version stops first.');
  }
  if (unknown !== undefined && ways.includes('Full')) {
    return choose('Full', `Free GPUs cannot be counted (${unknown}): the scheduler decides.`);
  }
  const missing = Math.max(0, replicas - placed);
  const warmGives = reading.slotsWithoutWarm.findIndex((slots) => Math.max(slots, reading.slots) >= missing);
  if (reading.slots >= missing && ways.includes('Full')) return choose('Full', 'Both versions fit beside each other.');
  if ((warmGives === 0 || question.leaving === true) && ways.includes('Full')) {
    return choose('Wait', 'Pods of an older version are ending: their GPUs are waited for.');
  }
  if (warmGives > 0 && ways.includes('Full')) {
    return choose(
      'Full',
      `Both versions fit once ${counted(warmGives, 'warm replica')} of the old one ${warmGives === 1 ? 'has' : 'have'} gone.`,
      warmGives,
    );
  }
  const verdicts = new Map<RolloutWay, string | undefined>([
    ['Provision', reading.autoscaler === undefined ? 'nothing that buys nodes was found' : undefined],
    ['Handover', handoverObstacle(question)],
    ['Recreate', recreateObstacle(question)],
    ['Wait', undefined],
  ]);
  for (const way of ways) {
    if (way === 'Full' || verdicts.get(way) !== undefined) continue;
    if (way === 'Wait') break;
    return choose(way, WHY[way](question), way === 'Handover' ? question.warmReplicas : 0);
  }
  return choose('Wait', waitMessage(question, verdicts, neededGpus));
}

const WHY: Readonly<Record<'Provision' | 'Handover' | 'Recreate', (question: WayQuestion) => string>> = {
  Provision: ({ reading }) => `Its pods wait for nodes that ${reading.autoscaler ?? 'an autoscaler'} buys.`,
  Handover: ({ minimum, replicas }) =>
    `GPUs are handed over one replica at a time; at least ${minimum} of ${replicas} replicas serve meanwhile.`,
  Recreate: () => 'The old version stops first: nothing answers until the new one has loaded.',
};

function handoverObstacle({
  reading,
  replicas,
  minimum,
  mixed,
  handoverBarred,
  servingReplicas,
}: WayQuestion): string | undefined {
  if (replicas < 2) return 'a handover needs at least 2 replicas';
  if (servingReplicas < minimum)
    return minimum === 1
      ? 'of what serves no replica is ready, and 1 has to be'
      : `of what serves ${servingReplicas} of the ${minimum} replicas that have to be ready are`;
  if (reading.unknown !== undefined) return handoverBarred;
  const all = reading.slotsWithoutServing;
  const missing = (count: number) => Math.max(0, count - reading.placed);
  const mayGo = Math.max(0, servingReplicas - minimum);
  if ((all.at(-1) ?? 0) < missing(replicas)) {
    return 'the GPUs of what serves are of no use to it, or too few';
  }
  if (mixed) {
    // With n of the old ones gone, n of the new ones have to serve before the next one goes.
    const short = Array.from({ length: minimum }, (_, n) => n + 1).find((n) => (all[n] ?? 0) + reading.placed < n);
    if (short === undefined) return handoverBarred;
    return `with ${short} replicas of what serves gone, fewer than ${short} of the new version fit (handover.mixedVersions)`;
  }
  if ((all[Math.min(mayGo, all.length - 1)] ?? 0) < missing(minimum)) {
    return `with ${mayGo} replicas of what serves gone, fewer than ${minimum} of the new version fit (handover.minAvailablePercent)`;
  }
  return handoverBarred;
}

function recreateObstacle({
  reading,
  replicas,
  recreateMissed,
  minimum,
  servingReplicas,
}: WayQuestion): string | undefined {
  if (recreateMissed === true) return 'Recreate was tried a moment ago, and the new version did not get its GPUs';
  if (servingReplicas > 0 && servingReplicas < minimum) return 'it is not back at its size after the last try';
  if (reading.unknown !== undefined) return undefined;
  const fits = (reading.slotsWithoutServing.at(-1) ?? 0) + reading.placed;
  return fits >= replicas
    ? undefined
    : `even without the old version only ${fits} of ${counted(replicas, 'replica')} fit`;
}

function waitMessage(
  { reading, replicas, ways }: WayQuestion,
  verdicts: ReadonlyMap<RolloutWay, string | undefined>,
  neededGpus: number,
): string {
  const { freeGpus, slots, gpusPerReplica, reservedBy } = reading;
  const room = `${Math.min(slots, replicas)} of ${counted(replicas, 'replica')}`;
  const unit =
    gpusPerReplica === 0
      ? ''
      : ` (GPUs: ${freeGpus} free, ${neededGpus} needed, ${gpusPerReplica} on one node for each replica)`;
  const holders = reservedBy.map(({ holder, gpus }) => `${counted(gpus, 'GPU')} reserved for the rollout of ${holder}`);
  const would = (['Provision', 'Handover', 'Recreate'] as const).filter((way) => verdicts.get(way) === undefined);
  const listed = would.filter((way) => !ways.includes(way));
  const others = (['Provision', 'Handover', 'Recreate'] as const)
    .filter((way) => ways.includes(way) && verdicts.get(way) !== undefined)
    .map((way) => `${way} cannot: ${verdicts.get(way) ?? ''}`);
  const hint =
    listed.length > 0
      ? `${listed.join(' or ')} would proceed, if rollout.whenCapacityIsShort listed it`
      : 'it goes on by itself when GPUs become free';
  return `There is room for ${room}${unit}. ${[...holders, ...others, hint].join('; ')}.`;
}

/** Chooses the way for the candidate of a rollout. Undefined: nothing is known of the capacity yet. */
export function wayOf(course: Course, input: RolloutInput): WayChoice | undefined {
  const { settings, replicas, capacity } = input;
  const { memory, serving, previous } = course;
  if (capacity === undefined) return undefined;
  const reading = capacity;
  const missed = missedOf(course, input);
  const ways: RolloutWay[] = ['Full', ...settings.ways];
  return chooseWay({
    reading: { ...reading, gpusPerReplica: gpusOf(input, memory.candidate) },
    replicas,
    servingReplicas: setOf(input, serving).readyReplicas,
    warmReplicas: warmSize(course, input),
    minimum: handoverMinimum(input, replicas),
    mixed: isMixed(input) && replicas > 2,
    strategy: settings.strategy,
    ways: ways.filter((way) => way === 'Wait' || !missed.includes(way)),
    handoverBarred: barred(input),
    leaving: isLeaving(course, input),
    recreateMissed: missed.includes('Recreate'),
    ...(previous === undefined && { warmReplicas: 0 }),
  });
}

/** The ways that are not tried again for now. */
export function missedOf(
  { memory }: Pick<Course, 'memory'>,
  { now }: Pick<RolloutInput, 'now'>,
): readonly RolloutWay[] {
  return now < memory.since + FORGET_MISSED_MS ? (memory.missed ?? []) : [];
}

/** Whether pods of a third revision, which was superseded, still hold their GPUs; not for ever: on a dead node they never end. */
function isLeaving({ memory, serving }: Course, input: RolloutInput): boolean {
  if (input.now >= memory.since + leavingLimitMs(input.settings)) return false;
  const known = [serving, memory.candidate];
  return [...input.sets].some(
    ([hash, { pods, terminating, replicas }]) =>
      !known.includes(hash) && pods > 0 && (terminating > 0 || replicas === 0),
  );
}

/** A handover that would overload the rest is not begun. */
function barred(input: RolloutInput): string | undefined {
  const { observed, concurrencyPerReplica, replicas } = input;
  const { load } = observed;
  if (load === undefined || load === 'Unknown' || concurrencyPerReplica === undefined) return undefined;
  const minimum = handoverMinimum(input, replicas);
  const carries = Math.floor(minimum * concurrencyPerReplica);
  const now = load.running + load.waiting;
  // Without the count, which is another one at each look.
  return now <= carries
    ? undefined
    : `more requests run or wait than the ${carries} that ${minimum} replicas carry at once`;
}

/** Which way is taken, and what it costs the warm set. Only called once a way is open. */
export function admissionOf(
  course: Course,
  input: RolloutInput,
): { readonly way: RolloutWay; readonly warmLimit?: number } {
  const choice = wayOf(course, input);
  const { warmLimit } = course.memory;
  const way = choice?.way ?? 'Full';
  const warm = warmSize(course, input);
  if ((choice?.warmGives ?? 0) > 0) return { way, warmLimit: Math.max(0, warm - (choice?.warmGives ?? 0)) };
  return { way, ...(warmLimit !== undefined && { warmLimit }) };
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
