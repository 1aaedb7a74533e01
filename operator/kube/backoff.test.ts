import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backoff } from './backoff.ts';

describe('Backoff', () => {
  it('retries at once, then doubles up to the limit', () => {
    const backoff = new Backoff({ baseMs: 200, maxMs: 5000, random: () => 1 });
    const delays = Array.from({ length: 8 }, () => backoff.next());
    expect(delays).toEqual([0, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('starts again after a reset', () => {
    const backoff = new Backoff({ baseMs: 200, maxMs: 5000, random: () => 1 });
    backoff.next();
    backoff.next();
    backoff.reset();
    expect([backoff.next(), backoff.next()]).toEqual([0, 200]);
  });

  it('draws each delay from the upper half of its range, for ever', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 2, max: 2000 }),
        (r, n) => {
          const backoff = new Backoff({ baseMs: 200, maxMs: 5000, random: () => r });
          let delay = 0;
          for (let i = 0; i < n; i += 1) delay = backoff.next();
          const ceiling = Math.min(5000, 200 * 2 ** (n - 2));
          expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
          expect(delay).toBeLessThanOrEqual(ceiling);
        },
      ),
    );
  });
});
