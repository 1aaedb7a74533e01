import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/index.ts';
import { MovableClock } from './movable-clock.ts';

const HOUR = 3_600_000;

describe('a clock that a test moves', () => {
  it('ends the waits of the time that is jumped over, in their order, and no other', async () => {
    const clock = new MovableClock();
    const ended: string[] = [];
    const stop = new AbortController();
    const wait = (name: string, ms: number) =>
      clock.sleep(ms, stop.signal).then(
        () => ended.push(name),
        () => ended.push(`${name} stopped`),
      );
    const waits = [wait('two hours', 2 * HOUR), wait('ten minutes', HOUR / 6), wait('three hours', 3 * HOUR)];
    const cancel = clock.setTimeout(() => ended.push('cancelled'), 1_000);
    cancel();
    const before = { now: clock.now(), monotonic: clock.monotonic() };
    clock.advance(2 * HOUR);
    await eventually(() => expect(ended).toEqual(['ten minutes', 'two hours']), { timeoutMs: 10_000 });
    expect(clock.now() - before.now).toBeGreaterThanOrEqual(2 * HOUR);
    expect(clock.monotonic() - before.monotonic).toBeGreaterThanOrEqual(2 * HOUR);
    clock.advance(HOUR);
    await waits[2];
    expect(ended).toEqual(['ten minutes', 'two hours', 'three hours']);
  });

  it("ends a wait with its signal's reason", async () => {
    const clock = new MovableClock();
    const stop = new AbortController();
    const slept = clock.sleep(HOUR, stop.signal);
    stop.abort(new RangeError('enough'));
    await expect(slept).rejects.toThrow('enough');
    await expect(clock.sleep(1, stop.signal)).rejects.toThrow('enough');
  });

  it('has a wall clock that can be set without time passing', () => {
    const clock = new MovableClock();
    const before = { now: clock.now(), monotonic: clock.monotonic() };
    clock.jumpWall(-2 * HOUR);
    expect(clock.now()).toBeLessThan(before.now - HOUR);
    expect(clock.monotonic() - before.monotonic).toBeLessThan(HOUR);
    expect(() => clock.advance(-1)).toThrow('jumpWall');
  });
});
