import { describe, expect, it } from '@jest/globals';
import { median, quantile, spread, trend } from './statistics.ts';

describe('quantile', () => {
  it.each([
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 2, 3], 0.5, 2.5],
    [[10, 20], 0.25, 12.5],
    [[7], 0.99, 7],
    [[1, 2, 3], 0, 1],
    [[1, 2, 3], 1, 3],
  ])('of %j at %d is %d', (values, q, expected) => {
    expect(quantile(values, q)).toBe(expected);
  });

  it('refuses an empty sample', () => {
    expect(() => median([])).toThrow('empty sample');
  });

  it('leaves the sample as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

it('says how far a sample reaches', () => {
  expect(spread([1.25, 0.9, 1.1], 2)).toBe('0.90 to 1.25');
});

describe('trend', () => {
  const times = Array.from({ length: 100 }, (_, index) => index);

  it('finds the slope of a line, without an error', () => {
    const { slope, error } = trend(
      times,
      times.map((time) => 3 + 0.5 * time),
    );
    expect(slope).toBeCloseTo(0.5);
    expect(error).toBeCloseTo(0);
  });

  it('takes a wave that comes back for no trend, and a line below it for one', () => {
    const wave = times.map((time) => Math.sin(time / 4));
    const none = trend(times, wave);
    expect(Math.abs(none.slope)).toBeLessThan(2 * none.error);
    const some = trend(
      times,
      wave.map((value, time) => value + 0.2 * time),
    );
    expect(some.slope).toBeGreaterThan(2 * some.error);
  });

  it('refuses what says nothing', () => {
    expect(() => trend([1, 2], [1, 2])).toThrow('three values');
    expect(() => trend([1, 2, 3], [1, 2])).toThrow('a time for each');
  });
});
