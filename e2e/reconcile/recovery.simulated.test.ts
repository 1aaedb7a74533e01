import { afterEach, describe, expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { isNotFound } from '../../operator/kube/errors.ts';
import { resources, type Service } from '../../operator/kube/resources.ts';
import type { ResourceType } from '../../operator/kube/types.ts';
import { gpuNode } from '../cluster/objects.ts';
import { nextRevisionRule } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { operatorBench, PATIENCE, writesOf } from './harness.ts';
import { BRIEF, endRollout, untilPhase } from './rollouts.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

const CHAT = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
  ...BRIEF,
};
const OTHER = { model: { name: 'deepseek-r1-distill-qwen-7b' } };
const THIRD = { model: { name: 'deepseek-r1-distill-llama-8b' } };
/** The server does not know the field, and refuses the Deployment. */
const REFUSED = { podTemplate: { volumes: [{ name: 'x', configMap: { nope: 1 } }] } };
const CUDA_OUT_OF_MEMORY = { failure: 'crash', message: 'torch.OutOfMemoryError: CUDA out of memory.' } as const;

const service = (): Promise<Service> => {
  const { client, namespace, signal } = bench();
  return client.get(resources.services, { namespace, name: 'chat' }, { signal });
};
const selected = async () => (await service()).spec?.selector?.[LABEL.revision] ?? '';
const serving = async () => (await bench().status('chat')).serving?.revision ?? '';
const uids = async (revision?: string) =>
  (await bench().pods('chat'))
    .filter(({ metadata }) => revision === undefined || metadata.labels?.[LABEL.revision] === revision)
    .map(({ metadata }) => metadata.uid)
    .sort();
const remove = async (type: ResourceType, name: string) => {
  const { client, namespace, signal } = bench();
  await client.delete(type, { namespace, name }, { signal });
};
const restored = (type: ResourceType, name: string) => {
  const { client, namespace, signal } = bench();
  return eventually(() => client.get(type, { namespace, name }, { signal }), PATIENCE);
};
const only = (revision: string) =>
  eventually(async () => {
    const names = (await bench().deployments('chat')).map(({ metadata }) => metadata.name);
    expect(names).toEqual([`chat-${revision}`]);
  }, PATIENCE);

async function ready(): Promise<string> {
  await bench().create('chat', CHAT);
  await bench().condition('chat', 'Ready', 'True');
  return serving();
}

describe('the ControllerRevision of what serves is lost, and then the Service', () => {
  it('while a paused version waits: it is made again, and nothing is switched', async () => {
    const revision = await ready();
    const before = await uids();
    await bench().edit('chat', { spec: { ...OTHER, rollout: { paused: true } } });
    await bench().condition('chat', 'Ready', 'False', 'Paused');
    await remove(resources.controllerRevisions, `chat-${revision}`);
    const record = await restored(resources.controllerRevisions, `chat-${revision}`);
    expect(record.metadata.annotations).toHaveProperty(['deepseek-operator.io/proven']);
    expect(await serving()).toBe(revision);
    await remove(resources.services, 'chat');
    await restored(resources.services, 'chat');
    await bench().rest();
    expect(await selected()).toBe(revision);
    expect(await uids()).toEqual(before);
    expect(await bench().condition('chat', 'Available', 'True')).toContain(revision);
  });

  it('while an older proven version is in the history: it is still scaled, and keeps traffic and pods', async () => {
    await ready();
    await bench().edit('chat', { spec: OTHER });
    const revision = await endRollout(bench(), 'chat');
    await only(revision);
    // Pods of the version before may still be on their way out.
    const before = await uids(revision);
    await bench().simulator.setRule({
      name: 'slow',
      match: { deployment: 'chat' },
      behaviour: { loadSeconds: 86_400 },
    });
    await bench().edit('chat', { spec: THIRD });
    await eventually(async () => expect(await bench().deployments('chat')).toHaveLength(2), PATIENCE);
    await bench().stopOperator();
    await remove(resources.controllerRevisions, `chat-${revision}`);
    await remove(resources.services, 'chat');
    await bench().edit('chat', { spec: { replicas: 2 } });
    await bench().startOperator();
    await restored(resources.services, 'chat');
    expect(await selected()).toBe(revision);
    await restored(resources.controllerRevisions, `chat-${revision}`);
    await eventually(async () => {
      const found = (await bench().deployments('chat')).find(({ metadata }) => metadata.name === `chat-${revision}`);
      expect(found?.spec?.replicas).toBe(2);
    }, PATIENCE);
    expect(await uids()).toEqual(expect.arrayContaining(before));
  });
});

describe('a candidate that the API server refuses', () => {
  it('is told after one try in each pass, and does not keep the active Service from being repaired', async () => {
    const revision = await ready();
    await bench().edit('chat', { spec: REFUSED });
    expect(await bench().condition('chat', 'Ready', 'False', 'AdmissionDenied')).toContain('nope');
    const tries = writesOf(await bench().requests()).filter((write) => write.startsWith('patch deployments'));
    expect(tries.length).toBeLessThan(10);
    const { client, namespace, signal } = bench();
    const patch = { spec: { selector: { app: 'zzz' } } };
    const options = { type: 'merge', fieldManager: 'someone', signal } as const;
    await client.patch(resources.services, { namespace, name: 'chat' }, patch, options);
    const selector = { [LABEL.name]: 'chat', [LABEL.revision]: revision };
    await eventually(async () => expect((await service()).spec?.selector).toEqual(selector), PATIENCE);
    await eventually(async () => expect(await bench().eventReasons('chat')).toContain('ForeignEdit'), PATIENCE);
    await bench().edit('chat', { spec: { replicas: 2 } });
    await eventually(async () => expect((await bench().status('chat')).serving?.readyReplicas).toBe(2), PATIENCE);
    await bench().edit('chat', { spec: { podTemplate: null } });
    await bench().condition('chat', 'Ready', 'True');
    expect(await serving()).toBe(revision);
  });
});

describe('a Service of the same name that is not ours', () => {
  it('is found before anything is loaded onto a GPU', async () => {
    const { client, namespace, signal } = bench();
    const spec = { selector: { app: 'mine' }, ports: [{ port: 80 }] };
    const foreign = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'chat', namespace }, spec };
    await client.create(resources.services, foreign, { signal });
    await bench().create('chat', CHAT);
    expect(await bench().condition('chat', 'Ready', 'False', 'NameConflict')).toContain('Service chat');
    expect(await bench().deployments('chat')).toEqual([]);
    expect((await bench().status('chat')).serving).toBeUndefined();
    await remove(resources.services, 'chat');
    await bench().condition('chat', 'Ready', 'True');
  });
});

describe('a candidate that never becomes ready', () => {
  it('is taken back at rollout.progressDeadline with its reason, frees its GPUs, and is not tried again', async () => {
    const revision = await ready();
    await bench().simulator.setRule({
      name: 'bad',
      match: { deployment: 'chat' },
      behaviour: { failure: 'never-ready' },
    });
    await bench().edit('chat', { spec: { ...OTHER, rollout: { progressDeadline: '5s' } } });
    await eventually(async () => expect((await bench().status('chat')).rollout?.phase).toBe('Held'), PATIENCE);
    const message = await bench().condition('chat', 'Stalled', 'True', 'StartupBudgetExceeded');
    expect(message).toContain('was given up');
    expect(message).toContain(`Revision ${revision} keeps serving`);
    await only(revision);
    await eventually(async () => expect(await bench().pods('chat')).toHaveLength(1), PATIENCE);
    expect(await selected()).toBe(revision);
    await bench().rest();
    await only(revision);
  });

  it('is taken back when its startup budget is over', async () => {
    const revision = await ready();
    await bench().simulator.setRule({
      name: 'slow',
      match: { deployment: 'chat' },
      behaviour: { failure: 'never-ready' },
    });
    await bench().edit('chat', { spec: OTHER });
    await eventually(async () => {
      const pods = await bench().pods('chat');
      expect(pods.filter(({ spec }) => spec?.nodeName !== undefined)).toHaveLength(2);
    }, PATIENCE);
    await bench().stopOperator();
    await bench().startOperator({ aheadMs: 6 * 3_600_000 });
    await bench().condition('chat', 'Stalled', 'True', 'StartupBudgetExceeded');
    await only(revision);
    await eventually(async () => expect(await bench().pods('chat')).toHaveLength(1), PATIENCE);
  });
});

/** A node with one GPU of this test's own: others share the cluster. */
const nodeName = () => `own-${bench().namespace}`;
async function createNode(): Promise<void> {
  const node = gpuNode(nodeName(), 1) as { metadata: { labels: object }; status: { allocatable: object } };
  const labels = { ...node.metadata.labels, 'nvidia.com/gpu.memory': '49140' };
  const allocatable = { ...node.status.allocatable, 'ephemeral-storage': '1Ti' };
  const object = { ...node, metadata: { ...node.metadata, labels }, status: { ...node.status, allocatable } };
  await bench().client.create(resources.nodes, object, { signal: bench().signal });
}
afterEach(async () => {
  try {
    await bench().client.delete(resources.nodes, { name: nodeName() }, { signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
});

describe('a status that a backup has restored', () => {
  it('is written on: what the operator drops of it goes, and the rollout ends', async () => {
    const { client, namespace, signal } = bench();
    await bench().create('chat', CHAT);
    await bench().condition('chat', 'Ready', 'True');
    const old = await serving();
    await bench().simulator.setRule(nextRevisionRule('chat', old, { failure: 'never-ready' }));
    await bench().edit('chat', { spec: OTHER });
    await untilPhase(bench(), 'chat', 'Loading');
    await bench().rest();
    await bench().stopOperator();
    // By somebody else: both own its fields from now on.
    const status = await bench().status('chat');
    expect(status.candidate).toBeDefined();
    const restored = { type: 'merge', subresource: 'status', fieldManager: 'backup', signal } as const;
    await client.patch(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'chat' }, { status: null }, restored);
    await client.patch(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'chat' }, { status }, restored);
    await bench().startOperator();
    await bench().simulator.setRule(nextRevisionRule('chat', old, {}));
    expect(await endRollout(bench(), 'chat')).not.toBe(old);
    await bench().rest();
    expect((await bench().status('chat')).candidate).toBeUndefined();
    expect(bench().log.filter(({ message }) => message === 'the pass failed and is repeated')).toEqual([]);
  });
});

describe('a proven version that is down on GPUs that are all taken', () => {
  it('says why, and gives its GPUs to the corrected version', async () => {
    await createNode();
    await bench().create('chat', {
      model: CHAT.model,
      accelerator: {
        type: 'custom',
        custom: { memory: '48Gi', computeCapability: '8.9' },
        nodeSelector: { 'kubernetes.io/hostname': nodeName() },
      },
      replicas: 1,
    });
    await bench().condition('chat', 'Ready', 'True');
    const revision = await serving();
    const match = { deployment: 'chat', revision };
    await bench().simulator.setRule({ name: 'bad', match, behaviour: CUDA_OUT_OF_MEMORY });
    await bench().condition('chat', 'Available', 'False', 'OutOfMemoryGPU');
    await bench().edit('chat', { spec: OTHER });
    const message = await bench().condition('chat', 'Ready', 'False', 'WaitingForCapacity');
    expect(message).toContain('There is room for 0 of 1 replica');
    expect(message).toContain(`Revision ${revision}, which has the traffic, is down`);
    expect(await selected()).toBe(revision);
    await bench().stopOperator();
    await bench().startOperator({ aheadMs: 5 * 60_000 });
    await bench().condition('chat', 'Ready', 'True');
    expect(await serving()).not.toBe(revision);
  });
});
