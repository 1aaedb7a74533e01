import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, type Socket } from 'node:net';
import { operatorBench } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { testCluster } from '../support/index.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

/** Whom this process, in which the operator runs, has tried to connect to: names that it looked up, and addresses. */
const tried = new Set<string>();

function follow(message: unknown): void {
  const { socket } = message as { readonly socket: Socket };
  socket.on('lookup', (_error, _address, _family, host: string) => tried.add(host));
  socket.on('connectionAttempt', (address: string) => tried.add(address));
}

beforeEach(() => {
  tried.clear();
  subscribe('net.client.socket', follow);
});
afterEach(() => void unsubscribe('net.client.socket', follow));

/** What an attacker would like to have asked: the metadata of the cloud, a Service of somebody else, a host outside. */
const METADATA = '169.254.169.254';
const INNER = 'admin.bank.svc';
const OUTER = 'evil.example';

it.each<[string, object]>([
  ['a hub', { model: { source: { huggingFace: { repository: 'a/b', endpoint: `http://${METADATA}` } } } }],
  ['a hub of the cluster', { model: { source: { huggingFace: { repository: 'a/b', endpoint: `http://${INNER}` } } } }],
  ['a store', { model: { source: { objectStorage: { uri: 's3://bucket/model', endpoint: `https://${OUTER}` } } } }],
  ['an image', { engine: { image: `${OUTER}/engine:1` } }],
  ['variables', { engine: { env: ['HTTP_PROXY', 'HF_ENDPOINT'].map((name) => ({ name, value: `http://${OUTER}` })) } }],
  [
    'a query',
    {
      rollout: {
        gates: [
          { metric: 'Query', name: 'q', query: `up{revision="{{revision}}",instance="http://${METADATA}/"}`, max: '1' },
        ],
      },
    },
  ],
])('the operator connects to nobody whom a model names: %s', async (_, part) => {
  const { model, rollout, ...rest } = part as { readonly model?: object; readonly rollout?: object };
  await bench().create('chat', {
    model: { name: 'deepseek-r1-distill-qwen-1.5b', ...model },
    accelerator: { type: 'A100-80GB' },
    replicas: 1,
    ...BRIEF,
    ...rest,
    rollout: { ...BRIEF.rollout, ...rollout },
  });
  await bench().condition('chat', 'PlanAccepted', 'True');
  await bench().condition('chat', 'Ready', 'True');
  await bench().edit('chat', { spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } });
  await bench().rest();
  // It has connected to its API server, and to its engines.
  expect(tried.size).toBeGreaterThan(0);
  expect([...tried].filter((host) => host !== 'localhost' && !host.startsWith('127.'))).toEqual([]);
});

it('what is tried is seen', async () => {
  const socket = connect({ host: '192.0.2.1', port: 9, timeout: 50 });
  await new Promise((resolve) => socket.once('timeout', resolve).once('error', resolve));
  socket.destroy();
  expect([...tried]).toEqual(['192.0.2.1']);
});
