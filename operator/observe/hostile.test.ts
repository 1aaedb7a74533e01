import { afterEach, describe, expect, it, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import type { Socket } from 'node:net';
import { EngineClient } from './engine-client.ts';
import { PrometheusClient } from './prometheus.ts';
import { realClock } from './testing/clock.ts';
import { answer, type Behave, RawServer } from './testing/raw-server.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function serve(behave: Behave): Promise<RawServer> {
  const server = await new RawServer(behave).start();
  stops.push(() => server.stop());
  return server;
}

const never = new AbortController().signal;
const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** Everything that the operator asks of a server it does not trust; each gives what went wrong. */
const ASKS: Readonly<Record<string, (server: RawServer, limitMs?: number) => Promise<string | undefined>>> = {
  'a prompt': async (server, timeoutMs = 60_000) => {
    const client = new EngineClient({ clock: realClock });
    stops.push(() => client.close());
    const prompt = { prompt: '2+2=', maxTokens: 16, timeoutMs };
    return (await client.generate(server.endpoint({ apiKey: 'sk-secret' }), prompt, never)).sample.error;
  },
  'a scrape': async (server, scrapeTimeoutMs = 60_000) => {
    const client = new EngineClient({ clock: realClock, scrapeTimeoutMs });
    stops.push(() => client.close());
    const result = await client.scrape(server.endpoint({ apiKey: 'sk-secret' }), never);
    return result.ok ? undefined : result.error;
  },
  'a query': async (server, timeoutMs = 60_000) => {
    const bearerToken = () => Promise.resolve('sk-secret');
    const client = new PrometheusClient({ url: server.url, bearerToken, clock: realClock, timeoutMs });
    stops.push(() => client.close());
    const result = await client.query('up', never);
    return result.kind === 'Value' ? undefined : result.message;
  },
};
const EACH = Object.keys(ASKS);
const ask = (what: string, server: RawServer, limitMs?: number) => ASKS[what]?.(server, limitMs);

/** Writes a part over and over until somebody hangs up, and counts what the other end has taken in. */
function flood(socket: Socket, part: Buffer, taken: { bytes: number }): void {
  const before = socket.bytesWritten;
  const more = (): void => {
    while (!socket.destroyed && socket.bytesWritten - before < GIB && socket.write(part));
    taken.bytes = Math.max(taken.bytes, socket.bytesWritten - socket.writableLength - before);
  };
  socket.on('drain', more);
  more();
}

const HEADS = { 'said to be long': `content-length: ${GIB}`, 'without a length': 'transfer-encoding: chunked' };
/** Of the kernel's buffers on both ends of a connection of this machine. */
const BUFFERED = 16 * MIB;
const LARGEST = { 'a prompt': 8 * MIB, 'a scrape': 8 * MIB, 'a query': MIB } as const;

describe('an answer of 1 GiB', () => {
  const part = (head: string): Buffer => {
    const lines = Buffer.from('# HELP nothing at all\n'.repeat(3_000));
    if (head !== HEADS['without a length']) return lines;
    return Buffer.concat([Buffer.from(`${lines.length.toString(16)}\r\n`), lines, Buffer.from('\r\n')]);
  };

  describe.each(Object.entries(HEADS))('%s', (_, head) => {
    it.each(EACH)('to %s is left where its limit is', async (what) => {
      const taken = { bytes: 0 };
      const server = await serve((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n${head}\r\n\r\n`);
        flood(socket, part(head), taken);
      });
      expect(await ask(what, server)).toMatch(/larger than \d+ bytes|more than 200000 lines/);
      expect(taken.bytes).toBeGreaterThan(0);
      expect(taken.bytes).toBeLessThan(LARGEST[what as keyof typeof LARGEST] + BUFFERED);
    });

    it.each(EACH)('to %s that is an error is left after its first words', async (what) => {
      const taken = { bytes: 0 };
      const server = await serve((socket) => {
        socket.write(`HTTP/1.1 500 X\r\ncontent-type: text/plain\r\n${head}\r\n\r\n`);
        flood(socket, part(head), taken);
      });
      expect(await ask(what, server)).toContain('answered 500: # HELP nothing');
      expect(taken.bytes).toBeLessThan(BUFFERED);
    });
  });
});

describe('a redirect', () => {
  const targets = ['http://127.0.0.1:PORT/latest/meta-data', '//127.0.0.1:PORT/', '/elsewhere', 'file:///etc/passwd'];

  describe.each([301, 302, 303, 307, 308])('%d', (status) => {
    it.each(EACH)('is followed nowhere by %s, and the key goes to nobody else', async (what) => {
      const elsewhere = await serve((socket) => socket.write(answer('# stolen')));
      for (const target of targets) {
        const location = target.replace('PORT', String(elsewhere.port));
        const server = await serve((socket) => {
          socket.write(answer('', `HTTP/1.1 ${status} X\r\nlocation: ${location}`));
        });
        expect(await ask(what, server)).toContain(`answered ${status}: redirects are not followed`);
        expect(server.requests).toHaveLength(1);
      }
      expect(elsewhere.requests).toEqual([]);
    });
  });
});

describe.each(EACH)('%s', (what) => {
  it('does not unpack what is packed, whatever the size of it', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB));
    expect(bomb.length).toBeLessThan(MIB);
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd']) {
      const server = await serve((socket) =>
        socket.write(answer(bomb, `HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}`)),
      );
      const before = process.memoryUsage().arrayBuffers;
      expect(await ask(what, server)).toMatch(/no events|no metric|not JSON|longer than/);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MIB);
      expect(server.requests[0]?.toLowerCase()).toContain('accept-encoding: identity\r\n');
    }
  });

  const hangs: readonly (readonly [string, Behave])[] = [
    ['says nothing', () => undefined],
    ['stops after its head', (s) => s.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n')],
    ['stops within its head', (s) => s.write('HTTP/1.1 200 OK\r\ncontent-le')],
    ['says 100 Continue for ever', (s) => repeat(s, 'HTTP/1.1 100 Continue\r\n\r\n')],
    [
      'sends a byte now and then',
      (s) => {
        s.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        repeat(s, '1\r\n#\r\n');
      },
    ],
  ];
  it.each(hangs)('of a server that %s ends in time', async (_, behave) => {
    expect(await ask(what, await serve(behave), 300)).toMatch(
      /no whole answer within 0.3 s|the connection was cut|connection failed/,
    );
  });

  it.each<[string, string | Buffer]>([
    ['a page', '<!doctype html><title>Login</title>'],
    ['an image', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255, 254])],
    ['JSON that nests without end', '['.repeat(200_000)],
    ['keys that mean something to us', '{"__proto__":{"status":"success"},"constructor":{"data":1}}'],
  ])('of %s is an error with one line of words', async (_, body) => {
    const server = await serve((socket) => socket.write(answer(body, 'HTTP/1.1 200 OK\r\ncontent-type: image/png')));
    const error = await ask(what, server);
    expect(error).toMatch(/^[^\n\r\0]{1,400}$/);
    expect(error).not.toContain('sk-secret');
  });
});

function repeat(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 5);
  socket.on('close', () => clearInterval(timer));
}

test('a stream that comes byte by byte does not keep the operator from its other work', async () => {
  const line = `data: ${'x'.repeat(200_000)}`;
  const server = await serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n');
    socket.write(line.replaceAll(/./g, '1\r\n$&\r\n'));
    socket.end('0\r\n\r\n');
  });
  expect(await ask('a prompt', server)).toBe('the answer has no events');
});
