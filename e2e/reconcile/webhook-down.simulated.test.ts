import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { resources, type Service } from '../../operator/kube/resources.ts';
import { eventually, testCluster } from '../support/index.ts';
import { failingWebhook, type FailingWebhook } from './failing-webhook.ts';
import { operatorBench, PATIENCE } from './harness.ts';
import { BRIEF, endRollout } from './rollouts.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

const CHAT = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
  ...BRIEF,
};
const OTHER = { model: { name: 'deepseek-r1-distill-qwen-7b' } };
const DEPLOYMENTS = { name: 'deny.acme.example', apiGroup: 'apps', resource: 'deployments' };
const SCALE = { name: 'scale.acme.example', apiGroup: 'deepseek-operator.io', resource: 'deepseekdeployments/scale' };

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

/** From now on the webhook is asked, and does not answer. */
async function breakDown(webhook: Omit<FailingWebhook, 'namespace'>): Promise<void> {
  const { client, namespace, signal } = bench();
  ending.push(await failingWebhook(client, { namespace, ...webhook }, signal));
}

/** The webhook is gone, and the next try is due. */
async function heal(): Promise<void> {
  for (const end of ending.splice(0)) await end();
  await eventually(
    async () => {
      bench().advance(20_000);
      expect((await bench().status('chat')).conditions?.find(({ type }) => type === 'Ready')?.reason).not.toBe(
        'AdmissionDenied',
      );
    },
    // Pods are made by the machine's clock: to an operator that is ahead of it by more than they may load they are too old at once.
    { ...PATIENCE, intervalMs: 3_000 },
  );
}

const ready = async () => {
  await bench().create('chat', CHAT);
  await bench().condition('chat', 'Ready', 'True');
  return (await bench().status('chat')).serving?.revision;
};
const service = (): Promise<Service> => {
  const { client, namespace, signal } = bench();
  return client.get(resources.services, { namespace, name: 'chat' }, { signal });
};

/** Somebody breaks the active Service; waits until it is as it was. */
async function isRepaired(): Promise<void> {
  const { client, namespace, signal } = bench();
  const { selector } = (await service()).spec ?? {};
  const options = { type: 'merge', fieldManager: 'someone', signal } as const;
  await client.patch(resources.services, { namespace, name: 'chat' }, { spec: { selector: { app: 'zzz' } } }, options);
  await eventually(async () => expect((await service()).spec?.selector).toEqual(selector), PATIENCE);
}

/** A server that takes connections and never says a word. */
async function silentServer(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('an admission webhook that has to be asked and does not answer', () => {
  it('is told of a model that is being made, which goes on when it does', async () => {
    await breakDown(DEPLOYMENTS);
    await bench().create('chat', CHAT);
    const message = await bench().condition('chat', 'Ready', 'False', 'AdmissionDenied');
    expect(message).toMatch(/^Deployment chat-\w+ is refused: .*failed calling webhook "deny\.acme\.example"/);
    expect(message).toContain('look after it');
    await bench().condition('chat', 'Stalled', 'False', 'AdmissionDenied');
    await heal();
    await bench().condition('chat', 'Ready', 'True');
  });

  it('is told once of a candidate, and what serves is looked after', async () => {
    const first = await ready();
    await breakDown(DEPLOYMENTS);
    await bench().edit('chat', { spec: OTHER });
    await bench().condition('chat', 'Ready', 'False', 'AdmissionDenied');
    const writes = async (resource: string, subresource?: string) =>
      (await bench().requests()).filter(
        (entry) => entry.resource === resource && entry.subresource === subresource && entry.verb === 'patch',
      ).length;
    const told = await writes('deepseekdeployments', 'status');
    const tried = await writes('deployments');
    await isRepaired();
    await eventually(async () => expect(await writes('deployments')).toBeGreaterThan(tried + 2), PATIENCE);
    expect(await writes('deepseekdeployments', 'status')).toBe(told);
    await bench().condition('chat', 'Available', 'True');
    await heal();
    expect(await endRollout(bench(), 'chat')).not.toBe(first);
  });

  it('is waited for as long as the API server waits for it, and named', async () => {
    await breakDown({ ...DEPLOYMENTS, url: await silentServer() });
    await bench().create('chat', CHAT);
    const message = await bench().condition('chat', 'Ready', 'False', 'AdmissionDenied');
    expect(message).toContain('failed calling webhook "deny.acme.example"');
    await heal();
    await bench().condition('chat', 'Ready', 'True');
  });

  it('on the replicas that a spec lacks keeps nobody from looking after what serves', async () => {
    await ready();
    await breakDown(SCALE);
    await bench().edit('chat', { spec: { replicas: null } });
    expect(await bench().condition('chat', 'Ready', 'False', 'AdmissionDenied')).toContain('scale.acme.example');
    await isRepaired();
    expect((await bench().get('chat')).spec.replicas).toBeUndefined();
    await heal();
    await bench().condition('chat', 'Ready', 'True');
    expect((await bench().get('chat')).spec.replicas).toBe(1);
  });
});
