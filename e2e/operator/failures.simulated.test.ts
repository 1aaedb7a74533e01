import { describe, expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import { eventually, testCluster } from '../support/index.ts';
import { operatorBench, PATIENCE } from './harness.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

const CHAT = { model: { name: 'deepseek-r1-distill-qwen-1.5b' }, accelerator: { type: 'L40S' }, replicas: 1 };

describe('a failure gives a stable reason with a fix, and heals when its cause is gone', () => {
  it.each([
    ['image-pull', 'ImageNotFound', 'not found'],
    ['oom', 'OutOfMemoryHost', 'resources.memory'],
    ['cuda-oom', 'OutOfMemoryGPU', 'memory'],
    ['gated', 'ModelGated', 'token'],
    ['crash', 'CrashLoop', 'log'],
  ] as const)('%s is %s', async (failure, reason, fix) => {
    await bench().simulator.setRule({ name: 'bad', match: { deployment: 'chat' }, behaviour: { failure } });
    await bench().create('chat', CHAT);
    const message = await bench().condition('chat', 'Ready', 'False', reason);
    expect(message.toLowerCase()).toContain(fix.toLowerCase());
    const { client, namespace, signal } = bench();
    await eventually(async () => {
      const events = (await client.list(resources.events, { namespace, signal })).items;
      expect(events.map((event) => event.reason)).toContain(reason);
    }, PATIENCE);
    await bench().simulator.removeRule('bad');
    await bench().condition('chat', 'Ready', 'True');
  });

  it('too few GPUs of the class: says which and how many, and goes on when they are free', async () => {
    // The one L40S node of the default pools has 8 GPUs.
    await bench().create('hog', { ...CHAT, replicas: 8 });
    await bench().condition('hog', 'Ready', 'True');
    await bench().create('chat', CHAT);
    const message = await bench().condition('chat', 'CapacityAvailable', 'False', 'InsufficientGPUs');
    expect(message).toContain('L40S');
    await bench().condition('chat', 'Ready', 'False', 'InsufficientGPUs');
    await bench().edit('hog', { spec: { replicas: 7 } });
    await bench().condition('chat', 'Ready', 'True');
    await bench().condition('chat', 'CapacityAvailable', 'True');
  });

  it('an exceeded quota: no pod exists, and the reason says so', async () => {
    const { client, namespace, signal } = bench();
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none', namespace },
      spec: { hard: { pods: '0' } },
    };
    const type = { group: '', version: 'v1', kind: 'ResourceQuota', plural: 'resourcequotas', namespaced: true };
    await client.create(type, quota, { signal });
    await eventually(async () => {
      const { status } = (await client.get(type, { namespace, name: 'none' }, { signal })) as {
        status?: { hard?: object };
      };
      expect(status?.hard).toBeDefined();
    }, PATIENCE);
    await bench().create('chat', CHAT);
    expect(await bench().condition('chat', 'Ready', 'False', 'QuotaExceeded')).toContain('none');
    await client.delete(type, { namespace, name: 'none' }, { signal });
    // The ReplicaSet controller tries again with a backoff of its own; a change of its Deployment wakes it.
    await bench().edit('chat', { spec: { replicas: 2 } });
    await bench().condition('chat', 'Ready', 'True');
  });

  it('corrects itself with the spec when what was first deployed never served', async () => {
    await bench().simulator.setRule({ name: 'bad', match: { deployment: 'chat' }, behaviour: { failure: 'crash' } });
    await bench().create('chat', CHAT);
    await bench().condition('chat', 'Ready', 'False', 'CrashLoop');
    await bench().simulator.removeRule('bad');
    await bench().edit('chat', { spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } });
    await bench().condition('chat', 'Ready', 'True');
    await eventually(async () => expect(await bench().deployments('chat')).toHaveLength(1), PATIENCE);
  });
});
