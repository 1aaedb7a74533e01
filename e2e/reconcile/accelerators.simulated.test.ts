import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { resources, namespaced } from '../../operator/kube/resources.ts';
import { isNotFound } from '../../operator/kube/errors.ts';
import { gpuNode } from '../cluster/objects.ts';
import { testCluster } from '../support/index.ts';
import { operatorBench } from './harness.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

/** A class of nodes of this test's own: others share the cluster. */
let spec: object;
let nodeName: string;
beforeEach(() => {
  nodeName = `own-${bench().namespace}`;
  spec = {
    model: { name: 'deepseek-r1-distill-qwen-7b' },
    accelerator: {
      type: 'custom',
      custom: { memory: '48Gi', computeCapability: '8.9' },
      nodeSelector: { 'kubernetes.io/hostname': nodeName },
    },
    replicas: 1,
  };
});
afterEach(async () => {
  try {
    await bench().client.delete(resources.nodes, { name: nodeName }, { signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
});

async function createNode(memoryMiB: string, cordoned = false): Promise<void> {
  const node = gpuNode(nodeName, 1) as { metadata: { labels: object }; spec: object; status: { allocatable: object } };
  const labels = { ...node.metadata.labels, 'nvidia.com/gpu.memory': memoryMiB };
  const object = {
    ...node,
    metadata: { ...node.metadata, labels },
    status: { ...node.status, allocatable: { ...node.status.allocatable, 'ephemeral-storage': '1Ti' } },
    spec: { ...node.spec, ...(cordoned && { unschedulable: true }) },
  };
  await bench().client.create(resources.nodes, object, { signal: bench().signal });
}

describe('an accelerator that no node has', () => {
  it('is told with the classes that exist, waited for without being stalled, and found when a node joins', async () => {
    await bench().create('chat', spec);
    const message = await bench().condition('chat', 'CapacityAvailable', 'False', 'AcceleratorNotFound');
    expect(message).toMatch(/it has .*T4.*A100-80GB.*: add such nodes/);
    await bench().condition('chat', 'Ready', 'False', 'AcceleratorNotFound');
    await bench().condition('chat', 'Stalled', 'False');
    await createNode('49140');
    await bench().condition('chat', 'Ready', 'True');
    await bench().condition('chat', 'CapacityAvailable', 'True', 'CapacityFound');
    const [pod] = await bench().pods('chat');
    expect(pod?.spec?.nodeName).toBe(nodeName);
  });

  it('has nodes whose GPUs have another memory than the plan counts on', async () => {
    await createNode('24564', true);
    await bench().create('chat', spec);
    const message = await bench().condition('chat', 'CapacityAvailable', 'False', 'AcceleratorMemoryMismatch');
    expect(message).toContain('have 24564 MiB');
  });
});

describe('an operator that may not list nodes', () => {
  it('does its work in its namespace, and leaves the question to the scheduler', async () => {
    const { client, namespace, operatorUser, signal } = bench();
    await bench().stopOperator();
    const roleBindings = namespaced('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings');
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'operator', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: operatorUser }],
    };
    await client.create(roleBindings, binding, { signal });
    await bench().startOperator({ groups: [] });
    await bench().create('chat', {
      model: { name: 'deepseek-r1-distill-qwen-7b' },
      accelerator: { type: 'A100-80GB' },
      replicas: 1,
    });
    await bench().condition('chat', 'Ready', 'True');
    await bench().condition('chat', 'CapacityAvailable', 'True', 'CapacityFound');
    await bench().create('nowhere', spec);
    await bench().condition('nowhere', 'CapacityAvailable', 'False', 'Unschedulable');
    const asked = (await bench().requests()).filter(({ resource, verb }) => resource === 'nodes' && verb !== 'watch');
    expect(asked.map(({ verb }) => verb)).toEqual(['list', 'list']);
    expect(bench().log.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^nodes may not be listed/));
  });
});
