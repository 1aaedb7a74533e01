import type { Trend } from '../statistics.ts';

/** A slope is none within so many of its standard errors: 95 % of the time. */
export const ERRORS = 2;

/**
 * How wide that may be, MB/h, for the slope to say anything. At 10 MB/h more an operator of 150 MB would need a day and a half to reach
 * its limit of 512 MiB; and with an edit each second it is 2.8 kB that each leaves behind, less than any object that the operator caches.
 */
export const WIDEST_MB_PER_HOUR = 10;

/** Whether memory does not grow: miss where it does, and where its values spread so far that nobody can tell. */
export function verdictOfSlope({ slope, error }: Trend): 'pass' | 'miss' {
  const noise = ERRORS * error;
  return slope <= noise && noise <= WIDEST_MB_PER_HOUR ? 'pass' : 'miss';
}
