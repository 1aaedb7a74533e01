import { expect, it } from '@jest/globals';
import { verdictOfSlope } from './slope.ts';

it.each([
  ['no slope', 0, 1, 'pass'],
  ['a slope within its error', 1.9, 1, 'pass'],
  ['a slope beyond its error', 2.1, 1, 'miss'],
  ['memory that is given back', -30, 1, 'pass'],
  ['an error in which a leak would not show', 0, 5.1, 'miss'],
  ['nothing that was measured', Number.NaN, Number.NaN, 'miss'],
] as const)('judges %s', (_, slope, error, verdict) => {
  expect(verdictOfSlope({ slope, error })).toBe(verdict);
});
