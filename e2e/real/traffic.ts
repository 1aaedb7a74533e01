import { afterAll, beforeAll, expect } from '@jest/globals';
import { Agent, request } from 'undici';
import { readAudit } from '../../hack/cluster/index.ts';
import { eventually } from '../support/index.ts';
import { lossesAtRest } from './at-rest.ts';
import { between, describeLosses, Load, type LoadResult, type Loss } from './load.ts';
import { FULL, PATIENCE, type Pod, SMALL, type Stage } from './stage.ts';

/** Clients of every kind, 30 at once; streams of 5 s. */
export const CLIENTS = { callers: 8, pooled: 12, streams: 10, streamTokens: 50 } as const;
/** 200 streams of 60 to 300 s, 50 calls per second, and the pool (BG-X6 of docs/conformance.md). */
export const MANY_CLIENTS = {
  ...{ callers: 0, callsPerSecond: 50, pooled: 12 },
  ...{ streams: 200, streamTokens: 600, longestStreamTokens: 3_000 },
} as const;
/** All of them at once, with streams of 60 s. */
export const LONG_CLIENTS = { ...CLIENTS, streams: 30, streamTokens: 600 } as const;
/** Streams of 60 s beside the clients through a switch and a warm rollback; `TRAFFIC_STREAMS=200` makes as many of them as BG-X6 asks for. */
const LONG_STREAMS = {
  ...{ callers: 0, pooled: 0 },
  ...{ streams: Number(process.env['TRAFFIC_STREAMS'] ?? 30), streamTokens: 600 },
} as const;
/** Of a test. */
export const LIMIT_MS = FULL ? 1_500_000 : 600_000;
/** Answers of each kind of client after an event. */
const AROUND = 10;

type Clients = typeof CLIENTS | typeof MANY_CLIENTS | typeof LONG_CLIENTS;

export const NAME = 'chat';
const PODS = `deepseek-operator.io/name=${NAME}`;
const REVISION = 'deepseek-operator.io/revision';

/** What ends pods, in seconds. */
export interface Termination {
  readonly preStopDelay: number;
  readonly drainDeadline: number;
  readonly rollbackDrain: number;
}

/** A version that is taken back has as long as its streams of 60 s need. */
export const TERMINATION: Termination = { preStopDelay: 6, drainDeadline: 90, rollbackDrain: 90 };

export interface Changes {
  readonly env?: Readonly<Record<string, string>>;
  /** Members of `rollout`. */
  readonly rollout?: object;
  readonly watch?: string;
  readonly autoscaling?: object;
  readonly termination?: Termination;
}

/** A version of the model; what differs in the environment makes a new revision. */
export const version = (
  number: number,
  { env = {}, rollout = {}, watch = '10s', autoscaling, termination = TERMINATION }: Changes = {},
): object => ({
  ...SMALL,
  replicas: 2,
  ...(autoscaling && { autoscaling }),
  engine: {
    env: Object.entries({ VERSION: String(number), SIMULATOR_INTER_TOKEN_LATENCY: '0.1', ...env }).map(
      ([name, value]) => ({ name, value }),
    ),
  },
  termination: Object.fromEntries(Object.entries(termination).map(([name, seconds]) => [name, `${seconds}s`])),
  rollout: {
    proof: { warmUpRequests: 1, pairedRequests: 0 },
    gates: [{ metric: 'TimeToFirstToken', quantile: '0.5', max: '0.7' }],
    watch: { duration: watch, minRequests: 300, onNoData: 'AcceptUnproven' },
    rollbackWindow: '1s',
    ...rollout,
  },
});

/** What was measured, for people; at once, since a run takes minutes. */
export const tell = (line: string): void => void process.stderr.write(`traffic: ${line}\n`);

/** A model with two replicas on a stage, and clients that ask it all the time. */
export class Traffic {
  readonly #stage: Stage;
  readonly #namespace: string;
  #load: Load | undefined;
  #url = '';
  #seen: LoadResult = { sent: { call: 0, pooled: 0, stream: 0 }, losses: [] };
  #begun = 0;
  /** What the load loses by itself. */
  #control = 0;

  constructor(stage: Stage, namespace: string) {
    this.#stage = stage;
    this.#namespace = namespace;
  }

  /** Where the model answers. */
  get url(): string {
    return this.#url;
  }

  get control(): number {
    return this.#control;
  }

  async start(clients: Clients, first: object): Promise<void> {
    await this.#stage.kubectl(['create', 'namespace', this.#namespace]);
    await this.declare(first);
    await this.#stage.ready(this.#namespace, NAME);
    this.#url = await this.#stage.url(this.#namespace, NAME);
    this.#load = new Load({ url: this.#url, model: NAME, ...clients });
    this.#begun = performance.now();
    await this.#load.more(2 * AROUND, AbortSignal.timeout(LIMIT_MS));
    this.#control = this.#since('control, nothing happens').losses.length;
  }

  /** Lets what runs end: the last event is over, but not all requests that it has met. Gives what was lost of them, for people. */
  async end(): Promise<readonly string[]> {
    const load = this.#loadOrThrow();
    await load.stop();
    const what = 'after the last event';
    return describeLosses(await this.#lostOf(what, this.#since(what).losses, load.startedAt));
  }

  async stop(): Promise<void> {
    await this.#load?.stop();
    await this.#stage.kubectl(['delete', 'namespace', this.#namespace, '--wait=false']);
    await this.#stage.kubectl(['delete', 'pods', '-n', this.#namespace, '--all', '--force', '--grace-period=0']);
  }

  /** Runs something under load; no more may be lost than the control run has lost, and the node loses at rest. */
  async under(what: string, event: () => Promise<void>): Promise<void> {
    const load = this.#loadOrThrow();
    let result: LoadResult | undefined;
    try {
      await event();
      await load.more(AROUND, AbortSignal.timeout(LIMIT_MS));
    } finally {
      result = this.#since(what);
    }
    expect(describeLosses(await this.#lostOf(what, result.losses, load.startedAt))).toEqual([]);
  }

  /** The same beside streams of 60 s, all of which run when the event begins. */
  async underLongStreams(what: string, event: () => Promise<void>): Promise<void> {
    // They are in the load already.
    if (FULL) return this.under(what, event);
    const load = new Load({ url: this.#url, model: NAME, ...LONG_STREAMS });
    try {
      await eventually(async () => {
        const pods = await this.pods(await this.serving());
        const requests = await Promise.all(pods.map(({ status }) => this.requestsOf(status.podIP ?? '')));
        const running = requests.reduce((sum, one) => sum + one.running, 0);
        expect(running).toBeGreaterThanOrEqual(CLIENTS.streams + LONG_STREAMS.streams);
      }, PATIENCE);
      await this.under(what, event);
    } finally {
      await load.stop();
    }
    const { sent, losses } = load.sofar();
    tell(`${what}: ${losses.length} lost of ${sent.stream} streams of 60 s, ${LONG_STREAMS.streams} at once`);
    expect(describeLosses(await this.#lostOf(what, losses, load.startedAt))).toEqual([]);
  }

  #loadOrThrow(): Load {
    if (this.#load === undefined) throw new Error('There is no load: the model did not start.');
    return this.#load;
  }

  /** What was lost by the event: nothing, where it is no more than the control run has lost, and the node loses at rest. */
  async #lostOf(what: string, losses: readonly Loss[], began: number): Promise<readonly Loss[]> {
    if (losses.length <= this.#control) return [];
    const entries = await readAudit(this.#stage.cluster.auditLog);
    const own = lossesAtRest(losses, { entries, namespace: this.#namespace, began });
    if (own.length > 0) tell(`${what}: ${own.length} of them while nothing of the model changed: the node's own`);
    const lost = losses.filter((loss) => !own.includes(loss));
    return lost.length > this.#control ? lost : [];
  }

  /** What has ended since the last time; told, too. */
  #since(what: string): LoadResult {
    const seen = this.#load?.sofar() ?? this.#seen;
    const result = between(this.#seen, seen);
    const seconds = Math.round((performance.now() - this.#begun) / 1000);
    [this.#seen, this.#begun] = [seen, performance.now()];
    const kinds = Object.entries(result.sent).map(([kind, count]) => `${count} ${kind}`);
    tell(`${what}: ${result.losses.length} lost of ${kinds.join(', ')} in ${seconds} s`);
    for (const line of describeLosses(result.losses)) tell(`    ${line}`);
    return result;
  }

  async declare(spec: object): Promise<void> {
    await this.#stage.declare(this.#namespace, NAME, spec);
  }

  async serving(): Promise<string> {
    return (await this.#stage.model(this.#namespace, NAME)).status?.serving?.revision ?? '';
  }

  async requestsOf(podIP: string): Promise<Requests> {
    const names = ['vllm:request_success_total', 'vllm:num_requests_running'];
    const [ended = 0, running = 0] = await metricsOf(`${podIP}:8000`, names);
    return { ended, running };
  }

  async pods(revision?: string): Promise<Pod[]> {
    return this.#stage.pods(this.#namespace, revision === undefined ? PODS : `${PODS},${REVISION}=${revision}`);
  }

  /** Takes away what the operator makes again: when it has, whoever leads has looked at the model. */
  async repaired(): Promise<void> {
    const budgets = `/apis/policy/v1/namespaces/${this.#namespace}/poddisruptionbudgets`;
    await this.#stage.kubectl(['delete', 'poddisruptionbudgets', '-n', this.#namespace, '--all']);
    await eventually(async () => {
      expect((await this.#stage.get<{ readonly items: readonly object[] }>(budgets)).items).not.toHaveLength(0);
    }, PATIENCE);
  }

  /** So many pods are ready, and no other is there. */
  async settled(count: number): Promise<void> {
    await eventually(async () => {
      const pods = await this.pods();
      const ready = pods.filter(({ metadata, status }) => {
        const holds = status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
        return metadata.deletionTimestamp === undefined && holds === true;
      });
      expect({ ready: ready.length, all: pods.length }).toEqual({ ready: count, all: count });
    }, PATIENCE);
  }
}

/** Gives the tests of a file a model under load, in a namespace of its own; `first` is the version that it begins with. */
export function trafficOn(stage: Stage, namespace: string, clients: Clients, first = version(1)): Traffic {
  const traffic = new Traffic(stage, namespace);
  beforeAll(() => traffic.start(clients, first), LIMIT_MS);
  afterAll(() => traffic.stop(), FULL ? 600_000 : 300_000);
  return traffic;
}

/** Requests of the engine in a pod: that have ended since it started, and that run. */
export interface Requests {
  readonly ended: number;
  readonly running: number;
}

/** What metrics of the engine in a pod say, each summed up over its labels. A pod that is gone does not answer at all: undici waits 10 s for a connection. */
export async function metricsOf(host: string, names: readonly string[]): Promise<number[]> {
  const dispatcher = new Agent({ connect: { timeout: 1_000 } });
  try {
    const response = await request(`http://${host}/metrics`, { dispatcher, signal: AbortSignal.timeout(2_000) });
    const lines = (await response.body.text()).split('\n');
    return names.map((name) =>
      lines
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0),
    );
  } finally {
    await dispatcher.destroy();
  }
}
