import type { TrafficMeasurements } from '../measurements.ts';
import { latencyGate } from './gates.ts';
import { histogramProblem, provenBound } from './histograms.ts';
import { lowerBound } from './proportions.ts';
import type { Baseline, Gate } from './types.ts';

/** Chance, over all gates together, that a baseline is stored too low; the looks at the watch have the rest of 1 %. */
export const BASELINE_ALPHA = 0.005;

/**
 * What the old version did just before the switch, for every gate on an increase: the bound of the engine’s own buckets
 * that the quantile is at most, with confidence. It is not the estimate inside the bucket: a version that is as fast as
 * the old one must not fail because the old one was measured with luck. A gate without enough requests for that has no value.
 */
export function baselineOf(measurements: TrafficMeasurements, gates: readonly Gate[]): Baseline {
  const compared = gates.flatMap((gate) => {
    const read = latencyGate(gate);
    return read?.maxRatio === undefined ? [] : [read];
  });
  const confidence = 1 - BASELINE_ALPHA / Math.max(1, compared.length);
  const values = compared.flatMap(({ name, metric, quantile }) => {
    const histogram = measurements.latencies[metric];
    if (histogram === undefined || histogramProblem(histogram) !== undefined) return [];
    const value = provenBound(histogram, (below, total) => lowerBound(below, total, confidence) >= quantile);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { requestsPerSecond: requestRate(measurements), values: Object.fromEntries(values) };
}

/** Requests per second that ended. */
export function requestRate({ from, to, requests }: TrafficMeasurements): number {
  return to > from ? requests / ((to - from) / 1000) : 0;
}
