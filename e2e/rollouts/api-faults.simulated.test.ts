import { afterEach, describe, expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import type { Fault, FaultProxy, ProxiedRequest } from '../../operator/kube/testing/fault-proxy.ts';
import { eventually, testCluster } from '../support/index.ts';
import type { Stage } from './stage.ts';
import { Theatre } from './theatre.ts';
import { type WayThroughProxy, wayThroughProxy } from './way-through-proxy.ts';

const cluster = testCluster('simulated');
const theatre = new Theatre(cluster, { nodes: 2 });

const REPLICAS = 1;
const PATIENCE = { timeoutMs: 90_000 } as const;
/** The operator gives a call up after this; as it ships, after a minute. */
const CALL_TIMEOUT_MS = 1_000;
const NO_ANSWER_MS = 3 * CALL_TIMEOUT_MS;
/** What is asked again within one call is asked five times: the call that moves the traffic fails, and its pass. */
const FLIPS = 6;
const OTHER_WRITES = 2;
/** Each of these costs a whole call. */
const UNANSWERED = 1;
/** Lists and watches are asked again after seconds. */
const READS = 1;

interface Trouble {
  readonly fault: Fault;
  /** How often in a row the write that moves the traffic meets it. */
  readonly flips: number;
  readonly otherWrites: number;
  /** What reads meet instead. */
  readonly reads?: Fault;
}

const refusal = (status: number, reason: string, retryAfterSeconds?: number): Trouble => ({
  fault: { kind: 'respond', status, reason, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
  flips: FLIPS,
  otherWrites: OTHER_WRITES,
});

const TROUBLES: Readonly<Record<string, Trouble>> = {
  'is refused with 429 and a Retry-After': refusal(429, 'TooManyRequests', 1),
  'is refused with 500': refusal(500, 'InternalError'),
  'is refused with 503': refusal(503, 'ServiceUnavailable'),
  'gets no answer in time, and is not carried out': {
    fault: { kind: 'delay', ms: NO_ANSWER_MS },
    flips: OTHER_WRITES,
    otherWrites: UNANSWERED,
  },
  'gets no answer in time, and is carried out': {
    fault: { kind: 'hold', ms: NO_ANSWER_MS },
    flips: OTHER_WRITES,
    otherWrites: UNANSWERED,
  },
  'is carried out, and its connection is cut before the answer': {
    fault: { kind: 'lose-response' },
    flips: FLIPS,
    otherWrites: OTHER_WRITES,
    reads: { kind: 'cut', afterBytes: 0 },
  },
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The way from the operator to the API server. */
async function startProxy(): Promise<WayThroughProxy> {
  const way = await wayThroughProxy(cluster(), 'api-faults');
  closing.push(() => way.proxy.close());
  return way;
}

const nameOf = ({ method, path, isWatch }: ProxiedRequest): string => `${isWatch ? 'WATCH' : method} ${path}`;

function limitOf({ method, path }: ProxiedRequest, { flips, otherWrites }: Trouble): number {
  if (method === 'GET') return READS;
  return path.endsWith('/services/chat') ? flips : otherWrites;
}

/** From now on each request meets the trouble, so many times in a row; watches that are open are cut, and asked for anew. */
function strike(proxy: FaultProxy, trouble: Trouble | undefined, hits: Map<string, number>): void {
  proxy.clearFaults();
  if (trouble === undefined) return;
  const met = new Map<string, number>();
  proxy.inject({
    match: () => true,
    times: Number.POSITIVE_INFINITY,
    fault: (request) => {
      const name = nameOf(request);
      const before = met.get(name) ?? 0;
      if (before >= limitOf(request, trouble)) return undefined;
      met.set(name, before + 1);
      hits.set(name, (hits.get(name) ?? 0) + 1);
      return request.method === 'GET' ? (trouble.reads ?? trouble.fault) : trouble.fault;
    },
  });
  proxy.cutWatches();
}

interface Outcome {
  readonly end: object;
  readonly broken: readonly unknown[];
  /** 0 the first version, 1 the second. */
  readonly switches: readonly number[];
  /** How often each request met the trouble. */
  readonly hits: ReadonlyMap<string, number>;
}

/** A version waits for its promotion, gets the traffic, and loses it again by an order; all of that in trouble. */
async function thereAndBack(trouble?: Trouble): Promise<Outcome> {
  const { proxy, credentials } = await startProxy();
  const hits = new Map<string, number>();
  const stage = await theatre.open({ credentials, callTimeoutMs: CALL_TIMEOUT_MS });
  await stage.create(theatre.spec({ replicas: REPLICAS, rollout: { promotion: 'Manual' } }));
  const first = await stage.ready();
  await stage.traffic.served(first, REPLICAS);
  const since = Date.now();
  await stage.edit({ spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } });
  const next = (await stage.phase('AwaitingPromotion')).candidate?.revision ?? '';

  strike(proxy, trouble, hits);
  // It does something, and that is not a promotion.
  await stage.order('retry', next);
  await eventually(async () => expect((await stage.status()).orderResult).toMatch(/^Refused/), PATIENCE);
  expect(stage.traffic.switches.map(({ to }) => to)).toEqual([first]);

  strike(proxy, trouble, hits);
  await stage.order('promote', next);
  await stage.phase('Switching', PATIENCE.timeoutMs);
  stage.clock.advance(15_000);
  await stage.phase('Watching', PATIENCE.timeoutMs);

  strike(proxy, trouble, hits);
  await stage.order('rollback', first);
  await returned(stage, first);
  return {
    end: await stage.endState(),
    broken: stage.traffic.verdict({ minReady: REPLICAS }).filter(({ at }) => at >= since),
    switches: stage.traffic.switches.map(({ to }) => [first, next].indexOf(to)),
    hits,
  };
}

/** Waits until the first version has the traffic, and nothing is left of the other one. */
async function returned(stage: Stage, first: string): Promise<void> {
  await eventually(() => expect(stage.traffic.switches.at(-1)?.to).toBe(first), PATIENCE);
  // The drain of what was taken back goes by the operator's clock.
  await eventually(async () => {
    expect(['RollingBack', 'Held']).toContain((await stage.status()).rollout?.phase);
  }, PATIENCE);
  stage.clock.advance(6_000);
  await stage.phase('Held', PATIENCE.timeoutMs);
  await eventually(async () => expect(await stage.list(resources.pods)).toHaveLength(REPLICAS), PATIENCE);
  await eventually(async () => expect(await stage.list(resources.deployments)).toHaveLength(1), PATIENCE);
}

describe('an API server in trouble while a version waits, is switched to, and is taken back', () => {
  it('ends as without trouble, with all endpoints of one version, however each request of the operator fails', async () => {
    const names = Object.keys(TROUBLES);
    const [undisturbed, ...runs] = await Promise.all([
      thereAndBack(),
      ...names.map((name) =>
        thereAndBack(TROUBLES[name]).catch((error: unknown) => {
          throw new Error(`each request ${name}: ${String(error)}`, { cause: error });
        }),
      ),
    ]);
    for (const [index, { hits, ...outcome }] of runs.entries()) {
      const trouble = names[index];
      const struck = [...hits.keys()];
      expect({ trouble, ...outcome }).toEqual({
        trouble,
        end: undisturbed.end,
        broken: [],
        switches: [0, 1, 0],
      });
      // The flip itself, its status, and what the operator looks at.
      for (const request of [/^PATCH .*\/services\/chat$/, /^P.* .*\/status$/, /^WATCH .*\/endpointslices$/])
        expect({ trouble, struck }).toEqual({
          trouble,
          struck: expect.arrayContaining([expect.stringMatching(request)]),
        });
    }
  });
});
