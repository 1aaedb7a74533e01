import { describe, expect, it } from '@jest/globals';
import type { EngineMetrics, MetricsResult } from './metrics.ts';
import { localEndpoint } from './testing/endpoints.ts';
import { TrafficMeter } from './traffic-meter.ts';

const never = new AbortController().signal;

interface Engine {
  requests: number;
  errors: number | undefined;
  running: number | undefined;
  waiting: number | undefined;
  tokens: number;
  /** Samples at or below 0.1 s, and all. */
  latency: [number, number];
}

/** Pods whose counters a test sets. */
class Fleet {
  now = 1_000;
  readonly engines = new Map<string, Engine | string>();
  readonly meter: TrafficMeter;

  constructor(maxParallel?: number) {
    this.meter = new TrafficMeter({
      client: { scrape: ({ pod }) => Promise.resolve(this.#scrape(pod)) },
      clock: { now: () => this.now },
      ...(maxParallel !== undefined && { maxParallel }),
    });
  }

  set(pod: string, changes: Partial<Engine> | string): void {
    const idle = { requests: 0, errors: 0, running: 0, waiting: 0, tokens: 0, latency: [0, 0] as [number, number] };
    const before = this.engines.get(pod);
    this.engines.set(
      pod,
      typeof changes === 'string' ? changes : { ...idle, ...(typeof before === 'object' && before), ...changes },
    );
  }

  read(...pods: readonly string[]) {
    this.now += 1_000;
    return this.meter.read(
      (pods.length > 0 ? pods : [...this.engines.keys()]).map((pod) => ({ ...localEndpoint, pod })),
      never,
    );
  }

  #scrape(pod: string): MetricsResult {
    const engine = this.engines.get(pod) ?? 'connection refused';
    if (typeof engine === 'string') return { ok: false, error: engine };
    const { latency, tokens, ...counts } = engine;
    const histogram = { bounds: [0.1, Infinity], cumulative: latency };
    const metrics: EngineMetrics = {
      ...counts,
      latencies: { TimeToFirstToken: histogram },
      activity: tokens + counts.requests,
    };
    return { ok: true, metrics };
  }
}

describe('requests that run', () => {
  it('stall while no engine makes a token, from the reading on that last saw one', async () => {
    const fleet = new Fleet();
    fleet.set('a', { running: 2, tokens: 10 });
    expect(await fleet.read()).not.toHaveProperty('stalledSince');
    expect(await fleet.read()).toHaveProperty('stalledSince', 2_000);
    expect(await fleet.read()).toHaveProperty('stalledSince', 2_000);
    fleet.set('a', { tokens: 11 });
    expect(await fleet.read()).not.toHaveProperty('stalledSince');
    fleet.set('a', { running: 0 });
    expect(await fleet.read()).not.toHaveProperty('stalledSince');
  });

  it('do not stall for a time that nobody watched', async () => {
    const fleet = new Fleet();
    fleet.set('a', { running: 1, tokens: 10 });
    await fleet.read();
    fleet.now += 600_000;
    expect(await fleet.read()).toHaveProperty('stalledSince', 603_000);
    expect(await fleet.read()).toHaveProperty('stalledSince', 603_000);
    fleet.now += 600_000;
    expect(await fleet.read()).toHaveProperty('stalledSince', 1_205_000);
  });
});

describe('counters', () => {
  it('are added up over pods and readings, from the first reading on', async () => {
    const fleet = new Fleet();
    fleet.set('a', { requests: 1000, errors: 50, latency: [700, 1000] });
    fleet.set('b', { requests: 10, latency: [0, 10] });
    expect(await fleet.read()).toMatchObject({ from: 2_000, to: 2_000, requests: 0, errors: 0, podsRead: 2 });
    fleet.set('a', { requests: 1004, errors: 51, latency: [702, 1004] });
    fleet.set('b', { requests: 13, latency: [1, 13] });
    await fleet.read();
    fleet.set('a', { requests: 1005, latency: [702, 1005] });
    expect(await fleet.read()).toMatchObject({
      from: 2_000,
      to: 4_000,
      requests: 8,
      errors: 1,
      latencies: { TimeToFirstToken: { bounds: [0.1, Infinity], cumulative: [3, 8] } },
    });
  });

  it('begin anew with a window, from the last reading on', async () => {
    const fleet = new Fleet();
    fleet.set('a', { requests: 5 });
    await fleet.read();
    fleet.set('a', { requests: 9 });
    await fleet.read();
    fleet.meter.startWindow();
    fleet.set('a', { requests: 10, latency: [1, 1] });
    expect(await fleet.read()).toMatchObject({ from: 3_000, to: 4_000, requests: 1 });
  });

  it('of a pod that restarted count from 0 again, whichever of them shows it', async () => {
    for (const [before, after] of [
      [{ requests: 50 }, { requests: 3 }],
      [
        { requests: 1, latency: [30, 40] },
        { requests: 3, latency: [1, 3] },
      ],
      [
        { requests: 1, tokens: 900 },
        { requests: 3, tokens: 20 },
      ],
      [
        { requests: 1, errors: 9 },
        { requests: 3, errors: 0 },
      ],
    ] as [Partial<Engine>, Partial<Engine>][]) {
      const fleet = new Fleet();
      fleet.set('a', before);
      await fleet.read();
      fleet.set('a', after);
      expect(await fleet.read()).toMatchObject({ requests: 3 });
    }
  });

  it('of another container count from 0, also when they are above those of the one before', async () => {
    let requests = 10;
    const metrics = () => ({ requests, errors: 0, latencies: {}, running: 0, waiting: 0, activity: requests });
    const meter = new TrafficMeter({
      client: { scrape: () => Promise.resolve({ ok: true, metrics: metrics() }) },
      clock: { now: () => 0 },
    });
    await meter.read([{ ...localEndpoint, container: 'containerd://a' }], never);
    requests = 11;
    expect(await meter.read([{ ...localEndpoint, container: 'containerd://a' }], never)).toMatchObject({ requests: 1 });
    requests = 20;
    expect(await meter.read([{ ...localEndpoint, container: 'containerd://b' }], never)).toMatchObject({
      requests: 21,
    });
  });

  it('of a pod that comes later count from its first reading, of one that comes back from its last', async () => {
    const fleet = new Fleet();
    fleet.set('a', { requests: 10 });
    await fleet.read('a');
    fleet.set('b', { requests: 500 });
    expect(await fleet.read('a', 'b')).toMatchObject({ requests: 0, podsRead: 2 });
    fleet.set('b', { requests: 501 });
    fleet.set('a', { requests: 12 });
    expect(await fleet.read('b')).toMatchObject({ requests: 1, podsRead: 1 });
    expect(await fleet.read('a', 'b')).toMatchObject({ requests: 3 });
  });

  it('of a pod that could not be read for a while are not lost', async () => {
    const fleet = new Fleet();
    fleet.set('a', { requests: 10 });
    fleet.set('b', { requests: 0 });
    await fleet.read();
    fleet.set('a', 'no whole answer within 5 s');
    expect(await fleet.read()).toMatchObject({
      podsRead: 1,
      podsFailed: [{ pod: 'a', error: 'no whole answer within 5 s' }],
    });
    fleet.set('a', { requests: 14 });
    expect(await fleet.read()).toMatchObject({ requests: 4, podsFailed: [] });
  });

  it('of errors are unknown where the engine has none', async () => {
    const fleet = new Fleet();
    fleet.set('a', { errors: undefined });
    await fleet.read();
    fleet.set('a', { requests: 4 });
    expect((await fleet.read()).errors).toBeUndefined();
  });
});

describe('idle', () => {
  it('is since the first reading at which nothing ran or waited', async () => {
    const fleet = new Fleet();
    fleet.set('a', { running: 1 });
    expect(await fleet.read()).toMatchObject({ running: 1 });
    fleet.set('a', { running: 0, waiting: 2 });
    expect(await fleet.read()).not.toHaveProperty('idleSince');
    fleet.set('a', { waiting: 0 });
    expect(await fleet.read()).toMatchObject({ idleSince: 4_000 });
    expect(await fleet.read()).toMatchObject({ idleSince: 4_000, to: 5_000 });
  });

  it('begins anew when something ran between two readings', async () => {
    const fleet = new Fleet();
    fleet.set('a', {});
    await fleet.read();
    expect(await fleet.read()).toMatchObject({ idleSince: 2_000 });
    fleet.set('a', { tokens: 12 });
    expect(await fleet.read()).toMatchObject({ idleSince: 4_000 });
  });

  it.each<[string, Partial<Engine> | string]>([
    ['a pod that cannot be read', 'connection refused'],
    ['an engine that does not say what runs', { running: undefined }],
    ['a request in another pod', { waiting: 1 }],
  ])('is not said with %s', async (_, other) => {
    const fleet = new Fleet();
    fleet.set('a', {});
    fleet.set('b', other);
    expect(await fleet.read()).not.toHaveProperty('idleSince');
    expect(await fleet.read('a')).toHaveProperty('idleSince');
    expect(await fleet.read()).not.toHaveProperty('idleSince');
  });

  it('is a revision without pods', async () => {
    expect(await new Fleet().read()).toMatchObject({ podsRead: 0, requests: 0, idleSince: 2_000 });
  });
});

it('asks so many pods at once and no more', async () => {
  let [now, most] = [0, 0];
  const meter = new TrafficMeter({
    client: {
      scrape: async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now--;
        return { ok: false, error: 'x' };
      },
    },
    clock: { now: () => 0 },
    maxParallel: 3,
  });
  const pods = Array.from({ length: 10 }, (_, index) => ({ ...localEndpoint, pod: `p${index}` }));
  const { podsFailed } = await meter.read(pods, never);
  expect(podsFailed.map(({ pod }) => pod)).toEqual(pods.map(({ pod }) => pod));
  expect(most).toBe(3);
});

it('throws the reason of an abort, and keeps nothing of that reading', async () => {
  const controller = new AbortController();
  let requests = 0;
  const metrics = (): EngineMetrics => ({
    requests,
    errors: 0,
    latencies: {},
    running: 0,
    waiting: 0,
    activity: requests,
  });
  const meter = new TrafficMeter({
    client: { scrape: () => Promise.resolve({ ok: true, metrics: metrics() }) },
    clock: { now: () => 0 },
  });
  await meter.read([localEndpoint], never);
  requests = 7;
  const reason = new Error('over');
  controller.abort(reason);
  await expect(meter.read([localEndpoint], controller.signal)).rejects.toBe(reason);
  expect(await meter.read([localEndpoint], never)).toMatchObject({ requests: 7 });
});
