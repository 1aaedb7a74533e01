import type { Cluster } from '../../../hack/cluster/index.ts';
import type { Credentials } from '../../../operator/kube/credentials.ts';
import {
  errorEvent,
  type Fault,
  type FaultProxy,
  type ProxiedRequest,
  type WatchLine,
} from '../../../operator/kube/testing/fault-proxy.ts';
import type { Accident, KillableOperator, KillableOptions, Sent } from '../../rollouts/killable-operator.ts';
import { ARRIVAL_LIMIT_MS, type LateWrite } from '../../rollouts/late-write.ts';
import type { Stage } from '../../rollouts/stage.ts';
import { type WayThroughProxy, wayThroughProxy } from '../../rollouts/way-through-proxy.ts';
import { seededRandom } from '../../simulator/random.ts';
import { type FaultKind, kindOfWrite, nameOf, type Plan } from './plan.ts';

/** How long an operator waits for one call. */
const CALL_TIMEOUT_MS = 1_500;
/** How long events are held back. */
const HELD_MS = 2_000;
/** Events that come twice. */
const TWICE = 20;

const refuse = (status: number, reason: string, retryAfterSeconds?: number): Fault => ({
  kind: 'respond',
  status,
  reason,
  ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
});

/** What the write meets, and how often in a row: one call asks several times. */
const ANSWERS: Partial<Record<FaultKind, { readonly fault: Fault; readonly times: number }>> = {
  'response-lost': { fault: { kind: 'lose-response' }, times: 1 },
  conflict: { fault: refuse(409, 'Conflict'), times: 1 },
  throttled: { fault: refuse(429, 'TooManyRequests', 1), times: 2 },
  error: { fault: refuse(500, 'InternalError'), times: 2 },
  unavailable: { fault: refuse(503, 'ServiceUnavailable'), times: 6 },
  timeout: { fault: refuse(504, 'Timeout'), times: 1 },
  'no-answer': { fault: { kind: 'hold', ms: 2 * CALL_TIMEOUT_MS }, times: 1 },
};

/** Kinds whose events come late: one of them, by the seed. */
const KINDS = ['deployments', 'pods', 'endpointslices', 'services', 'deepseekdeployments'] as const;

const isEvent = ({ text }: WatchLine): boolean => !text.startsWith('{"type":"BOOKMARK"') && text !== '';
const listKey = ({ path, query }: Pick<ProxiedRequest, 'path' | 'query'>): string =>
  `${path}?${query.get('labelSelector') ?? ''}&${query.get('fieldSelector') ?? ''}`;

/** What stands between the operators of one run and the API server, and the one thing that it does to them. */
export class Trouble {
  /** Whether it has happened: a fault that never fired has proved nothing. */
  struck = false;
  /** The fault goes on: nothing is at its end. */
  isUnderWay = false;
  /** What now keeps operators from knowing how things are. */
  #blindfolds = 0;
  readonly #plan: Plan | undefined;
  readonly #seed: number;
  readonly #proxy: FaultProxy;
  readonly #credentials: Credentials;
  readonly #lists = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #stage: Stage | undefined;
  /** Writes of the plan's kind so far. */
  #alike = 0;
  #pending: Promise<unknown> = Promise.resolve();

  static async begin(cluster: Cluster, plan: Plan | undefined, seed: number): Promise<Trouble> {
    return new Trouble(plan, seed, await wayThroughProxy(cluster, 'faults'));
  }

  private constructor(plan: Plan | undefined, seed: number, { proxy, credentials }: WayThroughProxy) {
    this.#plan = plan;
    this.#seed = seed;
    this.#proxy = proxy;
    this.#credentials = credentials;
  }

  /** Whether no operator can know how things are. */
  get blinds(): boolean {
    return this.#blindfolds > 0;
  }

  /** How the operators of the run connect. */
  get options(): Partial<KillableOptions> {
    return {
      credentials: this.#credentials,
      callTimeoutMs: CALL_TIMEOUT_MS,
      onWrite: (write, sent) => this.#onWrite(write, sent),
    };
  }

  /** From now on writes are counted, and the fault comes at its own. */
  async arm(stage: Stage): Promise<void> {
    if (this.#plan?.kind === 'old-cache') await this.#rememberLists();
    stage.countHere();
    this.#stage = stage;
  }

  /** Before the operator that follows a dead one lists anything. */
  onReplace(): void {
    if (this.#plan?.kind !== 'old-cache' || this.#lists.size === 0) return;
    const isOld = (request: ProxiedRequest) => request.isList && this.#lists.has(listKey(request));
    const rule = this.#proxy.inject({
      match: isOld,
      times: Number.POSITIVE_INFINITY,
      fault: (request) => ({ kind: 'stream', lines: [this.#lists.get(listKey(request)) ?? ''] }),
    });
    this.#holdBack(
      () => true,
      () => rule.remove(),
    );
  }

  async close(): Promise<void> {
    await this.#pending;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#proxy.close();
  }

  #onWrite(write: string, sent: Sent): Accident | undefined {
    if (this.#stage === undefined || this.#plan === undefined) return undefined;
    if (kindOfWrite(write) !== this.#plan.write || ++this.#alike !== this.#plan.nth) return undefined;
    const { kind } = this.#plan;
    const answer = ANSWERS[kind];
    if (answer !== undefined) this.#answer(sent, answer);
    switch (kind) {
      case 'dies-before':
      case 'dies-after':
        this.struck = true;
        return kind;
      case 'old-cache':
        this.struck = true;
        return 'dies-after';
      case 'late-leader':
        this.#proxy.freezeWatches();
        return this.#overtaken(this.#stage);
      case 'late-events':
        this.#holdBack(() => true);
        break;
      case 'events-reordered': {
        const random = seededRandom(this.#seed, nameOf(this.#plan));
        const held = KINDS[Math.floor(random() * KINDS.length)] ?? 'pods';
        this.#holdBack(({ request }) => request.path.endsWith(`/${held}`));
        break;
      }
      case 'events-twice':
        this.#repeat();
        break;
      case 'event-dropped':
        this.#drop();
        break;
      default:
    }
    return undefined;
  }

  #answer({ method, path }: Sent, { fault, times }: { readonly fault: Fault; readonly times: number }): void {
    const strike = (): Fault => {
      this.struck = true;
      // Who waits for an answer tells of nothing else.
      if (fault.kind === 'hold') this.#blindFor(fault.ms);
      return fault;
    };
    const match = (request: ProxiedRequest): boolean => request.method === method && request.path === path;
    this.#proxy.inject({ match, fault: strike, times });
  }

  /**
   * Another operator takes over while a write of the old one is on its way, and has been at work for a while when that arrives. The old
   * one begins no other meanwhile: a leader stops writing before its Lease is free (operator/kube/leader-election.ts).
   */
  #overtaken(stage: Stage): LateWrite {
    const arrival = Promise.withResolvers<undefined>();
    const until = this.#overtake(stage);
    const end = async (): Promise<void> => {
      const old = await until;
      await Promise.race([arrival.promise, this.#pause(ARRIVAL_LIMIT_MS)]);
      await old.stop();
    };
    this.#during(end());
    const onArrival = (): void => {
      this.struck = true;
      arrival.resolve(undefined);
    };
    return { until, onArrival };
  }

  /** Returns the one that is overtaken. */
  async #overtake(stage: Stage): Promise<KillableOperator> {
    stage.operator.fence();
    this.#blindfolds += 1;
    const old = await stage.overtake();
    this.#blindfolds -= 1;
    await this.#pause(HELD_MS);
    return old;
  }

  #during(work: Promise<unknown>): void {
    this.isUnderWay = true;
    this.#pending = work.finally(() => {
      this.isUnderWay = false;
    });
    // `close` says it.
    this.#pending.catch(() => undefined);
  }

  /** Holds lines back for two seconds; then all of them come, in their order. */
  #holdBack(which: (line: WatchLine) => boolean, atEnd: () => void = () => undefined): void {
    const held: WatchLine[] = [];
    this.#blindFor(HELD_MS);
    this.#proxy.tamperWatches((line) => {
      if (which(line)) {
        held.push(line);
        this.struck ||= isEvent(line);
      } else line.deliver(line.text);
    });
    this.#after(HELD_MS, () => {
      this.#proxy.tamperWatches(undefined);
      for (const { text, deliver } of held) deliver(text);
      atEnd();
    });
  }

  #repeat(): void {
    let left = TWICE;
    this.#proxy.tamperWatches((line) => {
      line.deliver(line.text);
      if (left <= 0 || !isEvent(line)) return;
      left -= 1;
      this.struck = true;
      line.deliver(line.text);
    });
  }

  /** Loses one event; the watch that lacks it expires two seconds later. */
  #drop(): void {
    let isLost = false;
    this.#proxy.tamperWatches((line) => {
      if (isLost || !isEvent(line)) {
        line.deliver(line.text);
        return;
      }
      isLost = true;
      this.struck = true;
      this.#blindFor(HELD_MS);
      this.#after(HELD_MS, () => line.deliver(errorEvent(410, 'Expired')));
    });
  }

  /** Keeps every list that the operator has asked for, as it would be answered now. */
  async #rememberLists(): Promise<void> {
    const asked = new Map(this.#proxy.requests.filter(({ isList }) => isList).map((list) => [listKey(list), list]));
    for (const [key, { path, query }] of asked) {
      const fresh = new URLSearchParams();
      for (const name of ['labelSelector', 'fieldSelector']) {
        const value = query.get(name);
        if (value !== null) fresh.set(name, value);
      }
      const answer = await fetch(`${this.#proxy.url}${path}?${fresh.toString()}`, {
        signal: AbortSignal.timeout(10_000),
      });
      if (answer.ok) this.#lists.set(key, (await answer.text()).trim());
    }
  }

  /** For so many milliseconds no operator can know how things are. */
  #blindFor(ms: number): void {
    this.#blindfolds += 1;
    this.#after(ms, () => {
      this.#blindfolds -= 1;
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#after(ms, resolve));
  }

  #after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }
}
