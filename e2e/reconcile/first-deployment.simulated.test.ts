import { beforeEach, describe, expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { eventually, testCluster } from '../support/index.ts';
import { operatorBench, PATIENCE, writesOf } from './harness.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

beforeEach(() => bench().gpusFree('a100-80gb', 2));

const CHAT = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' } };
const CHILDREN: readonly ResourceType[] = [
  resources.serviceAccounts,
  resources.controllerRevisions,
  resources.deployments,
  resources.services,
  resources.podDisruptionBudgets,
];

async function children(): Promise<readonly KubeObject[]> {
  const { client, namespace, signal } = bench();
  const labelSelector = LABEL.name;
  const lists = await Promise.all(CHILDREN.map((type) => client.list(type, { namespace, labelSelector, signal })));
  return lists.flatMap(({ items }) => items);
}

describe('a first deployment', () => {
  it('becomes Ready on the right GPU, with one write for each child, two for the status, and one for the proven mark', async () => {
    const { uid } = (await bench().create('chat', { ...CHAT, replicas: 1 })).metadata;
    await bench().condition('chat', 'Ready', 'True');
    await bench().rest();

    const made = await children();
    expect(made).toHaveLength(6);
    for (const child of made) {
      expect(child.metadata.ownerReferences).toEqual([expect.objectContaining({ uid, controller: true })]);
    }
    // First: a surplus write of the status has its reason here.
    await eventually(
      async () => expect(await bench().eventReasons('chat')).toEqual(['RevisionCreated', 'Loading', 'Available']),
      PATIENCE,
    );
    const writes = writesOf(await bench().requests());
    expect(writes.filter((write) => write.includes('/status'))).toHaveLength(2);
    expect(writes).toHaveLength(made.length + 2 + 1);

    const [pod] = await bench().pods('chat');
    expect(pod?.spec?.nodeName).toMatch(/^a100-80gb-/);
    expect(pod?.spec?.containers[0]?.resources?.limits).toMatchObject({ 'nvidia.com/gpu': '1' });
  });

  it('costs one write more without replicas, which an HPA needs', async () => {
    await bench().create('chat', CHAT);
    await bench().condition('chat', 'Ready', 'True');
    await bench().rest();
    const object = await bench().get('chat');
    expect(object.spec.replicas).toBe(1);
    const writes = writesOf(await bench().requests());
    expect(writes).toHaveLength(6 + 2 + 1 + 1);
    expect(writes.filter((write) => write.includes('/scale'))).toEqual(['patch deepseekdeployments/scale chat']);
  });

  it('is silent at rest, and writes nothing after a restart of the operator', async () => {
    await bench().create('chat', { ...CHAT, replicas: 1 });
    await bench().condition('chat', 'Ready', 'True');
    await bench().rest();
    const before = (await bench().requests()).length;
    await bench().stopOperator();
    await bench().startOperator();
    await bench().rest();
    const after = (await bench().requests()).slice(before);
    expect(writesOf(after)).toEqual([]);
    expect(after.filter(({ verb }) => verb === 'get')).toEqual([]);
  });

  it('serves on the loopback side: the Service selects ready pods that answer as the engine does', async () => {
    await bench().create('chat', { ...CHAT, replicas: 1 });
    await bench().condition('chat', 'Ready', 'True');
    const { client, namespace, signal } = bench();
    const endpoints = await eventually(async () => {
      const selector = 'kubernetes.io/service-name=chat';
      const { items } = await client.list(resources.endpointSlices, { namespace, labelSelector: selector, signal });
      const addresses = items.flatMap(({ endpoints: found }) =>
        (found ?? []).filter((e) => e.conditions?.ready === true),
      );
      expect(addresses).toHaveLength(1);
      return addresses;
    }, PATIENCE);
    const [pod] = await bench().simulator.pods();
    expect(endpoints[0]?.addresses).toEqual([pod?.podIP]);
    const answer = await fetch(`http://${pod?.address ?? ''}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'chat', prompt: 'hello', max_tokens: 4 }),
      signal,
    });
    expect(answer.status).toBe(200);
  });

  it('runs under the restricted pod security standard', async () => {
    const { client, namespace, signal } = bench();
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await client.patch(resources.namespaces, { name: namespace }, { metadata: { labels } }, { type: 'merge', signal });
    await bench().create('chat', { ...CHAT, replicas: 1 });
    await bench().condition('chat', 'Ready', 'True');
  });

  it('leaves nothing behind when it is deleted', async () => {
    const { client, namespace, signal } = bench();
    await bench().create('chat', { ...CHAT, replicas: 1 });
    await bench().condition('chat', 'Ready', 'True');
    await client.delete(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'chat' }, { signal });
    await eventually(async () => {
      expect((await children()).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);
      expect(await bench().pods('chat')).toEqual([]);
    }, PATIENCE);
  });

  it('scales through the scale subresource, to 0 and back', async () => {
    await bench().create('chat', { ...CHAT, replicas: 1 });
    await bench().condition('chat', 'Ready', 'True');
    const { client, namespace, signal } = bench();
    const scale = async (replicas: number) => {
      const patch = { spec: { replicas } };
      await client.patch(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'chat' }, patch, {
        type: 'merge',
        subresource: 'scale',
        signal,
      });
    };
    await scale(2);
    await eventually(
      async () => expect(await bench().status('chat')).toMatchObject({ replicas: 2, readyReplicas: 2 }),
      PATIENCE,
    );
    await scale(0);
    await bench().condition('chat', 'Ready', 'True', 'ScaledToZero');
    await eventually(async () => expect(await bench().pods('chat')).toEqual([]), PATIENCE);
    await scale(1);
    await bench().condition('chat', 'Ready', 'True', 'Available');
  });
});
