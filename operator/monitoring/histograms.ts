import type { CanonicalMetric } from '../catalog/index.ts';
import { SERIES } from './names.ts';

/**
 * Engines put latencies into different buckets, and quantiles over a mix of them are wrong. So each histogram has one set
 * of bounds here: those of vLLM and TensorRT-LLM, which agree, without the ones that nobody needs. SGLang's counts are
 * interpolated onto them (as histogram_quantile itself does between two bounds): a weighted sum of two counters is one.
 */
export interface CanonicalHistogram {
  readonly series: string;
  readonly metric: CanonicalMetric;
  /** Seconds; +Inf is one more. */
  readonly bounds: readonly number[];
  /** Bounds of SGLang 0.5.23 that lie at or around ours (srt/observability/metrics_collector.py). */
  readonly sglang: readonly number[];
}

export const HISTOGRAMS: readonly CanonicalHistogram[] = [
  {
    series: SERIES.timeToFirstToken,
    metric: 'timeToFirstToken',
    bounds: [0.02, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 160],
    sglang: [0.1, 0.2, 0.4, 0.6, 1, 2, 4, 6, 10, 20, 40, 100, 200],
  },
  {
    series: SERIES.interTokenLatency,
    metric: 'interTokenLatency',
    bounds: [0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2.5, 5],
    sglang: [0.01, 0.025, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 1, 2, 4, 6],
  },
  {
    series: SERIES.requestDuration,
    metric: 'requestLatency',
    bounds: [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 240, 480],
    sglang: [0.4, 0.6, 1, 2, 4, 6, 10, 20, 40, 60, 100, 200, 400, 600],
  },
];

/** A bound as Prometheus writes it since version 3, and Python's client always has: `1.0`. */
export function boundLabel(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

/** Matches the bound as `1.0` and as `1`: other clients write so, and Prometheus before version 3 keeps it. */
export function boundPattern(bounds: readonly number[]): string {
  return bounds
    .map((bound) => (Number.isInteger(bound) ? `${bound}([.]0)?` : String(bound).replace('.', '[.]')))
    .join('|');
}

/** How the count at `bound` is made of the counts at an engine's own bounds: its weight at the one below and the one above. */
export interface Interpolation {
  /** Absent: below the first bound, where the count is 0. */
  readonly below?: { readonly bound: number; readonly weight: number };
  readonly above: { readonly bound: number; readonly weight: number };
}

/**
 * Undefined where the engine has the bound itself.
 *
 * @throws RangeError for a bound above the last of the engine.
 */
export function interpolate(bound: number, own: readonly number[]): Interpolation | undefined {
  if (own.includes(bound)) return undefined;
  const above = own.find((candidate) => candidate > bound);
  if (above === undefined) throw new RangeError(`no bound above ${bound}`);
  const below = own.findLast((candidate) => candidate < bound);
  const share = rounded((bound - (below ?? 0)) / (above - (below ?? 0)));
  return {
    ...(below !== undefined && { below: { bound: below, weight: rounded(1 - share) } }),
    above: { bound: above, weight: share },
  };
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
