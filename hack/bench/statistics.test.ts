import { describe, expect, it } from '@jest/globals';
import { median, quantile, spread } from './statistics.ts';

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
