import { studentQuantile } from './distributions.ts';
import type { LatencyMetric, PromptPair } from '../measurements.ts';
import { latencyOf } from './gates.ts';

/** How the latencies of two versions compare, prompt by prompt. */
export interface PairedRatio {
  /** Pairs in which both versions have the latency. */
  readonly pairs: number;
  /** Geometric mean of candidate / base. */
  readonly ratio: number;
  /** One-sided bounds of it: it is at least, and at most, this. */
  readonly atLeast: number;
  readonly atMost: number;
  /** Seconds, of the same pairs. */
  readonly base: readonly number[];
  readonly candidate: readonly number[];
}

/** Fewer pairs than these are not compared: the spread of so few says next to nothing. */
export const MIN_PAIRS = 5;

/**
 * Compares the pairs of all concurrencies together, each prompt with itself, so that long and short prompts, and slow and
 * fast minutes of the machine, cancel out. Latencies are about lognormal, so the logarithms of the ratios are about
 * normal, and their mean has Student’s t bounds (W. S. Gosset, "The probable error of a mean", Biometrika 6, 1908).
 * Undefined with fewer than {@link MIN_PAIRS}.
 */
export function pairedRatio(
  pairs: readonly PromptPair[],
  metric: LatencyMetric,
  confidence: number,
): PairedRatio | undefined {
  const both = pairs.flatMap((pair) => {
    const base = latencyOf(pair.base, metric);
    const candidate = latencyOf(pair.candidate, metric);
    return base === undefined || candidate === undefined ? [] : [{ base, candidate }];
  });
  if (both.length < MIN_PAIRS) return undefined;
  const logs = both.map(({ base, candidate }) => Math.log(candidate / base));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1);
  const margin = studentQuantile(confidence, logs.length - 1) * Math.sqrt(variance / logs.length);
  return {
    pairs: both.length,
    ratio: Math.exp(mean),
    atLeast: Math.exp(mean - margin),
    atMost: Math.exp(mean + margin),
    base: both.map(({ base }) => base),
    candidate: both.map(({ candidate }) => candidate),
  };
}

/** The value at `q` (0 to 1) of a sample, between its neighbours where it falls between two (Hyndman and Fan 1996, type 7). */
export function sampleQuantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}
