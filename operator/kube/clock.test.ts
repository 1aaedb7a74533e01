import { describe, expect, it } from '@jest/globals';
import { systemClock } from './clock.ts';
import { FakeClock } from './testing/fake-clock.ts';
import type { Clock } from './types.ts';

const never = new AbortController().signal;

describe.each<[string, () => { clock: Clock; advance: (ms: number) => Promise<void> }]>([
  [
    'the system clock',
    () => ({ clock: systemClock, advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) }),
  ],
  [
    'the fake clock',
    () => {
      const clock = new FakeClock();
      return { clock, advance: (ms) => clock.advance(ms) };
    },
  ],
])('%s', (_, make) => {
  it('sleeps for as long as asked', async () => {
    const { clock, advance } = make();
    const start = clock.monotonic();
    const slept = clock.sleep(5, never);
    await advance(5);
    await slept;
    // Node's timers count whole milliseconds and may be early by a part of one.
    expect(clock.monotonic() - start).toBeGreaterThanOrEqual(4);
  });

  it("ends a sleep with the signal's reason", async () => {
    const { clock } = make();
    const stop = new AbortController();
    const slept = clock.sleep(100_000, stop.signal);
    stop.abort(new RangeError('enough'));
    await expect(slept).rejects.toThrow('enough');
    await expect(clock.sleep(1, stop.signal)).rejects.toThrow('enough');
  });

  it('calls back once, and not after a cancel', async () => {
    const { clock, advance } = make();
    const calls: string[] = [];
    clock.setTimeout(() => calls.push('kept'), 1);
    const cancel = clock.setTimeout(() => calls.push('cancelled'), 1);
    cancel();
    await advance(10);
    expect(calls).toEqual(['kept']);
  });
});

it("holds a delay that is longer than Node's timers reach", async () => {
  let called = false;
  const cancel = systemClock.setTimeout(() => (called = true), 2 ** 31);
  await systemClock.sleep(5, never);
  cancel();
  expect(called).toBe(false);
});

describe('the fake clock', () => {
  it('fires timers in the order of their times, then of their setting, each at its time', async () => {
    const clock = new FakeClock(1000);
    const calls: [string, number][] = [];
    for (const [name, ms] of [
      ['late', 30],
      ['first', 10],
      ['second', 10],
    ] as const) {
      clock.setTimeout(() => calls.push([name, clock.monotonic()]), ms);
    }
    await clock.advance(100);
    expect(calls).toEqual([
      ['first', 10],
      ['second', 10],
      ['late', 30],
    ]);
    expect(clock.now()).toBe(1100);
  });

  it('lets what a timer starts happen before the next timer', async () => {
    const clock = new FakeClock();
    const log: string[] = [];
    void clock.sleep(10, never).then(async () => {
      await Promise.resolve();
      log.push('after 10');
      await clock.sleep(5, never);
      log.push('after 15');
    });
    clock.setTimeout(() => log.push('at 20'), 20);
    await clock.advance(20);
    expect(log).toEqual(['after 10', 'after 15', 'at 20']);
  });
});
