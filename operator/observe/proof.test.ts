import { describe, expect, it, test } from '@jest/globals';
import { CONCURRENCIES, proofLimitMs } from '../rollout/proof-limits.ts';
import type { ProofSettings } from '../rollout/settings.ts';
import type { EngineEndpoint } from './endpoint.ts';
import type { Generation, Prompt } from './engine-client.ts';
import { runProof } from './proof.ts';
import { ManualClock } from './testing/clock.ts';
import { localEndpoint } from './testing/endpoints.ts';

const never = new AbortController().signal;
const pods = (prefix: string, count: number): EngineEndpoint[] =>
  Array.from({ length: count }, (_, index) => ({ ...localEndpoint, pod: `${prefix}${index}` }));
const settings = (changes: Partial<ProofSettings> = {}): ProofSettings => ({
  warmUpRequests: 0,
  pairedRequests: 0,
  ...changes,
});

interface Call extends Prompt {
  readonly pod: string;
  /** Requests in flight at that pod when this one came, itself among them. */
  readonly inFlight: number;
}

type Answer = Partial<Pick<Generation, 'text' | 'failure'>> & {
  ok?: boolean;
  error?: string;
  outputTokens?: number;
  seconds?: number;
};

/** Engines that answer what a test says, on a clock that goes on by what their answers take. */
class Engines {
  readonly clock = new ManualClock();
  readonly calls: Call[] = [];
  readonly #answer: (call: Call, nth: number) => Answer;
  readonly #inFlight = new Map<string, number>();

  constructor(answer: (call: Call, nth: number) => Answer = () => ({})) {
    this.#answer = answer;
  }

  async generate({ pod }: EngineEndpoint, prompt: Prompt, signal: AbortSignal): Promise<Generation> {
    signal.throwIfAborted();
    const inFlight = (this.#inFlight.get(pod) ?? 0) + 1;
    this.#inFlight.set(pod, inFlight);
    const call = { ...prompt, pod, inFlight };
    this.calls.push(call);
    const nth = this.calls.filter((other) => other.pod === pod).length;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    this.#inFlight.set(pod, (this.#inFlight.get(pod) ?? 1) - 1);
    const { ok = true, error, outputTokens = 8, seconds = 0.5, text = '4', failure } = this.#answer(call, nth);
    this.clock.elapsed += (seconds * 1000) / inFlight;
    const times = { timeToFirstToken: ok ? 0.1 : 0, timePerOutputToken: ok ? 0.01 : 0, requestLatency: seconds };
    return {
      sample: { ok, outputTokens, ...times, ...(error !== undefined && { error }) },
      text,
      ...(failure !== undefined && { failure }),
    };
  }

  run(proof: ProofSettings, candidate = pods('new-', 1), base = pods('old-', 1), signal = never) {
    return runProof({ client: this, candidate, base, proof, clock: this.clock, seed: 's' }, signal);
  }

  of(prefix: string): Call[] {
    return this.calls.filter(({ pod }) => pod.startsWith(prefix));
  }
}

describe('warm-up', () => {
  it.each([0, 3])('%d requests to each pod, and one more whose token counts', async (warmUpRequests) => {
    const engines = new Engines();
    const { pods: warm } = await engines.run(settings({ warmUpRequests }), pods('new-', 3));
    expect(warm).toEqual(['new-0', 'new-1', 'new-2'].map((pod) => ({ pod, ok: true })));
    expect(engines.of('new-1')).toHaveLength(warmUpRequests + 1);
    expect(engines.of('old-')).toEqual([]);
  });

  it('does not judge the requests before the last', async () => {
    const engines = new Engines((_, nth) => ({ ok: nth > 3 }));
    expect((await engines.run(settings({ warmUpRequests: 3 }))).pods).toEqual([{ pod: 'new-0', ok: true }]);
  });

  it('asks again for the token, twice', async () => {
    const late = new Engines((_, nth) => ({ ok: nth === 3, error: 'connection refused' }));
    expect((await late.run(settings())).pods).toEqual([{ pod: 'new-0', ok: true }]);
    const dead = new Engines(() => ({ ok: false, error: 'connection refused' }));
    expect((await dead.run(settings())).pods).toEqual([{ pod: 'new-0', ok: false, error: 'connection refused' }]);
    expect(dead.calls).toHaveLength(3);
  });

  it('ends the proof when a pod has no token', async () => {
    const engines = new Engines(({ pod }) => (pod === 'new-1' ? { ok: false, error: 'answered 500: CUDA error' } : {}));
    const tests = { smokeTests: [{ prompt: '2+2=', contains: '4', within: '20s' }], pairedRequests: 40 };
    expect(await engines.run(settings(tests), pods('new-', 2))).toEqual({
      pods: [
        { pod: 'new-0', ok: true },
        { pod: 'new-1', ok: false, error: 'answered 500: CUDA error' },
      ],
      smokeTests: [],
      pairs: [],
      notPaired: '1 of 2 pods generated no token',
    });
  });

  it('has a limit for all requests of a pod together', async () => {
    const engines = new Engines(({ timeoutMs }) => ({ ok: false, failure: 'Time', seconds: timeoutMs / 1000 }));
    const { pods: warm } = await engines.run(settings({ warmUpRequests: 1000 }));
    expect(warm).toEqual([
      { pod: 'new-0', ok: false, error: expect.stringMatching(/of 1000 warm-up requests took 5066 s/) },
    ]);
    expect(engines.clock.elapsed).toBeLessThanOrEqual(proofLimitMs(settings({ warmUpRequests: 1000 }), 1));
  });
});

describe('smoke tests', () => {
  const run = (test: object, answer: Answer) =>
    new Engines((call) => (call.prompt === '2+2=' ? answer : {}))
      .run(settings({ smokeTests: [{ prompt: '2+2=', within: '20s', ...test }] }))
      .then(({ smokeTests }) => smokeTests[0]);

  it.each<[string, object, Answer, object]>([
    [
      'the answer contains it',
      { contains: '4' },
      { text: 'It is 4.' },
      { outcome: 'Passed', expected: 'contains "4"', answer: 'It is 4.', seconds: 0.5 },
    ],
    ['the answer does not', { contains: '4' }, { text: ' banana\n.' }, { outcome: 'WrongAnswer', answer: 'banana .' }],
    [
      'the answer matches',
      { matches: '^\\s*4\\b' },
      { text: ' 4.' },
      { outcome: 'Passed', expected: 'matches /^\\s*4\\b/' },
    ],
    ['the answer does not match', { matches: '^4$' }, { text: '44' }, { outcome: 'WrongAnswer' }],
    [
      'the expression is none',
      { matches: '(' },
      { text: '(' },
      { outcome: 'Failed', answer: expect.stringContaining('missing closing )') },
    ],
    [
      'the answer is late',
      { contains: '4' },
      { ok: false, failure: 'Time', text: 'It is 4', seconds: 20 },
      { outcome: 'TooLate', seconds: 20, answer: 'It is 4' },
    ],
    [
      'there is none',
      { contains: '4' },
      { ok: false, failure: 'Status', error: 'answered 500: x', text: '' },
      { outcome: 'Failed', answer: 'new-0: answered 500: x' },
    ],
    [
      'it is cut',
      { contains: '4' },
      { ok: false, failure: 'Answer', error: 'the answer was cut', text: '4' },
      { outcome: 'Failed' },
    ],
    [
      'a long answer is shown in its beginning',
      { contains: 'x' },
      { text: 'x'.repeat(9_000) },
      { outcome: 'Passed', answer: `${'x'.repeat(199)}…` },
    ],
  ])('%s', async (_, test, answer, expected) => {
    expect(await run(test, answer)).toMatchObject({ prompt: '2+2=', ...expected });
  });

  it('has the time of `within` and half of the context', async () => {
    const engines = new Engines();
    const smokeTests = [{ prompt: '2+2=', contains: '4', within: '1m30s' }];
    await engines.run(settings({ smokeTests }), [{ ...localEndpoint, pod: 'new-0', maxModelLen: 1000 }]);
    expect(engines.calls.at(-1)).toMatchObject({ timeoutMs: 90_000, maxTokens: 500 });
    expect(engines.calls.at(-1)).not.toHaveProperty('fixedLength');
  });

  it('goes to all pods in turn, and ends the proof when one does not pass', async () => {
    const engines = new Engines(({ prompt }) => ({ text: prompt === 'q4' ? 'no' : 'yes' }));
    const smokeTests = Array.from({ length: 6 }, (_, index) => ({
      prompt: `q${index}`,
      contains: 'yes',
      within: '5s',
    }));
    const result = await engines.run(settings({ smokeTests, pairedRequests: 8 }), pods('new-', 2));
    expect(
      engines.calls
        .slice(2)
        .map(({ pod, prompt }) => [prompt, pod])
        .sort(),
    ).toEqual([0, 1, 2, 3, 4, 5].map((index) => [`q${index}`, `new-${index % 2}`]));
    expect(result).toMatchObject({ pairs: [], notPaired: '1 of 6 smoke tests did not pass' });
  });
});

describe('pairs', () => {
  it('are the same prompts of fixed length to both, so many at each concurrency', async () => {
    const engines = new Engines(({ pod }) => ({ seconds: pod.startsWith('new') ? 0.6 : 0.5 }));
    const { pairs, notPaired } = await engines.run(settings({ pairedRequests: 10 }));
    expect(notPaired).toBeUndefined();
    for (const concurrency of CONCURRENCIES) {
      expect(pairs.filter((pair) => pair.concurrency === concurrency)).toHaveLength(10);
    }
    expect(pairs.every(({ base, candidate }) => base.requestLatency === 0.5 && candidate.requestLatency === 0.6)).toBe(
      true,
    );
    const [asked, old] = [engines.of('new-').slice(1), engines.of('old-')];
    expect(asked.map(({ prompt }) => prompt)).toEqual(old.map(({ prompt }) => prompt));
    expect(new Set(asked.map(({ prompt }) => prompt)).size).toBe(asked.length);
    expect(asked.every(({ maxTokens, fixedLength }) => maxTokens === 32 && fixedLength === true)).toBe(true);
  });

  it('have as many in flight at both versions, which come first in turn', async () => {
    const engines = new Engines();
    await engines.run(settings({ pairedRequests: 8 }));
    const order = engines.calls.slice(1).map(({ pod }) => pod.slice(0, 3));
    expect(order.slice(0, 8)).toEqual(['old', 'new', 'new', 'old', 'old', 'new', 'new', 'old']);
    expect(
      order
        .slice(16)
        .join('')
        .match(/(old){4}|(new){4}/g),
    ).toEqual(['old', 'new', 'new', 'old'].map((version) => version.repeat(4)));
    const highest = (calls: Call[]) => Math.max(...calls.map(({ inFlight }) => inFlight));
    expect(highest(engines.calls.slice(1, 17))).toBe(1);
    expect([highest(engines.of('old-')), highest(engines.of('new-'))]).toEqual([4, 4]);
  });

  it('use as many pods of the one version as of the other', async () => {
    const engines = new Engines();
    await engines.run(settings({ pairedRequests: 12 }), pods('new-', 2), pods('old-', 5));
    expect(new Set(engines.of('old-').map(({ pod }) => pod))).toEqual(new Set(['old-0', 'old-1']));
    const count = (pod: string) => engines.calls.filter((call) => call.pod === pod && call.maxTokens === 32).length;
    expect([count('new-0'), count('new-1')]).toEqual([count('old-0'), count('old-1')]);
    expect(Math.abs(count('old-0') - count('old-1'))).toBeLessThanOrEqual(4);
  });

  it('hold what failed at either version', async () => {
    const engines = new Engines(({ pod, maxTokens }, nth) =>
      maxTokens === 32 && pod.startsWith('new') && nth % 2 === 0 ? { ok: false, error: 'answered 500' } : {},
    );
    const { pairs } = await engines.run(settings({ pairedRequests: 4 }));
    expect(pairs.filter(({ candidate }) => !candidate.ok)).toHaveLength(4);
    expect(pairs.every(({ base }) => base.ok)).toBe(true);
  });

  it('are fewer when time is up, and each that was begun is whole', async () => {
    const engines = new Engines(({ maxTokens }) => ({ seconds: maxTokens === 32 ? 10 : 1 }));
    const proof = settings({ pairedRequests: 40 });
    const { pairs } = await engines.run(proof);
    // 100 s: five pairs of 20 s one by one. Then 50 s, and 15 s for the last wave: the second of 42 s is none.
    expect(pairs.filter(({ concurrency }) => concurrency === 1)).toHaveLength(5);
    expect(pairs.filter(({ concurrency }) => concurrency === 4)).toHaveLength(4);
    expect(engines.clock.elapsed).toBeLessThanOrEqual(proofLimitMs(proof, 1));
  });

  it('do not hold what the end has cut short', async () => {
    const engines = new Engines(({ maxTokens, timeoutMs }) => {
      if (maxTokens !== 32 || timeoutMs >= 29_000) return { seconds: maxTokens === 32 ? 29 : 1 };
      return { ok: false, failure: 'Time', seconds: timeoutMs / 1000 };
    });
    const proof = settings({ pairedRequests: 40 });
    const { pairs } = await engines.run(proof);
    // The second pair begins after 58 s, and its second half gets 28 s until 115 s; of four at once even the first is cut.
    expect(pairs.map(({ base, candidate }) => [base.ok, candidate.ok])).toEqual([[true, true]]);
    expect(engines.clock.elapsed).toBeLessThanOrEqual(proofLimitMs(proof, 1));
  });

  it('are none without a pod to compare with, or when none are asked for', async () => {
    const engines = new Engines();
    expect(await engines.run(settings({ pairedRequests: 40 }), pods('new-', 1), [])).toMatchObject({
      pairs: [],
      notPaired: 'no pod of the version that serves is ready',
    });
    expect(await engines.run(settings(), pods('new-', 1), [])).not.toHaveProperty('notPaired');
    expect(await engines.run(settings())).not.toHaveProperty('notPaired');
  });
});

test.each([1, 4, 12, 40])('a proof that is aborted at its request %d gives nothing but the reason', async (at) => {
  const controller = new AbortController();
  const reason = new Error('another spec');
  const engines = new Engines(() => {
    if (engines.calls.length >= at) controller.abort(reason);
    return {};
  });
  const smokeTests = [{ prompt: '2+2=', contains: '4', within: '20s' }];
  const proof = settings({ warmUpRequests: 3, smokeTests, pairedRequests: 20 });
  await expect(engines.run(proof, pods('new-', 2), pods('old-', 2), controller.signal)).rejects.toBe(reason);
});

test('a proof of nothing is refused', async () => {
  await expect(new Engines().run(settings(), [])).rejects.toThrow(RangeError);
});

test('the limit of a proof with default settings is the one that is documented', () => {
  const smokeTests = [{ prompt: '2+2=', contains: '4', within: '20s' }];
  expect(proofLimitMs({ warmUpRequests: 3, smokeTests, pairedRequests: 40 }, 16)).toBe(281_000);
});
