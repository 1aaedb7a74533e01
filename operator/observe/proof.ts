import type { ProofMeasurements, PromptPair, PromptSample, SmokeResult, WarmPod } from '../rollout/measurements.ts';
import type { ProofSettings } from '../rollout/settings.ts';
import {
  CONCURRENCIES,
  FIRST_REQUEST_LIMIT_MS,
  LAST_WAVE_MS,
  pairsLimitMs,
  REQUEST_LIMIT_MS,
  TOKEN_ATTEMPTS,
  TOKEN_PAUSE_MS,
  WARM_UP_PARALLEL,
  warmUpLimitMs,
} from '../rollout/proof-limits.ts';
import { type Clock, sleep } from './clock.ts';
import type { EngineEndpoint } from './endpoint.ts';
import type { EngineClient } from './engine-client.ts';
import { inParallel } from './in-parallel.ts';
import { comparisonPrompt } from './prompts.ts';
import { runSmokeTest } from './smoke-tests.ts';

export interface Proof {
  readonly client: Pick<EngineClient, 'generate'>;
  /** Pods of the version that is proven, at least one. */
  readonly candidate: readonly EngineEndpoint[];
  /** Ready pods of the version that serves; empty when none is. */
  readonly base: readonly EngineEndpoint[];
  readonly proof: ProofSettings;
  readonly clock: Clock;
  /**
   * Makes the prompts of the comparison others than those of earlier proofs, which the old version may have in its prefix
   * cache. Default: the names of the candidate's pods.
   */
  readonly seed?: string;
}

const WARM_UP_TOKENS = 8;
const SMOKE_PARALLEL = 4;
const PAIR_TOKENS = 32;

/**
 * Lets a candidate show what it can do before a user's request reaches it: tokens of every pod, answers that are known,
 * and the same prompts as the old version. A stage that fails ends it: nothing is compared with a version that answers
 * wrongly. When time is up before all pairs are taken, those that were taken are given.
 *
 * @throws RangeError without a candidate; the signal's reason when it aborts: a proof that was cut short is none.
 */
export async function runProof(given: Proof, signal: AbortSignal): Promise<ProofMeasurements> {
  const { candidate, base, proof } = given;
  if (candidate.length === 0) throw new RangeError('a proof needs at least one pod of the candidate');
  const pods = await inParallel(candidate, WARM_UP_PARALLEL, (endpoint) => warmUp(given, endpoint, signal));
  signal.throwIfAborted();
  const cold = pods.filter(({ ok }) => !ok);
  if (cold.length > 0) return unpaired(given, pods, [], `${cold.length} of ${pods.length} pods generated no token`);

  const smokeTests = await inParallel(
    proof.smokeTests ?? [],
    Math.min(SMOKE_PARALLEL, candidate.length),
    (test, index) => runSmokeTest(test, pick(candidate, index), given.client, signal),
  );
  signal.throwIfAborted();
  const wrong = smokeTests.filter(({ outcome }) => outcome !== 'Passed');
  if (wrong.length > 0)
    return unpaired(given, pods, smokeTests, `${wrong.length} of ${smokeTests.length} smoke tests did not pass`);
  if (base.length === 0) return unpaired(given, pods, smokeTests, 'no pod of the version that serves is ready');

  const pairs: PromptPair[] = [];
  for (const concurrency of CONCURRENCIES) pairs.push(...(await takePairs(given, concurrency, signal)));
  signal.throwIfAborted();
  return { pods, smokeTests, pairs };
}

function unpaired(
  { proof }: Proof,
  pods: readonly WarmPod[],
  smokeTests: readonly SmokeResult[],
  why: string,
): ProofMeasurements {
  return { pods, smokeTests, pairs: [], ...(proof.pairedRequests > 0 && { notPaired: why }) };
}

/** The warm-up requests of one pod, whose outcome is not judged, and then a token, which is. */
async function warmUp(given: Proof, endpoint: EngineEndpoint, signal: AbortSignal): Promise<WarmPod> {
  const { client, clock, proof } = given;
  const { pod } = endpoint;
  const deadline = clock.monotonic() + warmUpLimitMs(proof);
  let first = true;
  const ask = async (index: number): Promise<PromptSample> => {
    const limit = first ? FIRST_REQUEST_LIMIT_MS : REQUEST_LIMIT_MS;
    first = false;
    const timeoutMs = Math.max(1, Math.min(limit, deadline - clock.monotonic()));
    const prompt = comparisonPrompt(`warm-up/${seedOf(given)}/${pod}`, index, endpoint.maxModelLen);
    return (await client.generate(endpoint, { prompt, maxTokens: WARM_UP_TOKENS, timeoutMs }, signal)).sample;
  };
  let answered = 0;
  for (; answered < proof.warmUpRequests && clock.monotonic() < deadline; answered++) await ask(answered);
  let unreachable = false;
  let error = `${answered} of ${proof.warmUpRequests} warm-up requests took ${Math.round(warmUpLimitMs(proof) / 1000)} s`;
  for (let attempt = 1; attempt <= TOKEN_ATTEMPTS && clock.monotonic() < deadline; attempt++) {
    if (attempt > 1) await sleep(clock, TOKEN_PAUSE_MS, signal);
    const sample = await ask(proof.warmUpRequests + attempt);
    if (sample.ok && sample.outputTokens > 0) return { pod, ok: true };
    error = sample.error ?? 'no token was generated';
    unreachable = sample.unreachable === true;
  }
  return { pod, ok: false, error, ...(unreachable && { unreachable }) };
}

/**
 * Pairs in waves: the same prompts to one pod of the one version, all at once, and when all are answered to one pod of
 * the other; which version comes first alternates. So both have the same number in flight, also when one is slower. Each
 * of the n pods that both versions have takes its share of the waves.
 */
async function takePairs(given: Proof, concurrency: number, signal: AbortSignal): Promise<PromptPair[]> {
  const { candidate, base, proof, clock } = given;
  const shared = Math.min(candidate.length, base.length);
  const waves = Math.ceil(proof.pairedRequests / concurrency);
  const deadline = clock.monotonic() + pairsLimitMs(proof, concurrency);
  const end = deadline + LAST_WAVE_MS;
  const maxModelLen = Math.min(...[...candidate, ...base].map((endpoint) => endpoint.maxModelLen ?? Infinity));
  const pairs: PromptPair[] = [];
  for (let wave = 0; wave < waves && clock.monotonic() < deadline; wave++) {
    const index = Math.floor((wave * shared) / waves);
    const prompts = Array.from({ length: concurrency }, (_, lane) =>
      comparisonPrompt(`${seedOf(given)}/${concurrency}`, wave * concurrency + lane, maxModelLen),
    );
    const ask = (pods: readonly EngineEndpoint[]): Promise<PromptSample[]> =>
      Promise.all(prompts.map((prompt) => compare(given, pick(pods, index), prompt, end, signal)));
    const samples = { base: [] as PromptSample[], candidate: [] as PromptSample[] };
    if (wave % 2 === 0) samples.base = await ask(base);
    samples.candidate = await ask(candidate);
    if (wave % 2 === 1) samples.base = await ask(base);
    // What the end has cut short says nothing of either version.
    if (clock.monotonic() >= end) break;
    samples.candidate.forEach((sample, lane) => {
      const other = samples.base[lane];
      if (other !== undefined) pairs.push({ concurrency, base: other, candidate: sample });
    });
  }
  // The last wave is a whole one; what it has too much was company for the others.
  return pairs.slice(0, proof.pairedRequests);
}

async function compare(
  { client, clock }: Proof,
  endpoint: EngineEndpoint,
  prompt: string,
  end: number,
  signal: AbortSignal,
): Promise<PromptSample> {
  const timeoutMs = Math.max(1, Math.min(REQUEST_LIMIT_MS, end - clock.monotonic()));
  const asked = { prompt, maxTokens: PAIR_TOKENS, timeoutMs, fixedLength: true };
  return (await client.generate(endpoint, asked, signal)).sample;
}

function seedOf({ seed, candidate }: Proof): string {
  return seed ?? candidate.map(({ pod }) => pod).join();
}

function pick(endpoints: readonly EngineEndpoint[], index: number): EngineEndpoint {
  const found = endpoints[index % endpoints.length];
  if (found === undefined) throw new RangeError('no pod to ask');
  return found;
}
