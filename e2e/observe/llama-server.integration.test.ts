import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningEngine, findLlamaServer, freePort, tinyGguf } from '../../hack/engine-check/index.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { EngineClient, type EngineEndpoint, runProof, TrafficMeter } from '../../operator/observe/index.ts';

/** The first run downloads the engine. */
const FETCH_MS = 300_000;
const START_MS = 60_000;
const never = new AbortController().signal;

describe('the real llama-server', () => {
  let folder: string;
  let engine: RunningEngine;
  let endpoint: EngineEndpoint;
  const client = new EngineClient({ clock: systemClock });

  beforeAll(async () => {
    const { command, cwd } = await findLlamaServer({ signal: AbortSignal.timeout(FETCH_MS) });
    folder = await mkdtemp(join(tmpdir(), 'observe-'));
    const model = join(folder, 'tiny.gguf');
    await writeFile(model, tinyGguf());
    const port = await freePort();
    const args = ['--model', model, '--host', '127.0.0.1', '--port', String(port), '--alias', 'chat', '--metrics'];
    engine = await RunningEngine.start({
      command,
      cwd,
      env: { LLAMA_API_KEY: 'sk-1' },
      args: [...args, '--ctx-size', '8192', '--parallel', '4', '--jinja'],
    });
    await engine.untilHealthy(`http://127.0.0.1:${port}/health`, AbortSignal.timeout(START_MS));
    const known = { engine: { type: 'llama.cpp', version: 'b11669' }, metricsPath: '/metrics', model: 'chat' } as const;
    endpoint = { ...known, pod: 'real', host: '127.0.0.1', port, apiKey: 'sk-1', maxModelLen: 2048 };
  }, FETCH_MS + START_MS);
  afterAll(async () => {
    await client.close();
    await engine[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('generates as many tokens as are asked for, and counts them', async () => {
    const asked = { prompt: 'water light river', maxTokens: 32, timeoutMs: 30_000, fixedLength: true };
    const { sample } = await client.generate(endpoint, asked, never);
    expect(sample).toMatchObject({ ok: true, outputTokens: 32 });
    expect(sample.timeToFirstToken).toBeGreaterThan(0);
    expect(sample.timePerOutputToken).toBeGreaterThan(0);
  });

  it('is no answer without the key, which is not in the error', async () => {
    const other = { ...endpoint, apiKey: 'sk-other' };
    const { sample } = await client.generate(other, { prompt: 'x', maxTokens: 1, timeoutMs: 30_000 }, never);
    expect(sample.error).toMatch(/^answered 401: (?!.*sk-other)/);
  });

  it('is idle, and not any more once it has made a token', async () => {
    const meter = new TrafficMeter({ client, clock: systemClock });
    const first = await meter.read([endpoint], never);
    expect(first).toMatchObject({ podsRead: 1, podsFailed: [], errors: undefined, running: 0, waiting: 0 });
    expect(first.idleSince).toBe(first.to);
    await client.generate(endpoint, { prompt: 'x', maxTokens: 4, timeoutMs: 30_000 }, never);
    const second = await meter.read([endpoint], never);
    expect(second.idleSince).toBe(second.to);
  });

  it('is proven against itself', async () => {
    const proof = { warmUpRequests: 1, pairedRequests: 4 };
    const given = { client, candidate: [endpoint], base: [endpoint], proof, clock: systemClock };
    const { pods, pairs } = await runProof(given, never);
    expect(pods).toEqual([{ pod: 'real', ok: true }]);
    expect(pairs).toHaveLength(8);
    expect(pairs.flatMap(({ base, candidate }) => [base, candidate]).filter(({ ok }) => !ok)).toEqual([]);
  }, 120_000);
});
