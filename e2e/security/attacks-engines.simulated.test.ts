import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { answer, type Behave, RawServer } from '../../operator/observe/testing/raw-server.ts';
import { LABEL } from '../../operator/api/index.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { podResolver } from '../reconcile/install.ts';
import { BRIEF, endRollout } from '../reconcile/rollouts.ts';
import { nextRevisionRule } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { MODEL, testAttacker } from './attacker.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const attack = testAttacker(cluster);

const MIB = 2 ** 20;
const NEXT = { spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } };
const METADATA = '169.254.169.254';

/** Says `text` over and over. */
const repeat = (socket: Socket, text: string, everyMs: number, head = ''): void => {
  socket.write(head);
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.on('close', () => clearInterval(timer));
};
const CHUNKED = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** What an engine of the attacker's own image says, whatever it is asked; the rest is in operator/observe/hostile.test.ts. */
const ENGINES: readonly (readonly [string, Behave])[] = [
  ['says nothing', () => undefined],
  ['sends a byte now and then', (socket) => repeat(socket, chunk('#'), 50, CHUNKED)],
  ['sends without end', (socket) => repeat(socket, chunk(`data: ${'x'.repeat(MIB)}\n\n`), 5, CHUNKED)],
  [
    'sends its visitor to the metadata of the cloud',
    (socket) => socket.write(answer('', `HTTP/1.1 307 X\r\nlocation: http://${METADATA}/latest/meta-data`)),
  ],
  [
    'sends a bomb',
    (socket) => socket.write(answer(gzipSync(Buffer.alloc(64 * MIB)), 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip')),
  ],
  [
    'writes to the screen of whoever reads its words',
    (socket) => socket.write(answer('\u001b]0;owned\u0007\r\n\u202e"}{{.}}<script>', 'HTTP/1.1 500 X')),
  ],
];

/** Whom this process, in which the operator runs, has tried to connect to. */
const tried = new Set<string>();
function follow(message: unknown): void {
  const { socket } = message as { readonly socket: Socket };
  socket.on('lookup', (_error, _address, _family, host: string) => tried.add(host));
  socket.on('connectionAttempt', (address: string) => tried.add(address));
}
const servers: RawServer[] = [];
beforeEach(() => {
  tried.clear();
  subscribe('net.client.socket', follow);
});
afterEach(async () => {
  unsubscribe('net.client.socket', follow);
  for (const server of servers.splice(0)) await server.stop();
});

interface Hostile {
  readonly server: RawServer;
  /** What serves before, and goes on. */
  readonly serving: string;
}

/** A model of the attacker that serves, and whose next version, which is to be proven, is `behave`. */
async function engineOf(behave: Behave): Promise<Hostile> {
  const server = await new RawServer(behave).start();
  servers.push(server);
  const { create } = await attack(bench());
  const { simulator, enginePort } = bench();
  await create('evil', { ...BRIEF });
  await bench().condition('evil', 'Ready', 'True');
  const serving = (await bench().status('evil')).serving?.revision ?? '';
  await simulator.setRule({ ...nextRevisionRule('evil', serving, { failure: 'never-ready' }), name: 'late' });
  await bench().edit('evil', NEXT);
  const address = await eventually(async () => {
    const pod = (await bench().pods('evil')).find(({ metadata }) => metadata.labels?.[LABEL.revision] !== serving);
    if (pod?.status?.podIP === undefined) throw new Error('the pod has no address yet');
    return pod.status.podIP;
  }, PATIENCE);
  await bench().stopOperator();
  const others = podResolver(enginePort);
  const resolve = (host: string, port: number) =>
    host === address ? { host: '127.0.0.1', port: server.port } : others(host, port);
  await bench().startOperator({ resolve });
  await simulator.removeRule('late');
  return { server, serving };
}

describe('an engine of an attacker that', () => {
  it.each(ENGINES)('%s is taken back, leads nobody elsewhere, and holds up nobody', async (_, behave) => {
    await bench().create('chat', { ...MODEL, replicas: 1, ...BRIEF });
    await bench().condition('chat', 'Ready', 'True');
    const { server, serving } = await engineOf(behave);
    await eventually(() => expect(server.requests.length).toBeGreaterThan(0), PATIENCE);

    await bench().edit('chat', NEXT);
    await endRollout(bench(), 'chat');
    await eventually(async () => {
      bench().advance(30_000);
      expect((await bench().status('evil')).rollout).toMatchObject({ phase: 'Held' });
    }, PATIENCE);
    const status = await bench().status('evil');
    expect(status.serving?.revision).toBe(serving);
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ reason: 'ProofFailed' });
    const told = JSON.stringify([status, bench().log]);
    // eslint-disable-next-line no-control-regex -- what is looked for
    expect(told).not.toMatch(/[\u0000-\u001f\u202e]|\\u00[01]|owned\\/);
    expect([...tried].filter((host) => host !== 'localhost' && !host.startsWith('127.'))).toEqual([]);
  });
});
