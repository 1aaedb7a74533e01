import { afterEach, describe, expect, it, test } from '@jest/globals';
import { systemClock } from '../../operator/kube/clock.ts';
import { EngineClient, runProof, TrafficMeter } from '../../operator/observe/index.ts';
import type { PromptSample } from '../../operator/rollout/measurements.ts';
import { loopbackAddress } from '../simulator/addresses.ts';
import type { EngineSpec } from '../simulator/engines/types.ts';
import { eventually } from '../support/index.ts';
import { ENGINES, SimulatedEngine } from './simulated-engine.ts';

const never = new AbortController().signal;
const resolve = (host: string, port: number) => ({ host: loopbackAddress(host), port });
const prompt = { prompt: '2+2=', maxTokens: 64, timeoutMs: 30_000 };

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function newClient(): EngineClient {
  const client = new EngineClient({ clock: systemClock, resolve });
  cleanups.unshift(() => client.close());
  return client;
}

let pods = 0;
async function start(engine: (typeof ENGINES)[number], changes: Partial<EngineSpec> = {}): Promise<SimulatedEngine> {
  const started = await SimulatedEngine.start(engine, `10.244.9.${++pods}`, changes);
  cleanups.push(() => started.kill());
  return started;
}

/** The geometric mean of what the candidate takes in comparison with the base. */
function ratio(pairs: readonly (readonly [PromptSample, PromptSample])[], of: keyof PromptSample): number {
  const logs = pairs.map(([base, candidate]) => Math.log(Number(candidate[of]) / Number(base[of])));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

describe.each(ENGINES)('%s', (...engine) => {
  const [name] = engine;

  it('answers: timed token by token, of fixed length when asked', async () => {
    const { endpoint } = await start(engine);
    const client = newClient();
    const { sample, text } = await client.generate(endpoint, prompt, never);
    expect(text).toBe('4.');
    expect(sample).toMatchObject({ ok: true, outputTokens: 2 });
    expect(sample.timeToFirstToken).toBeGreaterThan(0.015);
    const fixed = await client.generate(endpoint, { ...prompt, fixedLength: true }, never);
    expect(fixed.sample).toMatchObject({ ok: true, outputTokens: 64 });
    expect(fixed.sample.timePerOutputToken).toBeGreaterThan(0.0015);
    expect(fixed.sample.requestLatency).toBeGreaterThanOrEqual(
      fixed.sample.timeToFirstToken + 63 * fixed.sample.timePerOutputToken - 0.001,
    );
  });

  it.each(['inline', 'parsed'] as const)('answers without what it thought: %s', async (reasoning) => {
    const { endpoint } = await start(engine, { reasoning });
    const { sample, text } = await newClient().generate(endpoint, prompt, never);
    expect(text).toBe('4.');
    expect(sample.outputTokens).toBeGreaterThan(2);
  });

  it('is asked with its key, and is no answer without', async () => {
    const { endpoint } = await start(engine, { apiKeys: ['sk-1'] });
    const client = newClient();
    expect((await client.generate(endpoint, prompt, never)).sample.ok).toBe(true);
    expect(await client.scrape(endpoint, never)).toMatchObject({ ok: true });
    const { apiKey: _, ...open } = endpoint;
    // Simulated TensorRT-LLM asks for none, as the real one.
    const { sample } = await client.generate(open, prompt, never);
    expect(sample.ok).toBe(name === 'TensorRT-LLM');
    if (!sample.ok) expect(sample.error).toMatch(/^answered 401/);
  });

  it('is no answer in its own words when it fails, and when it is gone', async () => {
    const engineOfTest = await start(engine);
    const client = newClient();
    engineOfTest.behaviour = { ...engineOfTest.behaviour, errorRate: 1 };
    const { sample } = await client.generate(engineOfTest.endpoint, prompt, never);
    expect(sample).toMatchObject({ ok: false, error: 'answered 500: EngineCore encountered an issue.' });
    await engineOfTest.kill();
    const gone = expect.stringMatching(/^(connection refused|the connection was cut)$/);
    expect((await client.generate(engineOfTest.endpoint, prompt, never)).sample.error).toEqual(gone);
    expect(await client.scrape(engineOfTest.endpoint, never)).toEqual({ ok: false, error: gone });
  });

  it('is no answer when it dies in the middle of one', async () => {
    const dying = await start(engine);
    const long = newClient().generate(dying.endpoint, { ...prompt, maxTokens: 3_000, fixedLength: true }, never);
    const observer = newClient();
    await eventually(
      async () => expect(await observer.scrape(dying.endpoint, never)).toMatchObject({ metrics: { running: 1 } }),
      { timeoutMs: 10_000, intervalMs: 5 },
    );
    await dying.kill();
    expect((await long).sample).toMatchObject({ ok: false, error: 'the connection was cut' });
  });

  it('has its traffic measured, also through a restart', async () => {
    const serving = await start(engine);
    const other = await start(engine);
    const client = newClient();
    const meter = new TrafficMeter({ client, clock: systemClock });
    const both = [serving.endpoint, { ...other.endpoint, container: 'one' }];
    await client.generate(serving.endpoint, prompt, never);
    expect(await meter.read(both, never)).toMatchObject({ requests: 0, podsRead: 2, running: 0, podsFailed: [] });

    for (let request = 0; request < 5; request++) await client.generate(serving.endpoint, prompt, never);
    await client.generate(other.endpoint, prompt, never);
    other.behaviour = { ...other.behaviour, errorRate: 1 };
    await client.generate(other.endpoint, prompt, never);
    const measured = await meter.read(both, never);
    // llama.cpp counts no requests; SGLang's counters, as far as they are known, have no request that was refused with 500.
    const counted = { 'llama.cpp': [0, undefined], SGLang: [6, 0] }[name] ?? [7, 1];
    expect([measured.requests, measured.errors]).toEqual(counted);
    const latencies = name === 'llama.cpp' ? [] : ['RequestLatency', 'TimePerOutputToken', 'TimeToFirstToken'];
    expect(Object.keys(measured.latencies).sort()).toEqual(latencies);
    for (const histogram of Object.values(measured.latencies)) expect(histogram.cumulative.at(-1)).toBe(6);
    expect(measured.idleSince).toBe(measured.to);

    await other.kill();
    // A connection that was kept open is cut, a new one refused.
    const failed = [
      { pod: other.endpoint.pod, error: expect.stringMatching(/^(connection refused|the connection was cut)$/) },
    ];
    const without = await meter.read(both, never);
    expect(without).toMatchObject({ podsRead: 1, podsFailed: failed });
    expect(without).not.toHaveProperty('idleSince');
    const restarted = await SimulatedEngine.start(engine, other.endpoint.host);
    cleanups.push(() => restarted.kill());
    await client.generate(restarted.endpoint, prompt, never);
    const another = { ...restarted.endpoint, pod: other.endpoint.pod, container: 'another' };
    // An engine counts a request a moment after its last token.
    const after = await eventually(
      async () => {
        const reading = await meter.read([serving.endpoint, another], never);
        expect(reading.requests).toBe(name === 'llama.cpp' ? 0 : Number(counted[0]) + 1);
        return reading;
      },
      { timeoutMs: 20_000 },
    );
    expect(after.podsFailed).toEqual([]);
  });

  it('shows what runs and waits', async () => {
    const { endpoint } = await start(engine, { maxNumSeqs: 1 });
    const client = newClient();
    const meter = new TrafficMeter({ client, clock: systemClock });
    const stop = new AbortController();
    const long = { ...prompt, maxTokens: 3_000, fixedLength: true };
    const streams = [1, 2].map(() => client.generate(endpoint, long, stop.signal).catch(() => undefined));
    await eventually(
      async () => expect(await meter.read([endpoint], never)).toMatchObject({ running: 1, waiting: 1 }),
      { timeoutMs: 10_000, intervalMs: 5 },
    );
    stop.abort();
    await Promise.all(streams);
    await eventually(async () => expect(await meter.read([endpoint], never)).toHaveProperty('idleSince'), {
      timeoutMs: 10_000,
      intervalMs: 5,
    });
  });

  it('is proven against another version of it: the same, slower, wrong, failing', async () => {
    const [base, candidate] = [await start(engine), await start(engine)];
    const proof = {
      warmUpRequests: 2,
      smokeTests: [
        { prompt: '17+25=', contains: '42', within: '10s' },
        { prompt: '6*7=', matches: '^\\s*42\\.?$', within: '10s' },
      ],
      pairedRequests: 4,
    };
    const given = { client: newClient(), base: [base.endpoint], candidate: [candidate.endpoint], proof };
    const run = (changes: Partial<typeof proof> = {}) =>
      runProof({ ...given, proof: { ...proof, ...changes }, clock: systemClock }, never);
    const usual = candidate.behaviour;

    const same = await run();
    expect(same.pods).toEqual([{ pod: candidate.endpoint.pod, ok: true }]);
    expect(same.smokeTests.map(({ outcome }) => outcome)).toEqual(['Passed', 'Passed']);
    expect(same.pairs.map(({ concurrency }) => concurrency)).toEqual([
      ...Array<number>(4).fill(1),
      ...Array<number>(4).fill(4),
    ]);
    expect(same.pairs.every((pair) => pair.base.ok && pair.candidate.ok && pair.candidate.outputTokens === 32)).toBe(
      true,
    );

    candidate.behaviour = { ...usual, slowFactor: 15 };
    const slower = (await run({ pairedRequests: 2 })).pairs.map(({ base: one, candidate: two }) => [one, two] as const);
    // Far more than what a busy machine adds to either of the two.
    for (const metric of ['timeToFirstToken', 'timePerOutputToken', 'requestLatency'] as const) {
      expect(ratio(slower, metric)).toBeGreaterThan(1.5);
    }

    candidate.behaviour = { ...usual, wrongAnswers: true };
    const wrong = await run();
    expect(wrong.smokeTests).toMatchObject([
      { outcome: 'WrongAnswer', expected: 'contains "42"', answer: 'banana.' },
      { outcome: 'WrongAnswer', answer: 'banana.' },
    ]);
    expect(wrong).toMatchObject({ pairs: [], notPaired: '2 of 2 smoke tests did not pass' });

    candidate.behaviour = { ...usual, errorRate: 1 };
    const error = 'answered 500: EngineCore encountered an issue.';
    expect((await run()).pods).toEqual([{ pod: candidate.endpoint.pod, ok: false, error }]);
  }, 60_000);
});

test('an answer that is late is cut, and the engine is free again', async () => {
  const [vllm] = ENGINES;
  const engine = await start(vllm!);
  engine.behaviour = { ...engine.behaviour, slowFactor: 1_000 };
  const client = newClient();
  const { sample, failure } = await client.generate(engine.endpoint, { ...prompt, timeoutMs: 200 }, never);
  expect({ failure, error: sample.error }).toEqual({ failure: 'Time', error: 'no whole answer within 0.2 s' });
  await eventually(
    async () => expect(await client.scrape(engine.endpoint, never)).toMatchObject({ metrics: { running: 0 } }),
    { timeoutMs: 10_000 },
  );
});
