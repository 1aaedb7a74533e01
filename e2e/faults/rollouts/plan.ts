import { type Random, seededRandom } from '../../simulator/random.ts';

/** What an operator can meet at one of its writes. */
export const FAULTS = {
  'dies-before': 'it dies before the write is sent',
  'dies-after': 'it dies when the write is done',
  'response-lost':
    'the write is done, and the connection is closed before the answer: it is sent again, where that is safe',
  conflict: 'the write is refused with 409',
  throttled: 'the write is refused twice with 429 and Retry-After',
  error: 'the write is refused twice with 500',
  unavailable: 'the write is refused six times with 503: its pass fails',
  timeout: 'the write is answered 504, and not carried out',
  'no-answer': 'the write is carried out, and the answer comes after the call was given up',
  'late-events': 'from the write on, no watch says anything for two seconds; then all of it at once',
  'event-dropped': 'the next event is lost, until a watch expires and everything is listed again',
  'events-twice': 'the next events come twice',
  'events-reordered': 'events of one kind come two seconds after those of the others',
  'old-cache':
    'it dies after the write, and the next operator is shown the cluster as it was when the counting began, for two seconds',
  'late-leader':
    'it is cut off with the write on its way; another one takes over, and two seconds later the write arrives',
} as const;
export type FaultKind = keyof typeof FAULTS;

/** Those that every single write meets; the others are sampled by kind of write. */
export const CRASHES = ['dies-before', 'dies-after', 'response-lost'] as const satisfies readonly FaultKind[];
export type Crash = (typeof CRASHES)[number];
const OTHERS = (Object.keys(FAULTS) as FaultKind[]).filter((kind) => !isCrash(kind));

export function isCrash(kind: FaultKind): kind is Crash {
  return (CRASHES as readonly FaultKind[]).includes(kind);
}

/**
 * One run of a scenario with one fault at one of its writes. The write is told by its kind and by which of them it is: writes of
 * different kinds change places with the speed of the machine.
 */
export interface Plan {
  readonly scenario: string;
  readonly kind: FaultKind;
  /** As `kindOfWrite` says it. */
  readonly write: string;
  /** Which of the writes of this kind, from 1. */
  readonly nth: number;
}

/** One name for it in reports: it can be run again by this alone. */
export function nameOf({ scenario, kind, write, nth }: Plan): string {
  return `${scenario}; ${kind}; ${write} #${nth}`;
}

/** The plan of this name; undefined: it is none. */
export function planOf(name: string): Plan | undefined {
  const [, scenario = '', kind = '', write = '', nth = ''] = /^(.+); ([a-z-]+); (.+) #(\d+)$/.exec(name) ?? [];
  return kind in FAULTS ? { scenario, kind: kind as FaultKind, write, nth: Number(nth) } : undefined;
}

/** A write without what differs between runs: the hash of a revision, the name of a pod. */
export function kindOfWrite(write: string): string {
  const [verb = '', kind = '', name = ''] = write.split(' ');
  const own = name.replace(/^(chat|other)-[a-z0-9]{10}(?=$|\/|-)/, '$1-REVISION');
  return `${verb} ${kind} ${kind === 'Pod' ? 'POD' : own}`;
}

/** A scenario, and the writes of its undisturbed run in their order, as `verb Kind name`. */
export interface Recorded {
  readonly scenario: string;
  readonly writes: readonly string[];
}

/**
 * Every plan for these scenarios: each crash at each write of each scenario, and each other fault at each kind of write, at one of its
 * kind that the seed picks among all scenarios.
 */
export function plansFor(recorded: readonly Recorded[], seed: number): Plan[] {
  const points = recorded.flatMap(({ scenario, writes }) =>
    writes.map(kindOfWrite).map((write, index, kinds) => {
      const nth = kinds.slice(0, index + 1).filter((kind) => kind === write).length;
      return { scenario, write, nth };
    }),
  );
  const random = seededRandom(seed);
  const others = [...new Set(points.map(({ write }) => write))].sort().flatMap((write) => {
    const alike = points.filter((point) => point.write === write);
    return OTHERS.map((kind) => ({ kind, point: alike[Math.floor(random() * alike.length)] }));
  });
  return [
    ...points.flatMap((point) => CRASHES.map((kind) => ({ ...point, kind }))),
    ...others.flatMap(({ kind, point }) => (point === undefined ? [] : [{ ...point, kind }])),
  ];
}

/** So many of the plans, by the seed: of each scenario and of each fault about as many. */
export function sample(plans: readonly Plan[], count: number, seed: number): Plan[] {
  const random = seededRandom(seed);
  const left = shuffled(plans, random);
  const used = new Map<string, number>();
  const usedOf = ({ scenario, kind }: Plan) => (used.get(scenario) ?? 0) + (used.get(kind) ?? 0);
  const chosen: Plan[] = [];
  while (chosen.length < count && left.length > 0) {
    const rarest = left.reduce((best, plan, index) => (usedOf(plan) < usedOf(left[best] ?? plan) ? index : best), 0);
    const [plan] = left.splice(rarest, 1);
    if (plan === undefined) break;
    chosen.push(plan);
    for (const key of [plan.scenario, plan.kind]) used.set(key, (used.get(key) ?? 0) + 1);
  }
  return chosen;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
