import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import type { Credentials, TlsMaterial } from './credentials.ts';
import { TimeoutError, TransportError } from './errors.ts';
import type { ServerTime } from './server-clock.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { Transport, type KubeRequest, type RequestSample, type TransportOptions } from './transport.ts';

/** A clock on which sleeping takes no time: it only notes how long it was. */
class SleepingClock extends FakeClock {
  readonly slept: number[] = [];

  override async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.slept.push(ms);
    await this.advance(ms);
  }
}

class TestCredentials implements Credentials {
  readonly server: string;
  tokens = ['first', 'second'];
  material: TlsMaterial = { verify: true };
  invalidated = 0;

  constructor(server: string) {
    this.server = server;
  }
  tls(): Promise<TlsMaterial> {
    return Promise.resolve(this.material);
  }
  headers(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({ authorization: `Bearer ${this.tokens[0] ?? ''}` });
  }
  invalidate(): void {
    this.invalidated += 1;
    this.tokens.shift();
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const status = (code: number, headers: Record<string, string> = {}, message = 'no'): Handler => {
  return (_, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ kind: 'Status', code, message }));
  };
};
const ok: Handler = (_, response) => void response.end('{"fine":true}');
const reset: Handler = (request) => void request.socket.destroy();
const silent: Handler = () => undefined;

let server: Server;
let handlers: Handler[];
let seen: { method: string; url: string; headers: IncomingMessage['headers']; port: number }[];
let clock: SleepingClock;
let credentials: TestCredentials;
let samples: RequestSample[];
let transport: Transport;
let stop: AbortController;

function makeTransport(options: Partial<TransportOptions> = {}): Transport {
  return new Transport({
    credentials,
    clock,
    random: () => 1,
    onRequest: (sample) => samples.push(sample),
    ...options,
  });
}
const get = (overrides: Partial<KubeRequest> = {}): KubeRequest => {
  return { method: 'GET', verb: 'get', path: '/api/v1/x', retry: true, signal: stop.signal, ...overrides };
};

beforeEach(async () => {
  handlers = [];
  seen = [];
  samples = [];
  clock = new SleepingClock();
  stop = new AbortController();
  server = createServer((request, response) => {
    const { method = '', url = '', headers, socket } = request;
    seen.push({ method, url, headers, port: socket.remotePort ?? 0 });
    (handlers.shift() ?? ok)(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  credentials = new TestCredentials(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  transport = makeTransport();
});
afterEach(async () => {
  await transport.close();
  server.closeAllConnections();
  server.close();
  expect(clock.pendingTimers).toBe(0);
});

describe('a call', () => {
  it('sends JSON with credentials and gives the parsed answer', async () => {
    const answer = await transport.call(
      get({ method: 'PATCH', body: { a: 1 }, contentType: 'application/merge-patch+json' }),
    );
    expect(answer).toEqual({ fine: true });
    expect(seen[0]?.headers).toMatchObject({
      authorization: 'Bearer first',
      'content-type': 'application/merge-patch+json',
      'content-length': '7',
      accept: 'application/json',
    });
  });

  it('asks for another form of the answer where a request says so', async () => {
    await transport.call(get({ accept: 'application/json;as=PartialObjectMetadata' }));
    expect(seen[0]?.headers).toMatchObject({ accept: 'application/json;as=PartialObjectMetadata' });
  });

  it('keeps the path of the server address, and uses its connections again', async () => {
    const behindPath = new TestCredentials(`${credentials.server}/k8s/clusters/c-1/`);
    const other = makeTransport({ credentials: behindPath });
    for (let i = 0; i < 20; i += 1) await other.call(get());
    await other.close();
    expect(seen[0]?.url).toBe('/k8s/clusters/c-1/api/v1/x');
    // undici opens a second one when the first has not settled yet.
    expect(new Set(seen.map(({ port }) => port)).size).toBeLessThanOrEqual(2);
  });

  it('is measured, with its outcome', async () => {
    handlers.push(status(404));
    await expect(transport.call(get())).rejects.toThrow();
    expect(samples).toMatchObject([{ method: 'GET', verb: 'get', code: '404' }]);
  });
});

it('hands on the time of each answer, with when the request was sent and answered', async () => {
  const times: ServerTime[] = [];
  const other = makeTransport({ onServerTime: (time) => times.push(time) });
  const date = 'Thu, 01 Jan 2026 00:00:00 GMT';
  handlers.push(status(404, { date }), (_, response) => {
    response.sendDate = false;
    response.end('{}');
  });
  await expect(other.call(get())).rejects.toThrow();
  await other.call(get());
  await other.close();
  expect(times).toEqual([{ date, sentAt: clock.monotonic(), receivedAt: clock.monotonic() }]);
});

describe('retries', () => {
  test.each([
    ['500', [status(500), status(500), status(500)]],
    ['503 and a reset', [status(503), reset, status(504)]],
  ])('go on after %s, with growing pauses', async (_, failures) => {
    handlers.push(...failures);
    await expect(transport.call(get())).resolves.toEqual({ fine: true });
    expect(clock.slept).toEqual([100, 200, 400]);
  });

  it('wait as long as Retry-After asks', async () => {
    handlers.push(status(429, { 'retry-after': '7' }));
    await transport.call(get());
    expect(clock.slept).toEqual([7000]);
  });

  it('end after five attempts, with the last error', async () => {
    for (let i = 0; i < 10; i += 1) handlers.push(status(503));
    await expect(transport.call(get())).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
    expect(seen).toHaveLength(5);
  });

  it('do not begin when the wait would exceed the time of the call', async () => {
    handlers.push(status(429, { 'retry-after': '61' }));
    await expect(transport.call(get())).rejects.toMatchObject({
      code: 'KUBE_TOO_MANY_REQUESTS',
      retryAfterSeconds: 61,
    });
    expect(clock.slept).toEqual([]);
  });

  test.each([400, 403, 404, 409, 410, 422])('are not made after %i', async (code) => {
    handlers.push(status(code));
    await expect(transport.call(get())).rejects.toMatchObject({ status: code });
    expect(seen).toHaveLength(1);
  });

  it("are not made after server-side apply's schema errors", async () => {
    handlers.push(
      status(500, {}, 'failed to create typed patch object (a/x; /v1): .dat: field not declared in schema'),
    );
    await expect(transport.call(get())).rejects.toMatchObject({ code: 'KUBE_INVALID' });
    expect(seen).toHaveLength(1);
  });

  test.each([
    ['503', status(503)],
    ['a reset', reset],
  ])('are not made of a request that is not idempotent, after %s', async (_, failure) => {
    handlers.push(failure);
    await expect(transport.call(get({ method: 'POST', retry: false }))).rejects.toThrow();
    expect(seen).toHaveLength(1);
  });

  it('stop when the caller gives up', async () => {
    handlers.push(() => stop.abort(new Error('enough')));
    await expect(transport.call(get())).rejects.toThrow('enough');
    expect(seen).toHaveLength(1);
  });
});

describe('limits', () => {
  it('end a call that gets no answer', async () => {
    handlers.push(silent);
    const call = transport.call(get());
    call.catch(() => undefined);
    await once(server, 'request');
    await clock.advance(60_000);
    await expect(call).rejects.toBeInstanceOf(TimeoutError);
  });

  it.each([
    ['that asks for less', 12_000, 12_000],
    ['that asks for more than any call may take', 90_000, 60_000],
  ])('end a call %s', async (_, limitMs, after) => {
    handlers.push(silent);
    let isOver = false;
    const call = transport.call(get({ limitMs })).finally(() => (isOver = true));
    call.catch(() => undefined);
    await once(server, 'request');
    await clock.advance(after - 1);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await expect(call).rejects.toThrow(`took longer than ${after} ms`);
  });

  it('leave what the server said last: it is not asked again where the answer could not be waited for', async () => {
    handlers.push((request, response) => {
      void clock.advance(10_000).then(() => status(500, {}, 'failed calling webhook "a.b"')(request, response));
    });
    await expect(transport.call(get({ limitMs: 12_000 }))).rejects.toThrow('failed calling webhook "a.b"');
    expect(seen).toHaveLength(1);
  });

  it('end a stream that does not end, and give its connections up', async () => {
    await transport.call(get());
    handlers.push((_, response) => void response.write('{"type":"ADDED"}\n'));
    const read = (async () => {
      for await (const chunk of await transport.stream(get({ verb: 'watch' }), 50_000)) {
        expect(String(chunk)).toBe('{"type":"ADDED"}\n');
        await clock.advance(50_000);
      }
    })();
    await expect(read).rejects.toBeInstanceOf(TimeoutError);
    await transport.call(get());
    expect(seen.at(-1)?.port).not.toBe(seen[0]?.port);
  });

  it('connection refused is a TransportError with its cause', async () => {
    await new Promise((resolve) => server.close(resolve));
    const error: unknown = await transport.call(get({ retry: false })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ code: 'KUBE_TRANSPORT', cause: { code: 'ECONNREFUSED' } });
    expect(samples).toMatchObject([{ code: '<error>' }]);
  });

  it('an answer that is not JSON is a TransportError', async () => {
    handlers.push((_, response) => void response.end('<html>'));
    await expect(transport.call(get({ retry: false }))).rejects.toThrow(/not JSON/);
  });
});

describe('credentials', () => {
  it('are read afresh once after a 401, whatever the method', async () => {
    handlers.push(status(401));
    await transport.call(get({ method: 'POST', retry: false }));
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
  });

  it('are refused for good by a second 401', async () => {
    handlers.push(status(401), status(401));
    await expect(transport.call(get())).rejects.toMatchObject({ code: 'KUBE_UNAUTHORIZED' });
    expect(seen).toHaveLength(2);
  });

  it('that change give new connections, and let streams on the old ones go', async () => {
    handlers.push((_, response) => void response.write('{}\n'));
    const stream = await transport.stream(get({ verb: 'watch' }), 50_000);
    const read = (async () => {
      for await (const chunk of stream) {
        expect(String(chunk)).toBe('{}\n');
        credentials.material = { verify: true };
        await transport.call(get());
      }
    })();
    await expect(read).rejects.toThrow(/certificates have changed/);
    expect(seen[1]?.port).not.toBe(seen[0]?.port);
  });

  it('that change while a stream is being opened let it go as well', async () => {
    const opening = Promise.withResolvers<ServerResponse>();
    handlers.push((_, response) => opening.resolve(response));
    const opened = transport.stream(get({ verb: 'watch' }), 50_000);
    const response = await opening.promise;
    credentials.material = { verify: true };
    await transport.call(get());
    response.write('{}\n');
    const chunks: string[] = [];
    const read = (async () => {
      for await (const chunk of await opened) chunks.push(String(chunk));
    })();
    await expect(read).rejects.toThrow(/certificates have changed/);
  });
});

describe('the fence', () => {
  it('is asked right before each sending, retries included', async () => {
    handlers.push(status(503), status(503));
    let asked = 0;
    await transport.call(get({ fence: () => void (asked += 1) }));
    expect(asked).toBe(3);
  });

  it('stops a retry when this process may no longer write', async () => {
    handlers.push(status(503));
    let isLeader = true;
    const fence = (): void => {
      if (!isLeader) throw new Error('not the leader');
      isLeader = false;
    };
    await expect(transport.call(get({ fence }))).rejects.toThrow('not the leader');
    expect(seen).toHaveLength(1);
  });

  it('is asked again before the second attempt after a 401', async () => {
    handlers.push(status(401));
    let asked = 0;
    await transport.call(get({ fence: () => void (asked += 1) }));
    expect(asked).toBe(2);
  });
});

it('a closed transport lets go of what is under way', async () => {
  handlers.push(silent);
  const call = transport.call(get({ retry: false }));
  call.catch(() => undefined);
  await once(server, 'request');
  await transport.close();
  await expect(call).rejects.toBeInstanceOf(TransportError);
});
