import { describe, expect, it, test } from '@jest/globals';
import { TransportError } from './errors.ts';
import { LeaderElector, type LeaderElectionOptions, NotLeaderError } from './leader-election.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';
import { LeaseServer } from './testing/lease-server.ts';

const START = Date.UTC(2026, 0, 1);
const ref = { namespace: 'system', name: 'operator' };

interface Candidate {
  readonly elector: LeaderElector;
  readonly stop: AbortController;
  readonly log: string[];
  readonly errors: Error[];
  /** How run() ended. */
  ended: 'no' | 'resolved' | { readonly rejected: unknown };
  /** Ends what the leader does. */
  finish: (error?: Error) => void;
}

/** A process that contends for the server's Lease. Its work ends when its signal aborts, or with `finish`. */
function candidate(
  server: LeaseServer,
  clock: FakeClock,
  identity: string,
  options: Partial<LeaderElectionOptions> & { readonly ignoresStop?: boolean } = {},
): Candidate {
  const log: string[] = [];
  const errors: Error[] = [];
  const elector = new LeaderElector({
    client: server.client(),
    clock,
    lease: ref,
    identity,
    onLeading: (leading) => log.push(leading ? 'leads' : 'leads no more'),
    onHolder: (holder) => log.push(`sees ${JSON.stringify(holder)}`),
    onError: (error) => errors.push(error),
    ...options,
  });
  const stop = new AbortController();
  const result: Candidate = { elector, stop, log, errors, ended: 'no', finish: () => undefined };
  const lead = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      result.finish = (error) => (error === undefined ? resolve() : reject(error));
      signal.addEventListener('abort', () => {
        log.push(`is told to stop: ${(signal.reason as Error).name}`);
        if (options.ignoresStop !== true) resolve();
      });
    });
  elector.run(lead, stop.signal).then(
    () => (result.ended = 'resolved'),
    (error: unknown) => (result.ended = { rejected: error }),
  );
  return result;
}

/** A network that can be cut, can hang, and can lose answers. */
function network(clock: FakeClock) {
  const state = { mode: 'up' as 'up' | 'down' | 'hanging' | 'deaf' | 'slow', delayMs: 0 };
  const send = async <T>(call: () => T): Promise<T> => {
    if (state.mode === 'down') throw new TransportError('connection refused');
    if (state.mode === 'hanging') return new Promise(() => undefined);
    const answer = call();
    if (state.mode === 'deaf') return new Promise(() => undefined);
    if (state.mode === 'slow') await clock.sleep(state.delayMs, new AbortController().signal);
    return answer;
  };
  return { state, send };
}

function setup() {
  const clock = new FakeClock(START);
  const server = new LeaseServer();
  return { clock, server };
}

/** Milliseconds until `condition` holds, looking each 10 ms. */
async function timeUntil(clock: FakeClock, condition: () => boolean, limit = 60_000): Promise<number> {
  const start = clock.monotonic();
  while (!condition()) {
    if (clock.monotonic() - start > limit) throw new Error(`it did not happen within ${limit} ms`);
    await clock.advance(10);
  }
  return clock.monotonic() - start;
}

describe('taking the lease', () => {
  it('creates it', async () => {
    const { clock, server } = setup();
    const a = candidate(server, clock, 'a');
    await settle();
    expect(a.elector.isLeader).toBe(true);
    expect(() => a.elector.fence()).not.toThrow();
    expect(server.lease).toMatchObject({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: ref,
      spec: {
        holderIdentity: 'a',
        leaseDurationSeconds: 15,
        acquireTime: '2026-01-01T00:00:00.000000Z',
        renewTime: '2026-01-01T00:00:00.000000Z',
        leaseTransitions: 0,
      },
    });
    expect(server.requests).toEqual(['GET 404', 'POST 200']);
    expect(a.log).toEqual(['sees "a"', 'leads']);
  });

  it('takes a released one at once and counts the transition', async () => {
    const { clock, server } = setup();
    const a = candidate(server, clock, 'a');
    await settle();
    a.stop.abort();
    await settle();
    await clock.advance(5000);
    const b = candidate(server, clock, 'b');
    await settle();
    expect(b.elector.isLeader).toBe(true);
    expect(server.lease?.spec).toMatchObject({
      holderIdentity: 'b',
      leaseTransitions: 1,
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:05.000000Z',
    });
  });

  it('lets only one of two that come at once win, without an error', async () => {
    const { clock, server } = setup();
    const both = [candidate(server, clock, 'a'), candidate(server, clock, 'b')];
    await clock.advance(30_000);
    expect(both.map(({ elector }) => elector.isLeader)).toEqual([true, false]);
    expect(both.flatMap(({ errors }) => errors)).toEqual([]);
  });

  it('takes over its own lease when only the answer was lost', async () => {
    const { clock, server } = setup();
    const { state, send } = network(clock);
    state.mode = 'deaf';
    const a = candidate(server, clock, 'a', { client: server.client(send) });
    await clock.advance(4000);
    state.mode = 'up';
    expect(a.elector.isLeader).toBe(false);
    await clock.advance(3000);
    expect(a.elector.isLeader).toBe(true);
  });

  it('does not lead when the answer to its claim came after the renew deadline', async () => {
    const { clock, server } = setup();
    const { state, send } = network(clock);
    Object.assign(state, { mode: 'slow', delayMs: 0 });
    const client = server.client(send);
    const a = candidate(server, clock, 'a', {
      client: {
        ...client,
        create: async (...args) => {
          const created = await client.create(...args);
          clock.stall(12_000);
          return created;
        },
      },
    });
    await clock.advance(10);
    expect(a.log).not.toContain('leads');
    await clock.advance(2000);
    expect(a.elector.isLeader).toBe(true);
  });

  it('does not spin when a free lease cannot be written', async () => {
    const { clock, server } = setup();
    const a = candidate(server, clock, 'a', {
      client: { ...server.client(), create: () => Promise.reject(new TransportError('refused')) },
    });
    await clock.advance(10_000);
    expect(server.requests.length).toBeLessThanOrEqual(11);
    expect(a.errors.length).toBeGreaterThanOrEqual(9);
  });

  it('gives up waiting when it is stopped', async () => {
    const { clock, server } = setup();
    candidate(server, clock, 'a');
    await settle();
    const b = candidate(server, clock, 'b');
    await clock.advance(3000);
    b.stop.abort();
    await settle();
    expect(b.ended).toBe('resolved');
    expect(b.log).toEqual(['sees "a"']);
    expect(server.lease?.spec?.holderIdentity).toBe('a');
  });
});

describe('the leader', () => {
  it('renews every two seconds with one write and no read', async () => {
    const { clock, server } = setup();
    candidate(server, clock, 'a');
    await settle();
    server.requests.length = 0;
    await clock.advance(20_000);
    expect(server.requests).toEqual(Array.from({ length: 10 }, () => 'PUT 200'));
    expect(server.lease?.spec).toMatchObject({
      renewTime: '2026-01-01T00:00:20.000000Z',
      acquireTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
  });

  it('goes on through a short outage', async () => {
    const { clock, server } = setup();
    const { state, send } = network(clock);
    const a = candidate(server, clock, 'a', { client: server.client(send) });
    await clock.advance(2000);
    state.mode = 'down';
    await clock.advance(7000);
    state.mode = 'up';
    await clock.advance(30_000);
    expect(a.elector.isLeader).toBe(true);
    expect(a.ended).toBe('no');
    expect(a.errors[0]?.message).toBe('connection refused');
  });

  it('makes up for a request that hangs', async () => {
    const { clock, server } = setup();
    const { state, send } = network(clock);
    const a = candidate(server, clock, 'a', { client: server.client(send) });
    await clock.advance(3000);
    state.mode = 'hanging';
    await clock.advance(2000);
    state.mode = 'up';
    await clock.advance(30_000);
    expect(a.elector.isLeader).toBe(true);
    expect(a.errors).toHaveLength(1);
  });

  it('goes on when its write was taken and only the answer was lost', async () => {
    const { clock, server } = setup();
    const { state, send } = network(clock);
    const a = candidate(server, clock, 'a', { client: server.client(send) });
    await clock.advance(3000);
    state.mode = 'deaf';
    await clock.advance(2000);
    state.mode = 'up';
    await clock.advance(30_000);
    expect(a.elector.isLeader).toBe(true);
    expect(server.lease?.spec?.leaseTransitions).toBe(0);
  });

  it.each(['down', 'hanging'] as const)(
    'stops ten seconds after its last renewal when the API server is %s, five before the lease ends',
    async (mode) => {
      const { clock, server } = setup();
      const { state, send } = network(clock);
      const a = candidate(server, clock, 'a', { client: server.client(send) });
      // The last renewal is at 4 s.
      await clock.advance(5000);
      state.mode = mode;
      await clock.advance(8999);
      expect(() => a.elector.fence()).not.toThrow();
      await clock.advance(1);
      expect(() => a.elector.fence()).toThrow(NotLeaderError);
      expect(a.log.slice(-2)).toEqual(['is told to stop: NotLeaderError', 'leads no more']);
      expect(a.ended).toMatchObject({ rejected: { code: 'KUBE_NOT_LEADER' } });
      expect(server.lease?.spec?.holderIdentity).toBe('a');
    },
  );

  it('counts a renewal from when it was sent, not from its answer', async () => {
    const { clock, server } = setup();
    const { state, send } = network(clock);
    const a = candidate(server, clock, 'a', { client: server.client(send) });
    await clock.advance(3000);
    // Sent at 4 s, answered at 8 s.
    Object.assign(state, { mode: 'slow', delayMs: 4000 });
    await clock.advance(5500);
    state.mode = 'hanging';
    await clock.advance(14_000 - 8500 - 1);
    expect(a.elector.isLeader).toBe(true);
    await clock.advance(1);
    expect(a.elector.isLeader).toBe(false);
  });

  it('finds out at the fence that its event loop stood still, before any timer can tell it', async () => {
    const { clock, server } = setup();
    const a = candidate(server, clock, 'a');
    await clock.advance(2000);
    clock.stall(9999);
    expect(() => a.elector.fence()).not.toThrow();
    clock.stall(1);
    expect(() => a.elector.fence()).toThrow(NotLeaderError);
    server.requests.length = 0;
    await clock.advance(10);
    expect(a.ended).toMatchObject({ rejected: { code: 'KUBE_NOT_LEADER' } });
    expect(server.requests).toEqual([]);
  });

  it('stops at its next renewal when somebody else holds the lease, even one who has let it go again', async () => {
    for (const holderIdentity of ['thief', '']) {
      const { clock, server } = setup();
      const a = candidate(server, clock, 'a');
      await clock.advance(3000);
      server.overwrite({ holderIdentity, leaseDurationSeconds: 15, leaseTransitions: 7 });
      await clock.advance(1000);
      expect(a.ended).toMatchObject({ rejected: { code: 'KUBE_NOT_LEADER' } });
      expect(a.elector.isLeader).toBe(false);
      expect(server.lease?.spec).toMatchObject({ holderIdentity, leaseTransitions: 7 });
    }
  });

  it('puts a deleted lease back, and a standby that knew it does not jump in', async () => {
    const { clock, server } = setup();
    const a = candidate(server, clock, 'a');
    await settle();
    const b = candidate(server, clock, 'b');
    await clock.advance(3500);
    server.lease = undefined;
    await clock.advance(30_000);
    expect(a.elector.isLeader).toBe(true);
    expect(b.log).toEqual(['sees "a"']);
    expect(server.lease).toMatchObject({ spec: { holderIdentity: 'a' } });
  });
});

describe('a standby', () => {
  it('takes over from a leader that died, after the lease has run out and at most 17 s after the death', async () => {
    for (let phase = 0; phase < 2000; phase += 250) {
      const { clock, server } = setup();
      const { state, send } = network(clock);
      const a = candidate(server, clock, 'a', { client: server.client(send) });
      await clock.advance(phase);
      const b = candidate(server, clock, 'b');
      await clock.advance(20_000);
      // It dies: nothing that it sends arrives any more.
      state.mode = 'hanging';
      const takeover = await timeUntil(clock, () => b.elector.isLeader);
      expect(a.elector.isLeader).toBe(false);
      expect(takeover).toBeGreaterThan(13_000);
      expect(takeover).toBeLessThanOrEqual(17_000);
    }
  });

  it('takes over at most a second after a release', async () => {
    for (let phase = 0; phase < 1000; phase += 125) {
      const { clock, server } = setup();
      const a = candidate(server, clock, 'a');
      await settle();
      const b = candidate(server, clock, 'b');
      await clock.advance(10_000 + phase);
      a.stop.abort();
      expect(await timeUntil(clock, () => b.elector.isLeader)).toBeLessThanOrEqual(1000);
      expect(b.log).toEqual(['sees "a"', 'sees ""', 'sees "b"', 'leads']);
    }
  });

  it('reads the lease each second and writes nothing', async () => {
    const { clock, server } = setup();
    candidate(server, clock, 'a');
    await settle();
    server.requests.length = 0;
    candidate(server, clock, 'b');
    await clock.advance(9500);
    expect(server.requests.filter((request) => request === 'GET 200')).toHaveLength(10);
    expect(server.requests.filter((request) => request !== 'GET 200')).toEqual([
      'PUT 200',
      'PUT 200',
      'PUT 200',
      'PUT 200',
    ]);
  });

  test.each([
    ['two hours behind', -7_200_000],
    ['two hours ahead', 7_200_000],
  ])("does not believe in the leader's clock, which is %s", async (_, offset) => {
    const { clock, server } = setup();
    const skewed: Pick<FakeClock, 'now' | 'monotonic' | 'setTimeout' | 'sleep'> = {
      now: () => clock.now() + offset,
      monotonic: () => clock.monotonic(),
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    };
    const { state, send } = network(clock);
    candidate(server, clock, 'a', { client: server.client(send), clock: skewed });
    await settle();
    const b = candidate(server, clock, 'b');
    await clock.advance(60_000);
    expect(b.elector.isLeader).toBe(false);
    state.mode = 'hanging';
    expect(await timeUntil(clock, () => b.elector.isLeader)).toBeLessThanOrEqual(17_000);
  });

  it("waits for as long as the lease's holder was promised, whatever it would promise itself", async () => {
    const { clock, server } = setup();
    server.create({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: ref,
      spec: { holderIdentity: 'x', leaseDurationSeconds: 40 },
    });
    const b = candidate(server, clock, 'b');
    await clock.advance(39_999);
    expect(b.elector.isLeader).toBe(false);
    await clock.advance(1);
    expect(b.elector.isLeader).toBe(true);
  });

  it('takes over a deleted lease when its holder does not put it back', async () => {
    const { clock, server } = setup();
    const { state, send } = network(clock);
    candidate(server, clock, 'a', { client: server.client(send) });
    await settle();
    const b = candidate(server, clock, 'b');
    await clock.advance(10_000);
    state.mode = 'hanging';
    server.lease = undefined;
    expect(await timeUntil(clock, () => b.elector.isLeader)).toBeGreaterThan(13_000);
  });
});

describe('the end of a term', () => {
  it('keeps the lease while the work comes to its end, and then lets it go', async () => {
    const { clock, server } = setup();
    const a = candidate(server, clock, 'a', { ignoresStop: true });
    await clock.advance(3000);
    a.stop.abort();
    await clock.advance(20_000);
    expect(a.log).toEqual(['sees "a"', 'leads', 'is told to stop: AbortError']);
    expect(() => a.elector.fence()).not.toThrow();
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'a', renewTime: '2026-01-01T00:00:22.000000Z' });
    a.finish();
    await settle();
    expect(a.ended).toBe('resolved');
    expect(() => a.elector.fence()).toThrow(NotLeaderError);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets the lease go, and rejects, when the work fails', async () => {
    const { clock, server } = setup();
    const a = candidate(server, clock, 'a');
    await settle();
    a.finish(new Error('broken'));
    await settle();
    expect(a.ended).toMatchObject({ rejected: { message: 'broken' } });
    expect(server.lease?.spec?.holderIdentity).toBe('');
  });

  it('lets go also of the version that a renewal under way has made', async () => {
    const { clock, server } = setup();
    const { state, send } = network(clock);
    const a = candidate(server, clock, 'a', { client: server.client(send) });
    await clock.advance(1000);
    state.mode = 'deaf';
    await clock.advance(1500);
    state.mode = 'up';
    a.stop.abort();
    await settle();
    expect(server.lease?.spec?.holderIdentity).toBe('');
    expect(a.ended).toBe('resolved');
  });

  it('does not wait for ever for an API server that does not take the release', async () => {
    const { clock, server } = setup();
    const { state, send } = network(clock);
    const a = candidate(server, clock, 'a', { client: server.client(send) });
    await clock.advance(1000);
    state.mode = 'hanging';
    a.stop.abort();
    await clock.advance(5000);
    expect(a.ended).toBe('resolved');
    expect(a.elector.isLeader).toBe(false);
  });

  it('does not wait for ever for work that goes on after the lease was lost', async () => {
    const { clock, server } = setup();
    const { state, send } = network(clock);
    const a = candidate(server, clock, 'a', { client: server.client(send), ignoresStop: true });
    await settle();
    state.mode = 'down';
    await clock.advance(10_000);
    expect(a.ended).toBe('no');
    await clock.advance(5000);
    expect(a.ended).toMatchObject({ rejected: { code: 'KUBE_NOT_LEADER' } });
  });
});

test.each([
  ['a lease that ends before the deadline', { leaseDurationMs: 10_000, renewDeadlineMs: 10_000 }],
  ['a deadline before the next renewal', { renewDeadlineMs: 2000, retryPeriodMs: 2000 }],
  ['no identity', { identity: '' }],
])('refuses %s', (_, options) => {
  const { clock, server } = setup();
  expect(() => new LeaderElector({ client: server.client(), clock, lease: ref, identity: 'a', ...options })).toThrow(
    RangeError,
  );
});
