import type { Histogram } from '../measurements.ts';

/** Bounds and limits come out of decimal texts and products: they are equal up to rounding. */
const ROUNDING = 1e-9;

/** Why a histogram cannot be one; undefined when it can. */
export function histogramProblem({ bounds, cumulative }: Histogram): string | undefined {
  if (bounds.length !== cumulative.length || bounds.at(-1) !== Infinity) return 'its buckets are incomplete';
  if (bounds.some((bound, index) => index > 0 && !(bound > (bounds[index - 1] ?? 0)))) return 'its buckets do not rise';
  const falls = (value: number, index: number): boolean => !(value >= (cumulative[index - 1] ?? 0));
  return cumulative.some(falls) ? 'its counts fall from bucket to bucket' : undefined;
}

export function sampleCount({ cumulative }: Histogram): number {
  return cumulative.at(-1) ?? 0;
}

/** The bucket that a quantile lies in. */
export interface Bucket {
  /** Seconds: the quantile is above this... */
  readonly above: number;
  /** ...and at most this; Infinity in the last bucket. */
  readonly upTo: number;
  /**
   * The point between them that Prometheus’ histogram_quantile() gives, for people; the lower edge in the last bucket.
   */
  readonly estimate: number;
}

/** The bucket of `quantile` (0 to 1) of a histogram that has samples. */
export function quantileBucket({ bounds, cumulative }: Histogram, quantile: number): Bucket {
  const rank = quantile * sampleCount({ bounds, cumulative });
  const index = cumulative.findIndex((value) => value >= rank * (1 - ROUNDING));
  const above = bounds[index - 1] ?? 0;
  const upTo = bounds[index] ?? Infinity;
  if (upTo === Infinity) return { above, upTo, estimate: above };
  const below = cumulative[index - 1] ?? 0;
  const inside = (cumulative[index] ?? 0) - below;
  return { above, upTo, estimate: above + (upTo - above) * (inside === 0 ? 1 : Math.min(1, (rank - below) / inside)) };
}

/** The samples that are above `limit` for certain, and the edge that they are above: the first bound from the limit on. */
export function samplesAbove(histogram: Histogram, limit: number): { readonly edge: number; readonly samples: number } {
  const index = histogram.bounds.findIndex((bound) => bound >= limit * (1 - ROUNDING));
  const edge = histogram.bounds[index] ?? Infinity;
  return { edge, samples: sampleCount(histogram) - (histogram.cumulative[index] ?? sampleCount(histogram)) };
}

/** Whether `value` keeps `limit`, up to rounding. */
export function isWithin(value: number, limit: number): boolean {
  return value <= limit * (1 + ROUNDING);
}

/**
 * The first finite bound that a quantile is at most, by `isProven(samples at or below it, all samples)`; undefined
 * when there is none: too few samples, or they are beyond the buckets.
 */
export function provenBound(
  { bounds, cumulative }: Histogram,
  isProven: (atOrBelow: number, total: number) => boolean,
): number | undefined {
  const total = cumulative.at(-1) ?? 0;
  return bounds.find((bound, index) => Number.isFinite(bound) && isProven(cumulative[index] ?? 0, total));
}
