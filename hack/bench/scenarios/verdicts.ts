import type { PromptPair, PromptSample } from '../../../operator/rollout/measurements.ts';
import { CONCURRENCIES } from '../../../operator/rollout/proof-limits.ts';
import { type Gate, judgeProof } from '../../../operator/rollout/verdicts/index.ts';
import { atMost, type Figure, type Scenario } from '../figure.ts';

/** The noise that the figures are promised for, of each latency, as the sigma of a lognormal. */
const PROMISED_SIGMA = 0.2;
const SIGMAS = [0.1, PROMISED_SIGMA, 0.3, 0.5] as const;
const VERSIONS = 1000;
const PAIRS = 40;
const GATE: Gate = { metric: 'TimeToFirstToken', quantile: '0.95', maxIncreasePercent: 20 };

/** How often the gate on paired prompts is wrong. */
export const verdicts: Scenario = {
  name: 'verdicts',
  method: `${VERSIONS.toLocaleString('en-US')} simulated versions, seeded, of each kind and noise: as fast as the old one, and 30 % slower to the first token. Each is judged
on ${PAIRS} pairs of prompts at each of two concurrencies by the gate \`TimeToFirstToken P95, maxIncreasePercent 20\`, as \`judgeProof\` does it.
The time of each prompt of each version is lognormal around the same typical time, and slower at the higher concurrency. A
false alarm is a good version that fails; a miss is a slow one that does not. The limits hold for a sigma of ${PROMISED_SIGMA}.`,
  run: () => Promise.resolve(measure()),
};

function measure(): readonly Figure[] {
  return SIGMAS.flatMap((sigma) => [
    figure('false-alarms', `Good versions that fail their proof, noise ${sigma}`, sigma, 1, 1),
    figure('misses', `30 % slower versions that pass their proof, noise ${sigma}`, sigma, 1.3, 5),
  ]);
}

function figure(name: string, title: string, sigma: number, slowdown: number, limit: number): Figure {
  const { failed } = simulateProofGate({ versions: VERSIONS, pairs: PAIRS, sigma, slowdown, seed: 1 });
  const value = (100 * (slowdown === 1 ? failed : VERSIONS - failed)) / VERSIONS;
  const full = { name: `${name}-${sigma}`, title, value, limit, unit: ' %', decimals: 1 };
  if (sigma === PROMISED_SIGMA) return atMost(full);
  return { ...atMost(full), limit: '', verdict: 'info' };
}

export interface Simulation {
  readonly versions: number;
  /** At each of the two concurrencies. */
  readonly pairs: number;
  /** Of the logarithm of each latency. */
  readonly sigma: number;
  /** How much slower the candidate is to the first token: 1.3 for 30 %. */
  readonly slowdown: number;
  readonly seed: number;
}

/** Judges so many simulated versions, and counts those that fail. The same seed gives the same count. */
export function simulateProofGate({ versions, pairs, sigma, slowdown, seed }: Simulation): { readonly failed: number } {
  const noise = lognormal(random(seed), sigma);
  const pods = [{ pod: 'candidate', ok: true }];
  let failed = 0;
  for (let version = 0; version < versions; version++) {
    const measured = CONCURRENCIES.flatMap((concurrency) =>
      Array.from({ length: pairs }, (): PromptPair => {
        const typical = 0.2 * Math.sqrt(concurrency);
        return { concurrency, base: sample(typical * noise()), candidate: sample(typical * slowdown * noise()) };
      }),
    );
    const { verdict } = judgeProof({ pods, smokeTests: [], pairs: measured }, [GATE]);
    if (verdict === 'Fail') failed++;
  }
  return { failed };
}

function sample(timeToFirstToken: number): PromptSample {
  const timePerOutputToken = 0.02;
  const outputTokens = 32;
  const requestLatency = timeToFirstToken + timePerOutputToken * (outputTokens - 1);
  return { ok: true, timeToFirstToken, timePerOutputToken, requestLatency, outputTokens };
}

/** Lognormal numbers with the median 1 (G. E. P. Box, M. E. Muller, Ann. Math. Stat. 29, 1958). */
function lognormal(uniform: () => number, sigma: number): () => number {
  return () => Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}

/** Mulberry32 (T. Ettinger, 2017): 32 bits of state, enough for a simulation. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
