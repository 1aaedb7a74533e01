import { describe, expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import { eventually, testCluster } from '../support/index.ts';
import { operatorBench, PATIENCE } from './harness.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

const CHAT = { model: { name: 'deepseek-r1-distill-qwen-1.5b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 };

const CUDA_OUT_OF_MEMORY = {
  failure: 'crash',
  message:
    'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB.',
} as const;

describe('a failure gives a stable reason with a fix, and heals when its cause is gone', () => {
  it.each([
    ['an image that is not there', { failure: 'image-pull' }, 'ImageNotFound', 'not found'],
    ['an engine that takes too much memory', { failure: 'oom' }, 'OutOfMemoryHost', 'resources.memory'],
    ['a gated model', { failure: 'gated' }, 'ModelGated', 'token'],
    ['an engine that ends', { failure: 'crash' }, 'CrashLoop', 'log'],
    // The termination message ends before the cause, and simulated nodes keep no logs that the operator could read.
    ['a GPU too small, said in the log', { failure: 'cuda-oom' }, 'CrashLoop', 'further up in its log'],
    ['a GPU too small, said at the end', CUDA_OUT_OF_MEMORY, 'OutOfMemoryGPU', 'memory'],
  ] as const)('%s', async (_, behaviour, reason, fix) => {
    await bench().simulator.setRule({ name: 'bad', match: { deployment: 'chat' }, behaviour });
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
    // The one A10G node of the default pools has 4 GPUs, and no other test asks for them.
    const spec = { ...CHAT, accelerator: { type: 'A10G' } };
    await bench().create('hog', { ...spec, replicas: 4 });
    await bench().condition('hog', 'Ready', 'True');
    await bench().create('chat', spec);
    const message = await bench().condition('chat', 'CapacityAvailable', 'False', 'InsufficientGPUs');
    expect(message).toContain('1 more A10G needed');
    await bench().condition('chat', 'Ready', 'False', 'InsufficientGPUs');
    await bench().edit('hog', { spec: { replicas: 3 } });
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

  it('a Secret that is not there: no pod is made that would hold a GPU, and it goes on once it is', async () => {
    const { client, namespace, signal } = bench();
    const huggingFace = { tokenSecretRef: { name: 'hub', key: 'token' } };
    await bench().create('chat', { ...CHAT, model: { ...CHAT.model, source: { huggingFace } } });
    const message = await bench().condition('chat', 'Ready', 'False', 'SecretNotFound');
    expect(message).toContain(`Secret hub, which the pods of chat-`);
    // It may be on its way: a GitOps tool is not told to give up.
    await bench().condition('chat', 'Reconciling', 'True', 'SecretNotFound');
    await bench().condition('chat', 'Stalled', 'False');
    expect([...(await bench().deployments('chat')), ...(await bench().pods('chat'))]).toEqual([]);
    bench().advance(180_000);
    await bench().condition('chat', 'Stalled', 'True', 'SecretNotFound');
    const metadata = { name: 'hub', namespace };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { token: 'hf_abc' } };
    await client.create(resources.secrets, secret, { signal });
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
