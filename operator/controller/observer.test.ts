import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import type { EngineClient, EngineEndpoint, MetricsResult } from '../observe/index.ts';
import type { PromptSample, QueryResult } from '../rollout/measurements.ts';
import type { Assignment, ObservedPod } from './observations.ts';
import { engineId } from './observations.ts';
import { Observer } from './observer.ts';

const GOOD: PromptSample = {
  ...{ ok: true, timeToFirstToken: 0.1, timePerOutputToken: 0.01, requestLatency: 0.2, outputTokens: 8 },
};
const GONE: PromptSample = {
  ...{ ok: false, error: 'connection refused', unreachable: true },
  ...{ timeToFirstToken: 0, timePerOutputToken: 0, requestLatency: 0, outputTokens: 0 },
};
const PROOF = { warmUpRequests: 0, pairedRequests: 0 };

const engine = (pod: string, container = 'c1'): ObservedPod => ({
  ...{ pod, container, host: '10.0.0.1', port: 8000, metricsPath: '/metrics', model: 'chat' },
  engine: { type: 'vLLM', version: '0.32.0' },
});
const assignment = (
  question: Assignment['question'],
  pods: readonly ObservedPod[],
  changes: Partial<Assignment> = {},
): Assignment => ({
  ...{ question, attempt: 1, pods, basePods: [], proof: PROOF, queries: new Map() },
  standing: new Set(pods.map(({ pod }) => pod)),
  ...changes,
});
const proofOf = (pods: readonly ObservedPod[], changes: Partial<Assignment> = {}) =>
  assignment({ kind: 'Proof', candidate: 'new' }, pods, changes);
const warmUpOf = (pods: readonly ObservedPod[]) => assignment({ kind: 'WarmUp', candidate: 'new' }, pods);
const trafficOf = (revision: string, queries: Assignment['queries'] = new Map()) =>
  assignment({ kind: 'Traffic', revision, since: 0 }, [engine('a')], { queries });

/** An observer on a clock that the test moves, with engines that answer what the test says. */
function bench() {
  const clock = new FakeClock();
  const stop = new AbortController();
  const told: string[] = [];
  const asked: string[] = [];
  const scraped: string[] = [];
  const answers = {
    generate: (_: EngineEndpoint): PromptSample => GOOD,
    scrape: (): MetricsResult => ({ ok: false, error: 'not played' }),
    query: (): Promise<QueryResult> => Promise.resolve({ kind: 'Value', value: 1, at: 0 }),
  };
  let closed = false;
  const engines: Pick<EngineClient, 'generate' | 'scrape' | 'close'> = {
    generate: (endpoint, _, signal) => {
      signal.throwIfAborted();
      asked.push(engineId(endpoint));
      return Promise.resolve({ sample: answers.generate(endpoint), text: '4' });
    },
    scrape: (endpoint, signal) => {
      signal.throwIfAborted();
      scraped.push(engineId(endpoint));
      return Promise.resolve(answers.scrape());
    },
    close: () => Promise.resolve(void (closed = true)),
  };
  const log = { info: (text: string) => told.push(text), warn: (text: string) => told.push(text) };
  const news: string[] = [];
  const observer = new Observer(
    {
      ...{ clock, engines, log: log as never, client: { get: () => Promise.reject(new Error('not played')) } as never },
      prometheus: { query: () => answers.query() },
      onNews: (key) => news.push(key),
    },
    stop.signal,
  );
  const want = (...assignments: Assignment[]) => observer.want('uid', 'ai/chat', assignments);
  /** What has been begun goes on as far as it can without time. */
  const settle = async (ms = 0) => {
    for (let turn = 0; turn < 20; turn++) await clock.advance(0);
    for (let passed = 0; passed < ms; passed += 500) await clock.advance(500);
  };
  return { clock, observer, want, settle, asked, scraped, told, news, answers, stop, closed: () => closed };
}

describe('a proof', () => {
  it('is taken once, however often it is asked for, and forgotten when nobody asks any more', async () => {
    const { observer, want, settle, asked, news } = bench();
    const question = proofOf([engine('a')]);
    for (let pass = 0; pass < 3; pass++) {
      want(question);
      await settle(20_000);
    }
    expect(asked).toEqual(['a/c1']);
    expect(news).toEqual(['ai/chat']);
    expect(observer.known('uid').proofs.get('new/1')?.pods).toEqual([{ pod: 'a', ok: true }]);
    want(warmUpOf([engine('a')]));
    await settle(20_000);
    expect([...observer.known('uid').proofs]).toEqual([]);
    expect([...observer.known('uid').warmPods]).toEqual(['a/c1']);
    want();
    expect(observer.known('uid').warmPods.size).toBe(0);
  });

  it('waits for a pod to ask', async () => {
    const { observer, want, settle, asked } = bench();
    want(proofOf([]));
    await settle(20_000);
    expect(asked).toEqual([]);
    want(proofOf([engine('a')]));
    await settle(5_000);
    expect(observer.known('uid').proofs.size).toBe(1);
  });

  it('counts nothing of a pod that is taken away in the middle of it, and is repeated on the next', async () => {
    const { observer, want, settle, answers, told } = bench();
    answers.generate = ({ pod }) => (pod === 'drained' ? GONE : GOOD);
    want(proofOf([engine('drained')]));
    await settle(10_000);
    expect(observer.known('uid').proofs.size).toBe(0);
    want(proofOf([], { standing: new Set() }));
    await settle(5_000);
    expect(observer.known('uid').proofs.size).toBe(0);
    expect(told).toEqual(['the proof is repeated: pods of the candidate were lost in the middle of it']);
    want(proofOf([engine('next')]));
    await settle(10_000);
    expect(observer.known('uid').proofs.get('new/1')?.pods).toEqual([{ pod: 'next', ok: true }]);
  });

  it.each([
    ['has ended', () => proofOf([], { standing: new Set(['dead']) }), 10_000],
    ['is still said to be ready after a minute', () => proofOf([engine('dead')]), 70_000],
  ])('fails on an engine that cannot be reached and %s', async (_, told, ms) => {
    const { observer, want, settle, answers } = bench();
    answers.generate = () => GONE;
    want(proofOf([engine('dead')]));
    await settle(10_000);
    expect(observer.known('uid').proofs.size).toBe(0);
    want(told());
    await settle(ms);
    expect(observer.known('uid').proofs.get('new/1')?.pods).toMatchObject([{ pod: 'dead', ok: false }]);
  });
});

describe('a warm-up', () => {
  it('asks each process once: a container that was restarted is another one', async () => {
    const { observer, want, settle, asked } = bench();
    want(warmUpOf([engine('a')]));
    await settle(10_000);
    want(warmUpOf([engine('a'), engine('b')]));
    await settle(10_000);
    expect(asked).toEqual(['a/c1', 'b/c1']);
    want(warmUpOf([engine('a', 'c2'), engine('b')]));
    await settle(10_000);
    expect(asked).toEqual(['a/c1', 'b/c1', 'a/c2']);
    expect([...observer.known('uid').warmPods]).toEqual(['a/c1', 'b/c1', 'a/c2']);
  });

  it('says of an engine that makes no token why', async () => {
    const { observer, want, settle, answers } = bench();
    answers.generate = () => ({ ...GONE, unreachable: false, error: 'answered 500' });
    want(warmUpOf([engine('a')]));
    await settle(10_000);
    expect([...observer.known('uid').coldPods]).toEqual([['a/c1', 'answered 500']]);
  });
});

describe('traffic', () => {
  it('is read every five seconds while somebody asks, and not any more afterwards', async () => {
    const { observer, want, settle, scraped } = bench();
    want(trafficOf('old'));
    await settle(10_000);
    expect(scraped).toHaveLength(3);
    expect(observer.known('uid').traffic.get('old')?.podsFailed).toHaveLength(1);
    want();
    await settle(60_000);
    expect(scraped).toHaveLength(3);
    expect(observer.known('uid').traffic.size).toBe(0);
  });

  it('is news once when nobody waits for it, and measured all the same', async () => {
    const { observer, want, settle, scraped, news } = bench();
    const asked = trafficOf('new');
    want({ ...asked, question: { kind: 'Traffic', revision: 'new', since: 0, background: true } });
    await settle(20_000);
    expect(scraped.length).toBeGreaterThan(2);
    expect(news).toEqual(['ai/chat']);
    // What a rollout comes to wait for goes on being measured from where it began.
    const from = observer.known('uid').traffic.get('new')?.from;
    want(asked);
    await settle(20_000);
    expect(news.length).toBeGreaterThan(2);
    expect(observer.known('uid').traffic.get('new')?.from).toBe(from);
  });

  it('is no news any more once nobody has asked the engines for a minute, and is again with the next request', async () => {
    const { want, settle, answers, news, scraped } = bench();
    const idle = { requests: 7, errors: 0, latencies: {}, running: 0, waiting: 0, activity: 70 };
    answers.scrape = () => ({ ok: true, metrics: idle });
    want(trafficOf('new'));
    await settle(70_000);
    const [told, read] = [news.length, scraped.length];
    expect(told).toBeGreaterThan(10);
    await settle(60_000);
    expect(news).toHaveLength(told);
    expect(scraped.length).toBeGreaterThan(read + 10);
    answers.scrape = () => ({ ok: true, metrics: { ...idle, requests: 8, activity: 80 } });
    await settle(6_000);
    expect(news.length).toBeGreaterThan(told);
  });

  it('is known though Prometheus does not answer', async () => {
    const { observer, want, settle, answers, news } = bench();
    answers.query = () => new Promise(() => undefined);
    want(trafficOf('new', new Map([['cost', 'up']])));
    await settle();
    expect(observer.known('uid').traffic.size).toBe(1);
    expect(news).toEqual(['ai/chat']);
  });

  it('is asked of Prometheus for every gate at once', async () => {
    const { observer, want, settle, answers } = bench();
    let open = 0;
    let most = 0;
    answers.query = async () => {
      most = Math.max(most, ++open);
      await Promise.resolve();
      open--;
      return { kind: 'Value', value: 1, at: 0 };
    };
    want(
      trafficOf(
        'new',
        new Map([
          ['a', 'up'],
          ['b', 'up'],
          ['c', 'up'],
        ]),
      ),
    );
    await settle();
    expect(most).toBe(3);
    expect([...(observer.known('uid').queries.get('new')?.keys() ?? [])]).toEqual(['a', 'b', 'c']);
  });

  it('keeps an answer of Prometheus for the revision and the query that it was asked about alone', async () => {
    const { observer, want, settle, answers } = bench();
    let answer = (_: QueryResult): void => undefined;
    const value = (number: number): QueryResult => ({ kind: 'Value', value: number, at: 0 });
    const known = (revision: string) => observer.known('uid').queries.get(revision)?.get('cost');
    want(trafficOf('old', new Map([['cost', 'of old']])));
    await settle();
    expect(known('old')).toEqual(value(1));
    answers.query = () => new Promise((resolve) => (answer = resolve));
    await settle(5_000);
    want(trafficOf('new', new Map([['cost', 'of new']])));
    answer(value(2));
    await settle();
    expect([known('old'), known('new')]).toEqual([undefined, undefined]);
    answer(value(3));
    await settle();
    expect([known('old'), known('new')]).toEqual([undefined, value(3)]);
    await settle(5_000);
    want(trafficOf('new', new Map([['cost', 'of something else']])));
    expect(known('new')).toBeUndefined();
    answer(value(4));
    await settle();
    expect(known('new')).toBeUndefined();
    await settle(5_000);
    answer(value(5));
    await settle();
    expect(known('new')).toEqual(value(5));
  });
});

it('ends all that goes on for an object that is forgotten, and keeps nothing of it', async () => {
  const { observer, want, settle, scraped, asked, news, clock } = bench();
  want(trafficOf('old'), proofOf([]), warmUpOf([engine('a')]));
  await settle(10_000);
  const before = [scraped.length, asked.length, news.length];
  expect(before).not.toContain(0);
  observer.forget('uid');
  await clock.advance(60_000);
  await settle(10_000);
  expect([scraped.length, asked.length, news.length]).toEqual(before);
  const { traffic, warmPods, proofs } = observer.known('uid');
  expect([traffic.get('old'), warmPods.has('a/c1'), proofs.get('new/1')]).toEqual([undefined, false, undefined]);
});

it('ends all that it has begun when it is stopped', async () => {
  const { observer, want, settle, scraped, stop, closed, clock } = bench();
  want(trafficOf('old'), proofOf([]), warmUpOf([engine('a')]));
  await settle();
  stop.abort();
  await observer.ended();
  expect(closed()).toBe(true);
  const { length } = scraped;
  await clock.advance(60_000);
  expect(scraped).toHaveLength(length);
});
