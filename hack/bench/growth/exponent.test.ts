import { expect, it } from '@jest/globals';
import { exponent } from './exponent.ts';

const COUNTS = [100, 300, 1_000, 3_000];
const values = (of: (count: number) => number): number[] => COUNTS.map(of);

it.each([
  ['in proportion', (count: number) => 2 * count, 1],
  ['with the square', (count: number) => count ** 2, 2],
  ['not at all', () => 7, 0],
])('finds what grows %s', (_, of, expected) => {
  expect(exponent(COUNTS, values(of))).toBeCloseTo(expected);
});

it('finds behind a base what grows faster than in proportion, which the whole hides', () => {
  const memory = values((count) => 100 + 0.0005 * count ** 1.5);
  expect(exponent(COUNTS, memory)).toBeLessThan(0.5);
  expect(exponent(COUNTS, memory, 100)).toBeCloseTo(1.5);
});

it('says nothing of what is not above the base', () => {
  expect(exponent(COUNTS, [99, 101, 110, 130], 100)).toBeNaN();
});
