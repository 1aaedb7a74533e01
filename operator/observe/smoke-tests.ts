import type { SmokeResult } from '../rollout/measurements.ts';
import { durationMs } from '../api/durations.ts';
import type { ProofSettings } from '../rollout/settings.ts';
import type { EngineEndpoint } from './endpoint.ts';
import type { EngineClient, Generation } from './engine-client.ts';
import { compilePattern } from './pattern.ts';
import { oneLine } from './words.ts';

export type SmokeTest = NonNullable<ProofSettings['smokeTests']>[number];

/** Tokens of an answer: reasoning models think for some hundred before they say 4. */
const MAX_ANSWER_TOKENS = 2048;
const MAX_SHOWN_CHARACTERS = 200;

/** Asks one pod for one answer that is known. */
export async function runSmokeTest(
  test: SmokeTest,
  endpoint: EngineEndpoint,
  client: Pick<EngineClient, 'generate'>,
  signal: AbortSignal,
): Promise<SmokeResult> {
  const { prompt } = test;
  const { expected, refusal, holds } = expectation(test);
  if (refusal !== undefined) return { prompt, expected, outcome: 'Failed', seconds: 0, answer: refusal };
  // Half of a short context is left for the prompt: a request beyond the context would be refused.
  const maxTokens = Math.max(1, Math.min(MAX_ANSWER_TOKENS, Math.floor((endpoint.maxModelLen ?? Infinity) / 2)));
  const asked = { prompt, maxTokens, timeoutMs: durationMs(test.within) };
  const generation = await client.generate(endpoint, asked, signal);
  const { sample, text } = generation;
  const outcome = outcomeOf(generation, holds);
  const shown = outcome === 'Failed' ? `${endpoint.pod}: ${sample.error ?? ''}` : text;
  const answer = oneLine(shown, endpoint.apiKey, MAX_SHOWN_CHARACTERS);
  return { prompt, expected, outcome, seconds: sample.requestLatency, answer };
}

function outcomeOf({ sample, text, failure }: Generation, holds: (text: string) => boolean): SmokeResult['outcome'] {
  if (failure === 'Time') return 'TooLate';
  if (!sample.ok) return 'Failed';
  return holds(text) ? 'Passed' : 'WrongAnswer';
}

interface Expectation {
  readonly expected: string;
  readonly refusal?: string;
  readonly holds: (text: string) => boolean;
}

function expectation({ contains, matches }: SmokeTest): Expectation {
  if (contains !== undefined) {
    return { expected: `contains ${JSON.stringify(contains)}`, holds: (text) => text.includes(contains) };
  }
  const expected = `matches /${matches ?? ''}/`;
  const pattern = compilePattern(matches ?? '');
  return pattern.ok
    ? { expected, holds: pattern.test }
    : { expected, refusal: `matches: ${pattern.message}`, holds: () => false };
}
