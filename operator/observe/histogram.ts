import type { Histogram } from '../rollout/measurements.ts';

/**
 * A cumulative histogram from its buckets (`le` -> count), those of several series added up; undefined when it is none:
 * without a last bucket, or with counts that fall.
 */
export function histogramOf(buckets: ReadonlyMap<number, number>): Histogram | undefined {
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const cumulative = bounds.map((bound) => buckets.get(bound) ?? 0);
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY) return undefined;
  if (cumulative.some((count, index) => count < (cumulative[index - 1] ?? 0))) return undefined;
  return { bounds, cumulative };
}

/** Samples of both, at the bounds that both have. */
export function addHistograms(a: Histogram, b: Histogram): Histogram {
  return combine(a, b, (left, right) => left + right);
}

/** What `later` counts that `earlier` did not; undefined when a count fell, as after a restart, or the bounds differ. */
export function subtractHistograms(later: Histogram, earlier: Histogram): Histogram | undefined {
  if (later.bounds.join() !== earlier.bounds.join()) return undefined;
  const { bounds, cumulative } = combine(later, earlier, (left, right) => left - right);
  if (cumulative.some((count) => count < 0)) return undefined;
  // Buckets that were read while a sample came in may differ by it.
  let highest = 0;
  return { bounds, cumulative: cumulative.map((count) => (highest = Math.max(highest, count))) };
}

function combine(a: Histogram, b: Histogram, operation: (left: number, right: number) => number): Histogram {
  const other = new Map(b.bounds.map((bound, index) => [bound, b.cumulative[index] ?? 0]));
  const shared = a.bounds.flatMap((bound, index) => {
    const right = other.get(bound);
    return right === undefined ? [] : [{ bound, count: operation(a.cumulative[index] ?? 0, right) }];
  });
  return { bounds: shared.map(({ bound }) => bound), cumulative: shared.map(({ count }) => count) };
}
