import type { DeepSeekDeploymentStatus } from '../../../operator/api/index.ts';
import type { TrafficWatch } from '../../reconcile/traffic.ts';
import type { Stage } from '../../rollouts/stage.ts';
import type { Scenario } from './scenario.ts';

/** Something that must not be. */
export interface Finding {
  readonly oracle: 'traffic' | 'truth' | 'silence' | 'orphan' | 'end' | 'writes' | 'switches' | 'error';
  readonly detail: string;
}

/** How long what is said may lag behind what is, milliseconds: the operator learns of it by a watch. */
const LAG_MS = 3_000;
/** How long nothing is written once all is over. */
const SILENCE_MS = 700;

/** Differences that are told one by one. */
const MOST_DIFFERENCES = 12;

/** What was seen of the traffic that the way does not allow. */
export function found({ promises }: Scenario, traffic: TrafficWatch): Finding[] {
  return traffic.verdict({ keepsPods: true, keepsService: true, ...promises }).map(({ promise, detail, forMs }) => ({
    oracle: 'traffic',
    detail: `${promise}: ${detail}${forMs === undefined ? '' : ` for ${forMs} ms`}`,
  }));
}

/** Looks at each status whether it claims what is not, for longer than it takes to learn of it. */
export class StatusWatch {
  readonly findings: Finding[] = [];
  readonly #stage: Stage;
  readonly #since = new Map<string, number>();

  constructor(stage: Stage) {
    this.#stage = stage;
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

  *#wrong({ serving, conditions }: DeepSeekDeploymentStatus): Generator<string> {
    const { now } = this.#stage.traffic;
    const ready = Object.values(now?.ready ?? {}).reduce((sum, count) => sum + count, 0);
    const holds = (type: string) => conditions?.some((one) => one.type === type && one.status === 'True') === true;
    if (serving?.revision !== undefined && now?.selected !== undefined && serving.revision !== now.selected)
      yield `${serving.revision} is said to serve, ${now.selected} is selected`;
    if (holds('Available') && ready === 0) yield 'Available, without a ready endpoint';
    if (holds('Ready') && holds('Stalled')) yield 'Ready and Stalled';
  }
}

/** Whether anything is still written once all is over. */
export async function restsSilently(stage: Stage): Promise<Finding[]> {
  const before = stage.writes.length;
  await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
  return stage.writes.slice(before).map((write) => ({ oracle: 'silence', detail: `at rest it writes: ${write}` }));
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
