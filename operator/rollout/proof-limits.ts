import { durationMs } from '../api/durations.ts';
import type { ProofSettings } from './settings.ts';

/**
 * Requests in flight at each version while pairs are taken. 1: what a request costs by itself, which shows a slower engine
 * with the least noise. 4: what it costs in a batch (kernels for batches, scheduling, chunked prefill), small enough for
 * the four slots of a llama-server and for an old version that has users.
 */
export const CONCURRENCIES = [1, 4] as const;

/** An answer that is not there by then does not come, milliseconds: an engine under no load makes 32 tokens in seconds. */
export const REQUEST_LIMIT_MS = 30_000;
/** Compilers and autotuners may run at the first request. */
export const FIRST_REQUEST_LIMIT_MS = 60_000;
/** What a pod gets for each warm-up request on average, beyond its first. */
const WARM_UP_REQUEST_MS = 10_000;
/** Pods that are warmed up at once. */
export const WARM_UP_PARALLEL = 16;
/** How often a pod is asked for its token, and the pause: rules of a NetworkPolicy reach a new pod's node a little late. */
export const TOKEN_ATTEMPTS = 3;
export const TOKEN_PAUSE_MS = 2_000;
/** What a pair may take on average. 40 pairs at two concurrencies then end in 200 s, whatever the engines do. */
const PAIR_MS = 2_500;
const MIN_PAIRS_MS = 30_000;

/**
 * The longest that a proof takes, milliseconds: the sum of the limits of its stages. With default settings and one smoke
 * test of 20 s, at most 16 pods: 96 + 20 + 2 x (100 + 60) = 436 s; an engine that answers at all needs about half of it.
 */
export function proofLimitMs(proof: ProofSettings, candidatePods: number): number {
  const rounds = Math.ceil(candidatePods / WARM_UP_PARALLEL);
  const smoke = (proof.smokeTests ?? []).reduce((sum, test) => sum + durationMs(test.within), 0);
  const pairs = proof.pairedRequests === 0 ? 0 : CONCURRENCIES.length * (pairsLimitMs(proof) + 2 * REQUEST_LIMIT_MS);
  return rounds * warmUpLimitMs(proof) + smoke + pairs;
}

/** What the warm-up of one pod may take, milliseconds. */
export function warmUpLimitMs({ warmUpRequests }: Pick<ProofSettings, 'warmUpRequests'>): number {
  return FIRST_REQUEST_LIMIT_MS + warmUpRequests * WARM_UP_REQUEST_MS + (TOKEN_ATTEMPTS - 1) * TOKEN_PAUSE_MS + 2_000;
}

/** No pair of a concurrency is begun after so long, milliseconds. */
export function pairsLimitMs({ pairedRequests }: Pick<ProofSettings, 'pairedRequests'>): number {
  return Math.max(MIN_PAIRS_MS, pairedRequests * PAIR_MS);
}
