import type { DeepSeekDeploymentStatus } from '../../../operator/api/index.ts';
import type { Moment, Promises, TrafficWatch } from '../../reconcile/traffic.ts';
import type { Stage } from '../../rollouts/stage.ts';

/** Something that must not be. */
export interface Finding {
  readonly oracle: 'traffic' | 'truth' | 'silence' | 'orphan' | 'end' | 'writes' | 'switches' | 'error';
  readonly detail: string;
}

/** How long what is said may lag behind what is, milliseconds: the operator learns of it by a watch. */
const LAG_MS = 3_000;
/** How long nothing is written once all is over. */
const SILENCE_MS = 700;
/** What may have been put off at rest is due by then. */
const LATER_MS = 600_000;
/** A change of the status that says little waits two seconds for company (controller/settling.ts). */
const LATER_SILENCE_MS = 2_500;
/** Writes beyond twice those of the undisturbed run. */
const MORE_WRITES = 1;
/** Events beyond that: of one that dies the next one may tell once more. */
const MORE_EVENTS = 5;

/** Differences that are told one by one. */
const MOST_DIFFERENCES = 12;

/** What was seen of the traffic that the way does not allow. */
export function found(promises: Promises, traffic: Pick<TrafficWatch, 'verdict'>): Finding[] {
  const kept = traffic.verdict({ keepsPods: true, keepsService: true, keepsShares: true, ...promises });
  return kept.map(({ promise, detail, forMs }) => ({
    oracle: 'traffic',
    detail: `${promise}: ${detail}${forMs === undefined ? '' : ` for ${forMs} ms`}`,
  }));
}

/** Whether two models had more GPUs at one moment than there are; each `moments` in the order of time. */
export function tooManyTogether(
  gpus: number,
  one: readonly Pick<Moment, 'at' | 'gpus'>[],
  other: readonly Pick<Moment, 'at' | 'gpus'>[],
): Finding[] {
  const count = (moment: Pick<Moment, 'gpus'> | undefined) =>
    Object.values(moment?.gpus ?? {}).reduce((sum, more) => sum + more, 0);
  const together = [...one, ...other].map(({ at }) => {
    const last = (moments: readonly Pick<Moment, 'at' | 'gpus'>[]) => moments.findLast((moment) => moment.at <= at);
    return count(last(one)) + count(last(other));
  });
  const most = Math.max(0, ...together);
  return most > gpus ? [{ oracle: 'traffic', detail: `${most} GPUs of two models, there are ${gpus}` }] : [];
}

/** Looks at each status whether it claims what is not, for longer than it takes to learn of it. */
export class StatusWatch {
  readonly findings: Finding[] = [];
  readonly #traffic: Pick<TrafficWatch, 'now'>;
  readonly #since = new Map<string, number>();

  constructor({ traffic }: { readonly traffic: Pick<TrafficWatch, 'now'> }) {
    this.#traffic = traffic;
  }

  look(status: DeepSeekDeploymentStatus): void {
    const claims = new Set(this.#wrong(status));
    for (const claim of this.#since.keys()) if (!claims.has(claim)) this.#since.delete(claim);
    for (const claim of claims) {
      const since = this.#since.get(claim) ?? performance.now();
      this.#since.set(claim, since);
      if (performance.now() - since > LAG_MS && !this.findings.some(({ detail }) => detail === claim))
        this.findings.push({ oracle: 'truth', detail: claim });
    }
  }

  /** Until now nobody could have known better. */
  excuse(): void {
    this.#since.clear();
  }

  *#wrong({ serving, conditions }: DeepSeekDeploymentStatus): Generator<string> {
    const { now } = this.#traffic;
    const ready = Object.values(now?.ready ?? {}).reduce((sum, count) => sum + count, 0);
    const holds = (type: string) => conditions?.some((one) => one.type === type && one.status === 'True') === true;
    if (serving?.revision !== undefined && now?.selected !== undefined && serving.revision !== now.selected)
      yield `${serving.revision} is said to serve, ${now.selected} is selected`;
    if (holds('Available') && ready === 0) yield 'Available, without a ready endpoint';
    if (holds('Ready') && holds('Stalled')) yield 'Ready and Stalled';
  }
}

/** Whether anything is still written once all is over, also when time goes on, unless somebody else does. */
export async function restsSilently(stage: Stage, { goesOn = false } = {}): Promise<Finding[]> {
  const findings: Finding[] = [];
  const listen = async (when: string, passesMs: number, forMs: number): Promise<void> => {
    const before = { writes: stage.writes.length, events: stage.events };
    stage.clock.advance(passesMs);
    await new Promise((resolve) => setTimeout(resolve, forMs));
    const heard = stage.writes.slice(before.writes).map((write) => `${when} it writes: ${write}`);
    if (stage.events > before.events) heard.push(`${when} it tells of ${stage.events - before.events} events`);
    findings.push(...heard.map((detail) => ({ oracle: 'silence', detail }) as const));
  };
  await listen('at rest', 0, SILENCE_MS);
  if (!goesOn) await listen('ten minutes later', LATER_MS, LATER_SILENCE_MS);
  return findings;
}

/** Whether a run has written more than the undisturbed one explains: a fault may make one write come twice. */
export function excess(is: Counted, undisturbed: Counted): Finding[] {
  const mostWrites = 2 * undisturbed.writes.length + MORE_WRITES;
  const mostEvents = 2 * undisturbed.events + MORE_EVENTS;
  const findings: Finding[] = [];
  if (is.writes.length > mostWrites)
    findings.push({ oracle: 'writes', detail: `${is.writes.length} writes, at most ${mostWrites}` });
  if (is.events > mostEvents) findings.push({ oracle: 'writes', detail: `${is.events} events, at most ${mostEvents}` });
  return findings;
}

/** What a run has written. */
export interface Counted {
  readonly writes: readonly string[];
  readonly events: number;
}

/** Every value of an object, with its path. Which of the two reasons of a dead engine is seen first is a matter of milliseconds. */
function leaves(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null)
    return [`${path} = ${String(value).replace('LostReadiness', 'CrashLoop')}`];
  return Object.entries(value).flatMap(([key, member]) => leaves(member, `${path}/${key}`));
}

/** What differs between the end of a run and that of the undisturbed one; where there is a lot, the first of it. */
export function differences(is: object, should: object): Finding[] {
  const [have, want] = [leaves(is), leaves(should)];
  const all = [
    ...want.filter((leaf) => !have.includes(leaf)).map((leaf) => `lacks ${leaf}`),
    ...have.filter((leaf) => !want.includes(leaf)).map((leaf) => `has ${leaf}`),
  ];
  const more = all.length > MOST_DIFFERENCES ? [`${all.length - MOST_DIFFERENCES} more`] : [];
  return [...all.slice(0, MOST_DIFFERENCES), ...more].map((detail) => ({ oracle: 'end', detail }));
}
