import { trend } from '../statistics.ts';

/**
 * How something grows with a number: the slope of a straight line through the logarithms of both; 1 is in proportion. `base` is what there
 * is of it with none, and no growth. NaN where a value is not above it: then it was not measured.
 */
export function exponent(counts: readonly number[], values: readonly number[], base = 0): number {
  const above = values.map((value) => value - base);
  if (above.some((value) => value <= 0)) return Number.NaN;
  return trend(counts.map(Math.log), above.map(Math.log)).slope;
}
