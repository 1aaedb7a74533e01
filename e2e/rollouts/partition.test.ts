import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from '../../operator/kube/credentials.ts';
import { eventually } from '../support/eventually.ts';
import { Partition } from './partition.ts';

const LIMIT = { timeoutMs: 10_000, intervalMs: 5 };
/** Long enough for a byte on loopback to come, where it would. */
const A_WHILE_MS = 100;

let server: Server;
let heard: string;
let line: Partition;

beforeEach(async () => {
  heard = '';
  server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (piece: string) => {
      heard += piece;
      socket.write('yes ');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  line = await Partition.start(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  await line.close();
  await new Promise((resolve) => server.close(resolve));
});

/** A client on the line, and what it has heard. */
async function client(): Promise<{ readonly socket: Socket; readonly answers: () => string }> {
  const given: Credentials = {
    server: '',
    tls: () => Promise.resolve({ verify: true }),
    headers: () => Promise.resolve({}),
    invalidate: () => undefined,
  };
  const { port } = new URL(line.through(given).server);
  const socket = connect(Number(port), '127.0.0.1');
  let answers = '';
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (piece: string) => (answers += piece));
  await once(socket, 'connect');
  return { socket, answers: () => answers };
}

it('while it is cut nobody hears anything, on old connections and new ones; then all of it arrives', async () => {
  const old = await client();
  old.socket.write('a');
  await eventually(() => expect(old.answers()).toBe('yes '), LIMIT);
  line.cut();
  const fresh = await client();
  old.socket.write('b');
  fresh.socket.write('c');
  await sleep(A_WHILE_MS);
  expect(heard).toBe('a');
  line.heal();
  await eventually(() => expect(heard).toMatch(/^a(bc|cb)$/), LIMIT);
  await eventually(() => expect([old.answers(), fresh.answers()]).toEqual(['yes yes ', 'yes ']), LIMIT);
  old.socket.destroy();
  fresh.socket.destroy();
});

it('what its sender has given up while it was cut arrives, too', async () => {
  const { socket } = await client();
  socket.write('a');
  await eventually(() => expect(heard).toBe('a'), LIMIT);
  line.cut();
  socket.write('b');
  socket.destroy();
  await sleep(A_WHILE_MS);
  expect(heard).toBe('a');
  line.heal();
  await eventually(() => expect(heard).toBe('ab'), LIMIT);
});
