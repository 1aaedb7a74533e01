import type { Histogram, PromptPair, PromptSample, ProofMeasurements, TrafficMeasurements } from '../measurements.ts';

/** Mulberry32 (T. Ettinger, 2017): uniform numbers from 0 to 1, the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Lognormal numbers with the median 1 (G. E. P. Box, M. E. Muller, Ann. Math. Stat. 29, 1958). */
export function lognormal(uniform: () => number, sigma: number): () => number {
  return () => Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}

/** An answer whose first token came after so many seconds. */
export function answered(timeToFirstToken: number, over: Partial<PromptSample> = {}): PromptSample {
  return {
    ok: true,
    timeToFirstToken,
    timePerOutputToken: 0.02,
    requestLatency: timeToFirstToken + 0.6,
    outputTokens: 31,
    ...over,
  };
}

export function failed(error = 'status 500: out of blocks'): PromptSample {
  return { ok: false, error, timeToFirstToken: 0, timePerOutputToken: 0, requestLatency: 0, outputTokens: 0 };
}

export function pairs(count: number, base: PromptSample, candidate: PromptSample): PromptPair[] {
  return Array.from({ length: count }, (_, index) => ({ concurrency: index % 2 === 0 ? 1 : 4, base, candidate }));
}

export function proof(over: Partial<ProofMeasurements> = {}): ProofMeasurements {
  return { pods: [{ pod: 'c-0', ok: true }], smokeTests: [], pairs: [], ...over };
}

/** Buckets of vLLM 0.32’s time to first token, as its /metrics has them. */
export const VLLM_BOUNDS = [
  0.001,
  0.005,
  0.01,
  0.02,
  0.04,
  0.06,
  0.08,
  0.1,
  0.25,
  0.5,
  0.75,
  1,
  2.5,
  5,
  7.5,
  10,
  20,
  40,
  80,
  160,
  640,
  2560,
  Infinity,
] as const;

export function histogram(seconds: readonly number[], bounds: readonly number[] = VLLM_BOUNDS): Histogram {
  return { bounds, cumulative: bounds.map((bound) => seconds.filter((value) => value <= bound).length) };
}

/** `fast` requests of 200 ms and `slow` ones of 2 s. */
export function mixed(fast: number, slow: number): Histogram {
  return histogram([...Array<number>(fast).fill(0.2), ...Array<number>(slow).fill(2)]);
}

const START = Date.parse('2026-06-01T12:00:00Z');

/** Ten minutes of traffic without errors. */
export function traffic(over: Partial<TrafficMeasurements> & { seconds?: number } = {}): TrafficMeasurements {
  const { seconds = 600, ...rest } = over;
  return {
    from: START,
    to: START + seconds * 1000,
    requests: 600,
    errors: 0,
    latencies: {},
    podsRead: 2,
    podsFailed: [],
    running: 0,
    waiting: 0,
    ...rest,
  };
}
