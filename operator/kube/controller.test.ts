import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  type ControllerOptions,
  type PassOutcome,
  type PassReport,
  type Reconcile,
  TerminalError,
} from './controller.ts';
import { ApiError } from './errors.ts';
import { NotLeaderError } from './leader-election.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';
import type { Clock } from './types.ts';
import { WorkQueue } from './work-queue.ts';

function setup(reconcile: Reconcile, options: Partial<ControllerOptions> = {}) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const reports: PassReport[] = [];
  let passes = 0;
  const controller = new Controller({
    clock,
    queue,
    reconcile,
    workers: 2,
    onPass: (report) => reports.push(report),
    newPassId: () => `pass-${++passes}`,
    ...options,
  });
  const stop = new AbortController();
  const ended = controller.run(stop.signal);
  return { clock, queue, reports, stop, ended };
}

/** A pass that a test ends by hand. */
function held() {
  const signals: AbortSignal[] = [];
  const releases: (() => void)[] = [];
  const reconcile: Reconcile = async (_, signal) => {
    signals.push(signal);
    await new Promise<void>((resolve) => releases.push(resolve));
    return undefined;
  };
  return { reconcile, signals, releases };
}

const conflict = new ApiError(409, { reason: 'Conflict', message: 'the object has been modified' });

describe('what becomes of a pass', () => {
  const fail = (thrown: unknown): Reconcile => {
    return () => {
      throw thrown;
    };
  };

  it.each<[string, Reconcile, PassOutcome, number | undefined, number]>([
    ['nothing more to do', async () => undefined, 'success', undefined, 0],
    ['come back later', async () => ({ requeueAfterMs: 3000 }), 'requeue_after', 3000, 0],
    ['a rejection', async () => Promise.reject(new Error('boom')), 'error', 5, 1],
    ['a synchronous throw', fail(new TypeError('x is undefined')), 'error', 5, 1],
    ['something thrown that is no Error', fail('boom'), 'error', 5, 1],
    ['a conflict', fail(conflict), 'conflict', 5, 1],
    ['a terminal error', fail(new TerminalError('bad spec')), 'terminal_error', undefined, 0],
    ['a closed fence', fail(new NotLeaderError('not leader')), 'stopped', undefined, 0],
  ])('%s', async (_, reconcile, outcome, nextIn, retries) => {
    const { clock, queue, reports } = setup(reconcile);
    queue.add('a');
    await settle();
    expect(reports.map((report) => report.outcome)).toEqual([outcome]);
    expect(clock.nextTimerIn).toBe(nextIn);
    expect(queue.retries('a')).toBe(retries);
    expect(queue.working).toBe(0);
  });

  it('says how long the key had waited for a worker, and how long the pass took', async () => {
    const { reconcile, releases } = held();
    const { clock, queue, reports } = setup(reconcile, { workers: 1 });
    queue.add('a');
    queue.add('b');
    await settle();
    await clock.advance(2_000);
    releases[0]?.();
    await settle();
    await clock.advance(500);
    releases[1]?.();
    await settle();
    expect(reports).toMatchObject([
      { key: 'a', waitedSeconds: 0, seconds: 2 },
      { key: 'b', waitedSeconds: 2, seconds: 0.5 },
    ]);
  });

  it('backs off while a key fails, counts its retries, and starts over after a success', async () => {
    let failures = 3;
    const { clock, queue, reports } = setup(async () => {
      if (failures-- > 0) throw new Error('boom');
      return undefined;
    });
    queue.add('a');
    await clock.advance(5 + 10 + 20);
    expect(reports.map(({ outcome, retries, id }) => [outcome, retries, id])).toEqual([
      ['error', 0, 'pass-1'],
      ['error', 1, 'pass-2'],
      ['error', 2, 'pass-3'],
      ['success', 3, 'pass-4'],
    ]);
    expect(queue.retries('a')).toBe(0);
  });

  it('gives the pass the id that its report carries', async () => {
    const ids: string[] = [];
    const { queue, reports } = setup(async (_key, _signal, pass) => {
      ids.push(pass.id);
      return undefined;
    });
    queue.add('a');
    queue.add('b');
    await settle();
    expect(reports.map((report) => report.id)).toEqual(ids);
    expect(new Set(ids).size).toBe(2);
  });
});

describe('workers', () => {
  it('works on as many keys at once as it has workers, and never twice on one', async () => {
    const { reconcile, releases } = held();
    const { queue } = setup(reconcile);
    for (const key of ['a', 'b', 'c', 'a']) queue.add(key);
    await settle();
    queue.add('a');
    await settle();
    expect(releases).toHaveLength(2);
    expect(queue.working).toBe(2);
    releases[1]?.();
    await settle();
    expect(releases).toHaveLength(3);
  });

  it('aborts a pass that takes too long and tries it again', async () => {
    const { clock, queue, reports } = setup(
      (_, signal) =>
        new Promise((__, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted somewhere deep')));
        }),
      { passTimeoutMs: 1000 },
    );
    queue.add('a');
    await clock.advance(1000);
    expect(reports).toMatchObject([{ outcome: 'error', seconds: 1, error: { code: 'KUBE_PASS_TIMEOUT' } }]);
    expect(queue.retries('a')).toBe(1);
  });

  it('keeps its workers when a hook throws', async () => {
    const done: string[] = [];
    const { queue } = setup(
      async (key) => {
        done.push(key);
        return undefined;
      },
      {
        workers: 1,
        onPass: () => {
          throw new Error('broken hook');
        },
      },
    );
    queue.add('a');
    queue.add('b');
    await settle();
    await settle();
    expect(done).toEqual(['a', 'b']);
  });
});

describe('stopping', () => {
  it('lets the passes in work finish, starts no other and leaves no timer', async () => {
    const { reconcile, releases, signals } = held();
    const { clock, queue, stop, ended } = setup(reconcile, { workers: 1 });
    queue.add('a');
    queue.add('b');
    await settle();
    stop.abort();
    await settle();
    expect(signals.map((signal) => signal.aborted)).toEqual([false]);
    releases[0]?.();
    await ended;
    expect(releases).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('aborts the passes that go on too long, and then leaves them behind', async () => {
    const { reconcile, signals } = held();
    const { clock, queue, stop, ended } = setup(reconcile, { drainTimeoutMs: 400 });
    queue.add('a');
    await settle();
    stop.abort();
    await clock.advance(399);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    expect(signals[0]?.aborted).toBe(true);
    let gone = false;
    void ended.then(() => (gone = true));
    await clock.advance(399);
    expect(gone).toBe(false);
    await clock.advance(1);
    expect(gone).toBe(true);
  });

  it('aborts the passes at once when the lease is lost, and retries none', async () => {
    const { clock, queue, reports, stop, ended } = setup(
      (_, signal) =>
        new Promise((__, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    );
    queue.add('a');
    await settle();
    stop.abort(new NotLeaderError('lost'));
    await ended;
    expect(reports).toMatchObject([{ key: 'a', outcome: 'stopped' }]);
    expect(clock.monotonic()).toBe(0);
    expect(queue.retries('a')).toBe(0);
  });
});

it('lets the event loop turn while a flood of passes waits for nothing', async () => {
  let now = 0;
  const clock: Clock = {
    now: () => now,
    // Whoever looks at it uses 10 ms.
    monotonic: () => (now += 10),
    setTimeout: () => () => undefined,
    sleep: () => Promise.resolve(),
  };
  const log: string[] = [];
  const { queue, stop, ended } = setup(
    async (key) => {
      log.push(key);
      return undefined;
    },
    { clock, workers: 1 },
  );
  const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
  for (const key of keys) queue.add(key);
  setImmediate(() => log.push('the loop turned'));
  for (let turn = 0; turn < 100 && log.length < 21; turn++) await settle();
  expect(log).toHaveLength(21);
  expect(log.indexOf('the loop turned')).toBeLessThan(10);
  stop.abort();
  await ended;
});

it('needs at least one worker', () => {
  expect(() => setup(async () => undefined, { workers: 0 })).toThrow(RangeError);
});
