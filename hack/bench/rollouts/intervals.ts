/** A stretch of time, milliseconds since the epoch. */
export interface Interval {
  readonly from: number;
  readonly until: number;
}

/** How much of `within` these cover together: what two of them share counts once. Milliseconds. */
export function covered(intervals: readonly Interval[], within: Interval): number {
  let [sum, end] = [0, within.from];
  for (const { from, until } of [...intervals].sort((a, b) => a.from - b.from)) {
    const [begin, last] = [Math.max(from, end), Math.min(until, within.until)];
    if (last <= begin) continue;
    sum += last - begin;
    end = last;
  }
  return sum;
}
