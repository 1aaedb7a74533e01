import { afterEach, describe, expect, it, test } from '@jest/globals';
import { EngineClient } from './engine-client.ts';
import { realClock } from './testing/clock.ts';
import { localEndpoint } from './testing/endpoints.ts';
import { answer, type Behave, RawServer } from './testing/raw-server.ts';

const servers: RawServer[] = [];
const clients: EngineClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(behave: Behave): Promise<RawServer> {
  const server = await new RawServer(behave).start();
  servers.push(server);
  return server;
}

function newClient(options: Partial<ConstructorParameters<typeof EngineClient>[0]> = {}): EngineClient {
  const client = new EngineClient({ clock: realClock, ...options });
  clients.push(client);
  return client;
}

const never = new AbortController().signal;
const prompt = { prompt: '2+2=', maxTokens: 16, timeoutMs: 10_000 };
const event = (data: unknown): string => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const token = (content: string): string => event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const done = event('[DONE]');

async function ask(behave: Behave, changes: Partial<typeof prompt & { apiKey: string }> = {}) {
  const { apiKey, ...asked } = changes;
  const server = await serve(behave);
  const endpoint = server.endpoint(apiKey === undefined ? {} : { apiKey });
  return { server, ...(await newClient().generate(endpoint, { ...prompt, ...asked }, never)) };
}

/** One whole body for every request. */
const say =
  (...events: readonly (string | Buffer)[]): Behave =>
  (socket) =>
    socket.write(answer(Buffer.concat(events.map((part) => Buffer.from(part)))));

describe('an answer', () => {
  it('is a sample with its times, its tokens and its text', async () => {
    const usage = event({ choices: [], usage: { completion_tokens: 3 } });
    const { sample, text, failure } = await ask(say(token(''), token(' 4'), token('.'), usage, done));
    expect(sample).toMatchObject({ ok: true, outputTokens: 3 });
    expect(sample.timeToFirstToken).toBeGreaterThan(0);
    expect(sample.requestLatency).toBeGreaterThanOrEqual(sample.timeToFirstToken);
    expect({ text, failure }).toEqual({ text: '4.', failure: undefined });
  });

  it('is timed token by token', async () => {
    const times = [0, 0, 500, 50, 50, 100];
    let elapsed = 0;
    const clock = { ...realClock, monotonic: () => (elapsed += times.shift() ?? 0) };
    const server = await serve(say(token('a'), token('b'), token('c'), done));
    const { sample } = await newClient({ clock }).generate(server.endpoint(), prompt, never);
    // Read when the call begins, when it is sent, at each token, and at the end.
    expect(sample).toEqual({
      ok: true,
      timeToFirstToken: expect.closeTo(0.5, 6),
      timePerOutputToken: expect.closeTo(0.05, 6),
      requestLatency: expect.closeTo(0.7, 6),
      outputTokens: 3,
    });
  });

  it('is asked for as a chat at temperature 0, of fixed length only when told so, with the key as bearer', async () => {
    const { server } = await ask(say(token('a'), done), { apiKey: 'sk-secret\n' });
    const [head = '', body = ''] = (server.requests[0] ?? '').split('\r\n\r\n');
    expect(head).toMatch(/^POST \/v1\/chat\/completions HTTP\/1.1\r\n/);
    expect(head.toLowerCase()).toContain('authorization: bearer sk-secret\r\n');
    expect(JSON.parse(body)).toEqual({
      model: 'chat',
      messages: [{ role: 'user', content: '2+2=' }],
      max_tokens: 16,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    });
    await newClient().generate(server.endpoint(), { ...prompt, fixedLength: true }, never);
    expect(server.requests[1]).toContain('"ignore_eos":true');
  });

  it('completes text when the model has no chat template', async () => {
    const refusal = JSON.stringify({
      object: 'error',
      message: 'default chat template is no longer allowed, provide one',
    });
    const { server, text } = await ask((socket, request) => {
      if (request.startsWith('POST /v1/chat')) socket.write(answer(refusal, 'HTTP/1.1 400 Bad Request'));
      else socket.write(answer(event({ choices: [{ text: ' 4.' }] }) + done));
    });
    expect(text).toBe('4.');
    expect(JSON.parse((server.requests[1] ?? '').split('\r\n\r\n')[1] ?? '')).toMatchObject({ prompt: '2+2=' });
  });

  it.each([
    ['in <think>', [token('<think>\n4'), token('</think>\n\n'), token('four')], 'four'],
    ['in <think> that the template opened', [token('so 4'), token('</think>'), token('four')], 'four'],
    ['in <think> that is cut across tokens', [token('<thi'), token('nk>5</thi'), token('nk>four')], 'four'],
    ['in <think> that never ends', [token('<think>4 or 5')], ''],
    ['as reasoning_content', [event({ choices: [{ delta: { reasoning_content: '5' } }] }), token('four')], 'four'],
    ['as reasoning', [event({ choices: [{ delta: { reasoning: '5', content: null } }] }), token('four')], 'four'],
  ])('does not have what was thought: %s', async (_, events, text) => {
    const answered = await ask(say(...events, done));
    expect(answered.sample.ok).toBe(true);
    expect(answered.text).toBe(text);
  });

  it('is put together wherever the stream was cut, with CR LF, comments and bytes that are no UTF-8', async () => {
    const stream = Buffer.concat([
      Buffer.from(': ping\r\nevent: x\r\ndata: {"choices":[{"delta":{"content":"vi'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('er 四"}}]}\r\n\r\ndata:[DONE]\r\n\r\n'),
    ]);
    const { sample, text } = await ask((socket) => {
      socket.setNoDelay(true);
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      for (const byte of stream) socket.write(Buffer.from([0x31, 13, 10, byte, 13, 10]));
      socket.write('0\r\n\r\n');
    });
    expect(sample.ok).toBe(true);
    expect(text).toBe('vi\ufffd\ufffder 四');
  });

  it('counts although the body does not end after [DONE]', async () => {
    const { sample } = await ask((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n${token('4')}${done}`);
    });
    expect(sample).toMatchObject({ ok: true, outputTokens: 1 });
  });
});

describe('what is no answer', () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n';
  const cases: readonly (readonly [string, Behave, string, string])[] = [
    ['no [DONE]', say(token('4')), 'Answer', 'the answer was cut: it has no [DONE]'],
    ['no token', say(token(''), done), 'Answer', 'the answer has no token'],
    ['nothing', say(''), 'Answer', 'the answer has no events'],
    ['a page', (s) => s.write(answer('<html>', 'HTTP/1.1 200 OK\r\ncontent-type: text/html')), 'Answer', '(text/html)'],
    ['a body that is no stream', say('{"choices":[]}'), 'Answer', 'the answer has no events'],
    ['garbage', say(Buffer.from([0, 255, 10, 13, 200, 128])), 'Answer', 'the answer has no events'],
    ['an event that is garbage', say(token('4'), event('{"choices":[{'), done), 'Answer', 'is not JSON'],
    [
      'an error within the stream',
      say(token('4'), event({ error: { message: 'CUDA error' } }), done),
      'Answer',
      'CUDA error',
    ],
    ['an error as llama-server says it', say('error: {"code":500,"message":"slot gone"}\n\n'), 'Answer', 'slot gone'],
    ['an error without envelope', say(event({ object: 'error', message: 'OOM' }), done), 'Answer', 'OOM'],
    [
      'an aborted answer',
      say(token('4'), event({ choices: [{ delta: {}, finish_reason: 'abort' }] }), done),
      'Answer',
      'the engine ended the answer: abort',
    ],
    [
      'an answer that SGLang aborted',
      say(token('4'), event({ choices: [{ delta: {}, finish_reason: { type: 'abort' } }] }), done),
      'Answer',
      'the engine ended the answer: abort',
    ],
    ['an event without an end', (s) => s.write(`${head}\r\ndata: ${'x'.repeat(300_000)}`), 'Answer', 'longer than'],
    [
      '500',
      (s) => s.write(answer('{"error":{"message":"EngineCore died"}}', 'HTTP/1.1 500 X')),
      'Status',
      'answered 500: EngineCore died',
    ],
    [
      '404 of FastAPI',
      (s) => s.write(answer('{"detail":"Not Found"}', 'HTTP/1.1 404 X')),
      'Status',
      'answered 404: Not Found',
    ],
    ['204', (s) => s.write('HTTP/1.1 204 No Content\r\n\r\n'), 'Status', 'answered 204'],
    [
      'a redirect',
      (s) => s.write(answer('', 'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/')),
      'Status',
      'answered 302: redirects are not followed',
    ],
    [
      'an error page without end',
      (s) => s.write(`HTTP/1.1 500 X\r\ncontent-length: 9999999\r\n\r\n${'no '.repeat(5_000)}`),
      'Status',
      'answered 500: no no',
    ],
    ['no HTTP', (s) => s.write('SSH-2.0-OpenSSH_9.9\r\n\r\n'), 'Connection', 'the answer is not HTTP'],
    [
      'headers without end',
      (s) => s.write(`HTTP/1.1 200 OK\r\n${'x-y: zzzzzzzzzzzzzzzz\r\n'.repeat(2_000)}`),
      'Connection',
      'headers larger than',
    ],
    [
      'a cut stream',
      (s) => s.end(`${head}content-length: 9999\r\n\r\n${token('4')}`),
      'Connection',
      'the connection was cut',
    ],
    ['a reset', (s) => s.resetAndDestroy(), 'Connection', 'the connection was cut'],
    ['a server that hangs', () => undefined, 'Time', 'no whole answer within 0.3 s'],
    [
      'a stream that hangs',
      (s) => s.write(`${head}content-length: 9999\r\n\r\n${token('4')}`),
      'Time',
      'no whole answer within 0.3 s',
    ],
    [
      'headers that come byte by byte',
      (s) => {
        s.write('HTTP/1.1 200 OK\r\nx-slow: ');
        const timer = setInterval(() => s.write('x'), 20);
        s.on('close', () => clearInterval(timer));
      },
      'Time',
      'no whole answer within 0.3 s',
    ],
    [
      'a stream of pings',
      (s) => {
        s.write(`${head}transfer-encoding: chunked\r\n\r\n`);
        const timer = setInterval(() => s.write('6\r\n: hi\n\n\r\n'), 20);
        s.on('close', () => clearInterval(timer));
      },
      'Time',
      'no whole answer within 0.3 s',
    ],
  ];
  it.each(cases)('%s', async (_, behave, failure, error) => {
    const hangs = failure === 'Time';
    const answered = await ask(behave, hangs ? { timeoutMs: 300 } : {});
    expect(answered.failure).toBe(failure);
    expect(answered.sample).toMatchObject({ ok: false, timeToFirstToken: 0, timePerOutputToken: 0 });
    expect(answered.sample.error).toContain(error);
  });

  it('a body without end', async () => {
    const flood = `1000\r\n${': ping\n'.repeat(585)}x\r\n`;
    const { sample, failure } = await ask((socket) => {
      socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
      const more = (): void => {
        while (!socket.destroyed && socket.write(flood));
      };
      socket.on('drain', more);
      more();
    });
    expect({ failure, error: sample.error }).toEqual({
      failure: 'Size',
      error: 'the answer is larger than 8388608 bytes',
    });
  });

  it('a port that nobody listens on', async () => {
    const server = await serve(() => undefined);
    const endpoint = server.endpoint();
    await server.stop();
    const { sample, failure } = await newClient().generate(endpoint, prompt, never);
    expect({ failure, error: sample.error }).toEqual({ failure: 'Connection', error: 'connection refused' });
  });

  it('an address that cannot be resolved', async () => {
    const resolve = (): never => {
      throw new RangeError('not of this cluster');
    };
    const { sample } = await newClient({ resolve }).generate(localEndpoint, prompt, never);
    expect(sample.error).toBe('no address: RangeError: not of this cluster');
  });
});

test('the API key is in no error', async () => {
  const repeats = answer('{"error":{"message":"Incorrect API key provided: sk-secret"}}', 'HTTP/1.1 401 X');
  const refused = await ask((socket) => socket.write(repeats), { apiKey: 'sk-secret' });
  expect(refused.sample.error).toBe('answered 401: Incorrect API key provided: ***');
  const streamed = await ask(say(event({ error: 'who is sk-secret?' })), { apiKey: 'sk-secret' });
  expect(streamed.sample.error).toBe('who is ***?');
  const unsendable = await ask(say(token('4'), done), { apiKey: 'sk-\nsecret' });
  expect(unsendable.sample.ok).toBe(false);
  expect(unsendable.sample.error).not.toContain('secret');
});

test('an aborted signal throws its reason, before and while an answer is awaited', async () => {
  const server = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n'));
  const client = newClient();
  const reason = new Error('the rollout is over');
  await expect(client.generate(server.endpoint(), prompt, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(server.requests).toEqual([]);
  for (const work of ['generate', 'scrape'] as const) {
    const controller = new AbortController();
    const awaited = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n');
      controller.abort(reason);
    });
    const call =
      work === 'generate'
        ? client.generate(awaited.endpoint(), prompt, controller.signal)
        : client.scrape(awaited.endpoint(), controller.signal);
    await expect(call).rejects.toBe(reason);
  }
});

describe('a scrape', () => {
  const scrape = async (behave: Behave, scrapeTimeoutMs = 10_000) => {
    const server = await serve(behave);
    return newClient({ scrapeTimeoutMs }).scrape(server.endpoint({ apiKey: 'k' }), never);
  };

  it('reads the metrics of the engine at its path, with the key', async () => {
    let request = '';
    const result = await scrape((socket, text) => {
      request = text;
      socket.write(answer('vllm:num_requests_running{engine="0"} 2\nvllm:num_requests_waiting 1'));
    });
    expect(result).toMatchObject({ ok: true, metrics: { running: 2, waiting: 1, requests: 0, errors: 0 } });
    expect(request).toMatch(/^GET \/metrics HTTP/);
    expect(request.toLowerCase()).toContain('authorization: bearer k\r\n');
  });

  it.each<[string, Behave, string]>([
    ['garbage', (s) => s.write(answer(Buffer.from([1, 2, 255, 10, 123, 125]))), 'no metric of vLLM 0.32.0'],
    ['another engine', (s) => s.write(answer('sglang:num_running_reqs 1\n')), 'no metric of vLLM 0.32.0'],
    ['a line without end', (s) => s.write(answer('x'.repeat(100_000))), 'longer than 65536 characters'],
    ['too many lines', (s) => s.write(answer('\n'.repeat(300_000))), 'more than 200000 lines'],
    [
      'too many series',
      (s) => s.write(answer('vllm:num_requests_running 1\n'.repeat(30_000))),
      'more than 20000 series',
    ],
    ['501', (s) => s.write(answer('{"error":{"message":"no metrics"}}', 'HTTP/1.1 501 X')), 'answered 501: no metrics'],
    ['a hang', () => undefined, 'no whole answer within 0.3 s'],
  ])('of %s is an error', async (kind, behave, words) => {
    const result = await scrape(behave, kind === 'a hang' ? 300 : 10_000);
    expect(result).toEqual({ ok: false, error: expect.stringContaining(words) });
  });
});

test('IPv6 addresses of pods', async () => {
  const server = await serve(say(token('4'), done));
  const seen: string[] = [];
  const resolve = (host: string, port: number) => {
    seen.push(host);
    return { host: '::ffff:127.0.0.1', port };
  };
  const { sample } = await newClient({ resolve }).generate(server.endpoint({ host: 'fd00::7' }), prompt, never);
  expect(seen).toEqual(['fd00::7']);
  expect(sample.error).toBeUndefined();
});
