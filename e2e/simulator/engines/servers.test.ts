import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { FakeClock } from '../../../operator/kube/testing/fake-clock.ts';
import { freePortOnAllAddresses } from '../ports.ts';
import { parseExposition, sampleValue } from '../testing/exposition.ts';
import { passTime, passTimeUntil } from '../testing/time.ts';
import { llamaCpp } from './llama-cpp/persona.ts';
import { sglang } from './sglang/persona.ts';
import { tensorRTLLM } from './tensorrt-llm/persona.ts';
import type { Engine, EnginePersona, EngineSpec } from './types.ts';

const spec: EngineSpec = {
  servedNames: ['chat'],
  maxModelLen: 1000,
  maxNumSeqs: 2,
  apiKeys: [],
  shutdownTimeoutSeconds: 0,
  model: 'org/model',
  reasoning: 'none',
  port: 8000,
  kvCacheTokens: 8000,
  gpuMemoryUtilization: 0.9,
  metrics: true,
};
const host = '127.244.3.8';
const everyEngine = [sglang, tensorRTLLM, llamaCpp].map((persona) => [persona.name, persona] as const);

/** An engine on a loopback address, whose time the test owns. */
class Bench {
  readonly clock = new FakeClock();
  readonly agent = new Agent({ keepAlive: true });
  readonly engine: Engine;
  port = 0;

  constructor(persona: EnginePersona, changes: Partial<EngineSpec> = {}) {
    this.engine = persona.serve(
      { ...spec, ...changes },
      {
        clock: this.clock,
        seed: 1,
        latency: { timeToFirstToken: 0.05, interTokenLatency: 0.02, perPromptToken: 0 },
        behaviour: () => ({ errorRate: 0, slowFactor: 1, wrongAnswers: false }),
      },
    );
  }

  async start(loaded = true): Promise<this> {
    this.port = await freePortOnAllAddresses();
    await this.engine.listen(host, this.port);
    if (loaded) this.engine.loaded();
    benches.push(this);
    return this;
  }

  async open(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const method = body === undefined ? 'GET' : 'POST';
    const { port, agent } = this;
    const call = request({ host, port, path, method, agent, headers: { ...type, ...headers } });
    call.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await passTime(this.clock, once(call, 'response'))) as [IncomingMessage];
    return response;
  }

  async call(path: string, body?: unknown, headers?: Record<string, string>) {
    const response = await this.open(path, body, headers);
    return { status: response.statusCode ?? 0, text: await passTime(this.clock, textOf(response)) };
  }

  /** A streamed completion of so many tokens, once its first bytes have arrived. */
  async stream(tokens: number): Promise<{ rest: Promise<string> }> {
    const body = { model: 'chat', prompt: 'x', stream: true, ignore_eos: true, max_tokens: tokens };
    const rest = textOf(await this.open('/v1/completions', body));
    rest.catch(() => undefined);
    return { rest };
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const benches: Bench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) {
    bench.agent.destroy();
    await bench.engine.kill();
  }
});

const completion = { model: 'chat', prompt: '2+2=', max_tokens: 5 };

describe.each(everyEngine)('%s', (name, persona) => {
  it('answers prompts, plain and as a stream', async () => {
    const bench = await new Bench(persona).start();
    const plain = await bench.call('/v1/completions', completion);
    expect(JSON.parse(plain.text)).toMatchObject({ model: 'chat', choices: [{ text: ' 4.', finish_reason: 'stop' }] });
    const chat = { model: 'chat', messages: [{ role: 'user', content: '2+3=' }] };
    const answer = await bench.call('/v1/chat/completions', chat);
    expect(JSON.parse(answer.text)).toMatchObject({ choices: [{ message: { role: 'assistant', content: ' 5.' } }] });
    const stream = await bench.call('/v1/chat/completions', { ...chat, stream: true });
    const events = stream.text.split('\n\n').filter(Boolean);
    expect(events.at(-1)).toBe('data: [DONE]');
    const contents = events.slice(0, -1).map((event) => {
      const { choices } = JSON.parse(event.slice('data: '.length)) as {
        choices: { delta: { content?: string | null } }[];
      };
      return choices[0]?.delta.content ?? '';
    });
    expect(contents.join('')).toBe(' 5.');
  });

  it('does not look at the name of the model', async () => {
    const bench = await new Bench(persona).start();
    expect(await bench.call('/v1/completions', { ...completion, model: 'other' })).toMatchObject({ status: 200 });
  });

  it('counts under the names that Prometheus knows', async () => {
    const bench = await new Bench(persona).start();
    await bench.call('/v1/completions', completion);
    const path = name === 'TensorRT-LLM' ? '/prometheus/metrics' : '/metrics';
    const samples = parseExposition((await bench.call(path)).text);
    const [running, generated] = {
      SGLang: ['sglang:num_running_reqs', 'sglang:generation_tokens_total'],
      'TensorRT-LLM': ['trtllm_num_requests_running', 'trtllm_generation_tokens_total'],
      'llama.cpp': ['llamacpp:requests_processing', 'llamacpp:tokens_predicted_total'],
    }[name] as [string, string];
    expect(sampleValue(samples, running)).toBe(0);
    expect(sampleValue(samples, generated)).toBe(2);
  });

  it('has no Prometheus metrics unless it was told to', async () => {
    const bench = await new Bench(persona, { metrics: false }).start();
    const [path, status] = name === 'TensorRT-LLM' ? ['/prometheus/metrics', 404] : ['/metrics', 0];
    expect((await bench.call(path)).status).toBe(status || (name === 'SGLang' ? 404 : 501));
  });

  it('is healthy once it is loaded, and answers nothing well before', async () => {
    const bench = await new Bench(persona).start(false);
    if (persona.listensAt < 1) expect((await bench.call('/health')).status).toBe(503);
    bench.engine.loaded();
    expect((await bench.call('/health')).status).toBe(200);
  });

  it('ends at SIGTERM when nothing runs', async () => {
    const bench = await new Bench(persona).start();
    expect(await passTime(bench.clock, bench.engine.terminate(60))).toBe(0);
    await expect(bench.open('/health')).rejects.toThrow();
  });
});

describe('keys', () => {
  it.each([
    [sglang, '/metrics', 200],
    [sglang, '/v1/models', 401],
    [llamaCpp, '/metrics', 401],
    [llamaCpp, '/v1/models', 401],
    [llamaCpp, '/health', 200],
  ])('%j without a key: %s is %d', async (persona, path, status) => {
    const bench = await new Bench(persona, { apiKeys: ['k'] }).start();
    expect((await bench.call(path)).status).toBe(status);
    expect((await bench.call(path, undefined, { authorization: 'Bearer k' })).status).toBe(200);
  });
});

describe('drain', () => {
  it('SGLang serves on for as long as it takes, with its health at 503', async () => {
    const bench = await new Bench(sglang).start();
    const stream = await bench.stream(900);
    const ended = bench.engine.terminate(600);
    expect((await bench.call('/health')).status).toBe(503);
    expect((await bench.call('/v1/completions', completion)).status).toBe(200);
    expect(await passTime(bench.clock, stream.rest)).toMatch(/data: \[DONE\]\n\n$/);
    expect(await passTime(bench.clock, ended)).toBe(0);
  });

  it('TensorRT-LLM finishes what runs and takes nothing new', async () => {
    const bench = await new Bench(tensorRTLLM).start();
    const stream = await bench.stream(900);
    const ended = bench.engine.terminate(600);
    await expect(bench.open('/health')).rejects.toThrow();
    expect(await passTime(bench.clock, stream.rest)).toMatch(/data: \[DONE\]\n\n$/);
    expect(await passTime(bench.clock, ended)).toBe(0);
  });

  it('llama.cpp makes no token any more, and cuts its streams at their next ping', async () => {
    const bench = await new Bench(llamaCpp).start();
    let text = '';
    const response = await bench.open('/v1/completions', {
      ...completion,
      stream: true,
      ignore_eos: true,
      max_tokens: 900,
    });
    response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    response.on('error', () => undefined);
    const cut = new Promise((resolve) => response.once('close', resolve));
    await passTimeUntil(bench.clock, () => text.length > 0);
    const begun = bench.clock.monotonic();
    const ended = bench.engine.terminate(600);
    await expect(bench.open('/health')).rejects.toThrow();
    expect(await passTime(bench.clock, ended)).toBe(0);
    expect((bench.clock.monotonic() - begun) / 1000).toBeCloseTo(30, 0);
    await cut;
    expect(text).not.toContain('[DONE]');
    // The one token that was being made is the last.
    expect(text.split('data: ').length).toBeLessThan(10);
  });
});
