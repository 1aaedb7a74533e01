import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../operator/kube/testing/fake-clock.ts';
import { EngineCore } from './core.ts';
import type { Timing } from './core.ts';

const pace = () => ({ timeToFirstToken: 0.1, interTokenLatency: 0.01 });

function request(core: EngineCore, tokens: number, signal = new AbortController().signal) {
  const outcome: { made: string[]; gaps: (number | undefined)[]; end?: Timing & { completed: boolean } } = {
    made: [],
    gaps: [],
  };
  const observer = {
    onToken: (gap: number | undefined) => void outcome.gaps.push(gap),
    onEnd: (timing: Timing, completed: boolean) => void (outcome.end = { ...timing, completed }),
  };
  const words = Array.from({ length: tokens }, (_, index) => `t${index}`);
  const done = (async () => {
    for await (const token of core.generate(words, 5, pace, observer, signal)) outcome.made.push(token);
  })();
  return { outcome, done };
}

describe('EngineCore', () => {
  it('paces the tokens of a request', async () => {
    const clock = new FakeClock();
    const core = new EngineCore(clock, 1);
    const { outcome, done } = request(core, 3);
    await clock.advance(99);
    expect(outcome.made).toEqual([]);
    await clock.advance(1);
    expect(outcome.made).toEqual(['t0']);
    expect([core.running, core.heldTokens]).toEqual([1, 6]);
    await clock.advance(20);
    await done;
    expect(outcome.gaps).toEqual([undefined, 0.01, 0.01]);
    expect(outcome.end).toEqual({
      queued: 0,
      timeToFirstToken: 0.1,
      prefill: 0.1,
      decode: 0.02,
      total: 0.12,
      tokens: 3,
      completed: true,
    });
    expect([core.running, core.waiting, core.heldTokens]).toEqual([0, 0, 0]);
  });

  it('lets requests beyond its slots wait, in order, and counts their wait into the time to first token', async () => {
    const clock = new FakeClock();
    const core = new EngineCore(clock, 2);
    const requests = [request(core, 1), request(core, 1), request(core, 1), request(core, 1)];
    await clock.advance(50);
    expect([core.running, core.waiting]).toEqual([2, 2]);
    await clock.advance(250);
    await Promise.all(requests.map(({ done }) => done));
    expect(requests.map(({ outcome }) => outcome.end?.queued)).toEqual([0, 0, 0.1, 0.1]);
    expect(requests[2]?.outcome.end?.timeToFirstToken).toBeCloseTo(0.2);
  });

  it.each(['waits', 'runs'])('frees the place of a request that is aborted while it %s', async (phase) => {
    const clock = new FakeClock();
    const core = new EngineCore(clock, 1);
    const abort = new AbortController();
    const others = phase === 'waits' ? [request(core, 100)] : [];
    const { outcome, done } = request(core, 100, abort.signal);
    await clock.advance(150);
    abort.abort();
    await done;
    expect(outcome.end?.completed).toBe(false);
    expect([core.running, core.waiting]).toEqual([others.length, 0]);
    const next = request(core, 1);
    await clock.advance(5_000);
    await Promise.all([next.done, ...others.map((other) => other.done)]);
    expect(next.outcome.end?.completed).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});
