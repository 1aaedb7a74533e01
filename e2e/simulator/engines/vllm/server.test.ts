import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { FakeClock } from '../../../../operator/kube/testing/fake-clock.ts';
import { freePortOnAllAddresses } from '../../ports.ts';
import { parseExposition, sampleValue } from '../../testing/exposition.ts';
import { passTime, passTimeUntil } from '../../testing/time.ts';
import type { Behaviour, EngineSpec } from '../types.ts';
import { VllmServer } from './server.ts';

const spec: EngineSpec = {
  servedNames: ['chat', 'alias'],
  maxModelLen: 1000,
  maxNumSeqs: 2,
  apiKeys: [],
  shutdownTimeoutSeconds: 0,
  model: 'org/model',
  reasoning: 'none',
  port: 8000,
  kvCacheTokens: 8000,
  gpuMemoryUtilization: 0.9,
};
const host = '127.244.3.7';

/** The members of all bodies and events together; a test looks only at those that the answer has. */
interface Body {
  readonly id: string;
  readonly data: readonly object[];
  readonly choices: readonly {
    readonly text: string;
    readonly message: { readonly content: string };
    readonly delta: object;
    readonly finish_reason: string | null;
  }[];
  readonly error: { readonly message: string; readonly code: number };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Body;
}

/** An engine on a loopback address, whose time the test owns. */
class Bench {
  readonly clock = new FakeClock();
  readonly agent = new Agent({ keepAlive: true });
  behaviour: Behaviour = { errorRate: 0, slowFactor: 1, wrongAnswers: false };
  readonly server: VllmServer;
  port = 0;

  constructor(changes: Partial<EngineSpec> = {}) {
    this.server = new VllmServer(
      { ...spec, ...changes },
      {
        clock: this.clock,
        seed: 1,
        latency: { timeToFirstToken: 0.05, interTokenLatency: 0.02, perPromptToken: 0 },
        behaviour: () => this.behaviour,
      },
    );
  }

  async start(): Promise<this> {
    this.port = await freePortOnAllAddresses();
    await this.server.listen(host, this.port);
    return this;
  }

  open(path: string, body?: unknown, headers: Record<string, string> = {}): ClientRequest {
    const post = body !== undefined;
    const type = post ? { 'content-type': 'application/json' } : {};
    const call = request({
      host,
      port: this.port,
      path,
      method: post ? 'POST' : 'GET',
      agent: this.agent,
      headers: { ...type, ...headers },
    });
    call.end(post ? (typeof body === 'string' ? body : JSON.stringify(body)) : undefined);
    return call;
  }

  call(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return passTime(this.clock, answerOf(this.open(path, body, headers)));
  }

  /** A streamed completion of `tokens` tokens, once its first bytes have arrived. */
  async stream(tokens: number): Promise<{ response: IncomingMessage; rest: Promise<string> }> {
    const call = this.open('/v1/completions', {
      model: 'chat',
      prompt: 'x',
      stream: true,
      ignore_eos: true,
      max_tokens: tokens,
    });
    const [response] = (await passTime(this.clock, once(call, 'response'))) as [IncomingMessage];
    const rest = textOf(response);
    rest.catch(() => undefined);
    return { response, rest };
  }

  async metrics() {
    return parseExposition((await this.call('/metrics')).text);
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function answerOf(call: ClientRequest): Promise<Answer> {
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const text = await textOf(response);
  const isJson = response.headers['content-type']?.startsWith('application/json') === true;
  return { status: response.statusCode ?? 0, text, json: (isJson ? JSON.parse(text) : {}) as Body };
}

/** The events of a stream, without the last: `[DONE]`, which must be there. */
function eventsOf(text: string): Body[] {
  const events = text
    .split('\n\n')
    .filter(Boolean)
    .map((event) => event.replace(/^data: /, ''));
  expect(events.at(-1)).toBe('[DONE]');
  return events.slice(0, -1).map((event) => JSON.parse(event) as Body);
}

let bench: Bench;
async function start(changes: Partial<EngineSpec> = {}): Promise<Bench> {
  bench = await new Bench(changes).start();
  return bench;
}
afterEach(async () => {
  bench.agent.destroy();
  await bench.server.kill();
});

describe('the API of a vLLM server', () => {
  it('lists its served names', async () => {
    const { call } = await start().then((b) => ({ call: b.call.bind(b) }));
    const { status, json } = await call('/v1/models');
    expect(status).toBe(200);
    expect(json.data).toMatchObject([
      { id: 'chat', root: 'org/model', max_model_len: 1000, owned_by: 'vllm' },
      { id: 'alias', root: 'org/model' },
    ]);
  });

  it('completes a prompt, the same way each time', async () => {
    await start();
    const body = { model: 'alias', prompt: '2+2=' };
    const first = await bench.call('/v1/completions', body);
    expect(first.json).toMatchObject({
      object: 'text_completion',
      model: 'alias',
      choices: [{ index: 0, text: ' 4.', finish_reason: 'stop' }],
      usage: { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 },
    });
    const second = await bench.call('/v1/completions', body);
    expect(second.json.choices).toEqual(first.json.choices);
    expect(second.json.id).not.toBe(first.json.id);
  });

  it('stops at max_tokens, and goes on to it when told to ignore the end', async () => {
    await start();
    const chat = (more: object) =>
      bench.call('/v1/chat/completions', { model: 'chat', messages: [{ role: 'user', content: 'Hi' }], ...more });
    const cut = await chat({ max_tokens: 3 });
    expect(cut.json).toMatchObject({
      choices: [{ finish_reason: 'length', message: { role: 'assistant' } }],
      usage: { completion_tokens: 3 },
    });
    const long = await chat({ max_completion_tokens: 200, ignore_eos: true });
    expect(long.json).toMatchObject({ choices: [{ finish_reason: 'length' }], usage: { completion_tokens: 200 } });
    const natural = await chat({});
    expect(natural.json).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
  });

  it('streams a chat as server-sent events with usage', async () => {
    await start();
    const body = {
      model: 'chat',
      messages: [{ role: 'user', content: '2+2=' }],
      stream: true,
      stream_options: { include_usage: true },
    };
    const events = eventsOf((await bench.call('/v1/chat/completions', body)).text);
    const choices = events.flatMap((event) => event.choices);
    expect(choices.map(({ delta }) => delta)).toEqual([
      { role: 'assistant', content: '' },
      { content: ' 4' },
      { content: '.' },
    ]);
    expect(choices.map((choice) => choice.finish_reason)).toEqual([null, null, 'stop']);
    expect(events.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 8, completion_tokens: 2, total_tokens: 10 },
    });
    expect(new Set(events.map((event) => event.id)).size).toBe(1);
  });

  it('thinks before it answers when the model reasons', async () => {
    await start({ reasoning: 'inline' });
    const body = { messages: [{ role: 'user', content: '2+2=' }] };
    const inline = await bench.call('/v1/chat/completions', body);
    expect(inline.json.choices[0]?.message.content).toMatch(/^<think>\n.+<\/think>\n\n 4\.$/s);
    await bench.server.kill();
    await start({ reasoning: 'parsed' });
    const parsed = await bench.call('/v1/chat/completions', body);
    expect(parsed.json.choices[0]?.message).toMatchObject({
      content: ' 4.',
      reasoning: expect.stringMatching(/\w+/),
    });
  });

  it.each<[string, unknown, number, string]>([
    ['/v1/completions', { model: 'x', prompt: 'p' }, 404, 'The model `x` does not exist. Valid aliases: chat, alias.'],
    ['/v1/completions', '{', 400, 'JSON decode error'],
    ['/v1/completions', '[]', 400, 'valid dictionary'],
    ['/v1/completions', { model: 'chat' }, 400, "'loc': ('body', 'prompt')"],
    ['/v1/chat/completions', { model: 'chat' }, 400, "'loc': ('body', 'messages')"],
    ['/v1/chat/completions', { model: 'chat', messages: [] }, 400, 'at least 1 item'],
    ['/v1/completions', { model: 'chat', prompt: 'p', max_tokens: 0 }, 400, 'max_tokens must be at least 1, got 0.'],
    ['/v1/completions', { model: 'chat', prompt: 'p', max_tokens: 'a' }, 400, 'valid integer'],
    [
      '/v1/completions',
      { model: 'chat', prompt: 'p', max_tokens: 1000 },
      400,
      "This model's maximum context length is 1000 tokens. However, you requested 1000 output tokens",
    ],
    ['/v1/completions', { model: 'chat', prompt: 'p', n: 2 }, 400, 'n must be 1'],
    ['/v1/embeddings', {}, 404, 'Not Found'],
    ['/v1/models', {}, 405, 'Method Not Allowed'],
  ])('refuses %s %j with %d', async (path, body, status, message) => {
    await start();
    const answer = await bench.call(path, body);
    expect(answer.status).toBe(status);
    expect(answer.json.error.message).toContain(message);
    expect(answer.json.error.code).toBe(status);
  });

  it('wants JSON', async () => {
    await start();
    expect((await bench.call('/v1/completions', 'x', { 'content-type': 'text/plain' })).status).toBe(415);
  });

  it('asks for its API key below /v1 alone', async () => {
    await start({ apiKeys: ['secret'] });
    expect(await bench.call('/v1/models')).toMatchObject({ status: 401, json: { error: 'Unauthorized' } });
    expect((await bench.call('/v1/models', undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await bench.call('/v1/models', undefined, { authorization: 'Bearer secret' })).status).toBe(200);
    expect((await bench.call('/health')).status).toBe(200);
    expect((await bench.call('/metrics')).status).toBe(200);
  });
});

describe('the behaviour that a test gives an engine', () => {
  it('fails a share of the requests, by the seed', async () => {
    await start();
    bench.behaviour = { ...bench.behaviour, errorRate: 0.5 };
    const statuses: number[] = [];
    for (let count = 0; count < 40; count++)
      statuses.push((await bench.call('/v1/completions', { prompt: 'x', max_tokens: 1 })).status);
    const failed = statuses.filter((status) => status === 500).length;
    expect(failed).toBeGreaterThan(8);
    expect(failed).toBeLessThan(32);
    expect(bench.server.requests).toEqual({ total: 40, errors: failed, inFlight: 0 });
  });

  it('slows down and answers wrongly', async () => {
    await start();
    bench.behaviour = { errorRate: 0, slowFactor: 10, wrongAnswers: true };
    const { json } = await bench.call('/v1/completions', { prompt: '2+2=' });
    expect(json.choices[0]?.text).not.toContain('4');
    expect(sampleValue(await bench.metrics(), 'vllm:time_to_first_token_seconds_sum')).toBeCloseTo(0.5);
  });
});

describe('metrics', () => {
  it('move with the requests', async () => {
    await start();
    await bench.call('/v1/completions', { prompt: '2+2=' });
    await bench.call('/v1/completions', { prompt: 'x', model: 'unknown' });
    const samples = await bench.metrics();
    const value = (name: string, labels = {}) => sampleValue(samples, name, labels);
    const model = { model_name: 'chat', engine: '0' };
    expect(value('vllm:request_success_total', { ...model, finished_reason: 'stop' })).toBe(1);
    expect(value('vllm:prompt_tokens_total', model)).toBe(4);
    expect(value('vllm:generation_tokens_total', model)).toBe(2);
    expect(value('vllm:time_to_first_token_seconds_bucket', { ...model, le: '0.04' })).toBe(0);
    expect(value('vllm:time_to_first_token_seconds_bucket', { ...model, le: '0.06' })).toBe(1);
    expect(value('vllm:inter_token_latency_seconds_count', model)).toBe(1);
    expect(value('vllm:inter_token_latency_seconds_sum', model)).toBeCloseTo(0.02);
    expect(value('vllm:e2e_request_latency_seconds_sum', model)).toBeCloseTo(0.07);
    expect(value('http_requests_total', { handler: '/v1/completions', method: 'POST', status: '2xx' })).toBe(1);
    expect(value('http_requests_total', { handler: '/v1/completions', method: 'POST', status: '4xx' })).toBe(1);
    expect(samples.filter(({ labels }) => labels['handler'] === '/metrics')).toEqual([]);
  });

  it('show what runs and what waits for one of the slots', async () => {
    await start();
    const streams = [await bench.stream(500), await bench.stream(500)];
    const third = bench.open('/v1/completions', { prompt: 'x', max_tokens: 1 });
    third.on('error', () => undefined);
    await passTimeUntil(bench.clock, () => bench.server.requests.inFlight === 3);
    const samples = await bench.metrics();
    expect(sampleValue(samples, 'vllm:num_requests_running')).toBe(2);
    expect(sampleValue(samples, 'vllm:num_requests_waiting')).toBe(1);
    expect(sampleValue(samples, 'vllm:num_requests_waiting_by_reason', { reason: 'capacity' })).toBe(1);
    expect(sampleValue(samples, 'vllm:kv_cache_usage_perc')).toBeGreaterThan(0);
    for (const { response } of streams) response.destroy();
    await passTime(bench.clock, once(third, 'response'));
    const after = await bench.metrics();
    expect(sampleValue(after, 'vllm:request_success_total', { finished_reason: 'abort' })).toBe(2);
    expect(sampleValue(after, 'vllm:num_requests_running')).toBe(0);
  });
});

describe('SIGTERM', () => {
  it('without a shutdown timeout cuts what runs and ends at once', async () => {
    await start();
    const { rest } = await bench.stream(500);
    await expect(bench.server.terminate(30)).resolves.toBe(0);
    await expect(rest).rejects.toThrow();
    await expect(bench.call('/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(bench.server.requests).toEqual({ total: 1, errors: 1, inFlight: 0 });
  });

  it('with one lets streams complete, answers 500 to new requests and 200 to /health', async () => {
    await start({ shutdownTimeoutSeconds: 60 });
    const { rest } = await bench.stream(500);
    const exit = bench.server.terminate(90);
    expect(await bench.call('/v1/completions', { prompt: 'x' })).toMatchObject({ status: 500 });
    expect(await bench.call('/health')).toMatchObject({ status: 200 });
    const events = eventsOf(await passTime(bench.clock, rest));
    expect(events.at(-1)?.choices[0]?.finish_reason).toBe('length');
    expect(await passTime(bench.clock, exit)).toBe(0);
    await expect(bench.call('/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each([
    [1, 90],
    [60, 1],
  ])('cuts what is left after %d s of shutdown timeout and %d s of grace', async (shutdownTimeoutSeconds, grace) => {
    await start({ shutdownTimeoutSeconds });
    const { rest } = await bench.stream(500);
    const exit = bench.server.terminate(grace);
    await bench.clock.advance(900);
    expect(bench.server.requests.inFlight).toBe(1);
    await bench.clock.advance(100);
    await exit;
    await expect(rest).rejects.toThrow();
  });

  it('ends an idle engine at once', async () => {
    await start({ shutdownTimeoutSeconds: 60 });
    await expect(bench.server.terminate(90)).resolves.toBe(0);
    expect(bench.clock.pendingTimers).toBe(0);
  });
});
