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
const WARM_UP_REQUEST_MS = 5_000;
/** Pods that are warmed up at once. */
export const WARM_UP_PARALLEL = 16;
/** How often a pod is asked for its token, and the pause: rules of a NetworkPolicy reach a new pod's node a little late. */
export const TOKEN_ATTEMPTS = 3;
export const TOKEN_PAUSE_MS = 2_000;
/** What a pair may take on average when it is taken alone; a wave of four takes about twice as long as one request. */
const PAIR_MS = 2_500;
const MIN_PAIRS_MS = 30_000;
/** What the last requests of a concurrency get once its time is over. */
export const LAST_WAVE_MS = 15_000;

/**
 * The longest that a proof takes, milliseconds: the sum of the limits of its stages. With default settings and one smoke
 * test of 20 s, at most 16 pods: 81 + 20 + (100 + 15) + (50 + 15) = 281 s, so that proof, flip and a watch of 10 minutes end
 * within 15; an engine that answers as it should needs about half of it.
 */
export function proofLimitMs(proof: ProofSettings, candidatePods: number): number {
  const rounds = Math.ceil(candidatePods / WARM_UP_PARALLEL);
  const smoke = (proof.smokeTests ?? []).reduce((sum, test) => sum + durationMs(test.within), 0);
  const pairs = CONCURRENCIES.reduce((sum, concurrency) => sum + pairsLimitMs(proof, concurrency) + LAST_WAVE_MS, 0);
  return rounds * warmUpLimitMs(proof) + smoke + (proof.pairedRequests === 0 ? 0 : pairs);
}

/** What the warm-up of one pod may take, milliseconds. */
export function warmUpLimitMs({ warmUpRequests }: Pick<ProofSettings, 'warmUpRequests'>): number {
  return FIRST_REQUEST_LIMIT_MS + warmUpRequests * WARM_UP_REQUEST_MS + (TOKEN_ATTEMPTS - 1) * TOKEN_PAUSE_MS + 2_000;
}

/** No pair of a concurrency is begun after so long, milliseconds. */
export function pairsLimitMs({ pairedRequests }: Pick<ProofSettings, 'pairedRequests'>, concurrency: number): number {
  return Math.max(MIN_PAIRS_MS, (pairedRequests * PAIR_MS) / Math.sqrt(concurrency));
}
