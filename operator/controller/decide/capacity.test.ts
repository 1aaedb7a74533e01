import { describe, expect, it } from '@jest/globals';
import { gpuNode, told, World } from '../testing/world.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 };
const T4 = gpuNode('t4-0', 'Tesla-T4');
const A100 = gpuNode('a100-0', 'NVIDIA-A100-SXM4-80GB', { 'nvidia.com/gpu.memory': '81920' });

function worldWith(nodes: World['nodes'], spec: object = SPEC): World {
  const world = new World(spec);
  world.nodes = nodes;
  world.settle();
  return world;
}

/** The Events of some passes over this spec and these nodes. */
function eventsOver(world: World, nodes: World['nodes']) {
  world.nodes = nodes;
  return Array.from({ length: 4 }, () => told(world.pass())).flat();
}

/** The scheduler has looked at the pods of the world's revision, and found no node. */
function unschedulable(world: World, words: string): void {
  const name = world.names('Deployment').at(-1) ?? '';
  const revision = name.slice('chat-'.length);
  const message = `0/1 nodes are available: 1 ${words}.`;
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
  world.pods.push({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-x`,
      namespace: 'ai',
      labels: { 'deepseek-operator.io/name': 'chat', 'deepseek-operator.io/revision': revision },
    },
    status: { phase: 'Pending', conditions: [condition] },
  });
  world.settle();
}

describe('an accelerator that the cluster does not have', () => {
  it('is told at once, with what there is, and is waited for', () => {
    const world = worldWith([T4]);
    const told = { status: 'False', reason: 'AcceleratorNotFound', message: expect.stringContaining('it has T4:') };
    expect(world.condition('CapacityAvailable')).toMatchObject(told);
    expect(world.condition('Ready')).toMatchObject(told);
    expect(world.condition('Stalled')).toMatchObject({ status: 'False' });
    expect(world.condition('Reconciling')).toMatchObject({ status: 'True' });
    expect(world.names('Deployment')).toHaveLength(1);
  });

  it('explains better than the scheduler why there is no node', () => {
    const world = worldWith([T4]);
    unschedulable(world, "node(s) didn't match Pod's node affinity/selector");
    expect(world.condition('Ready')).toMatchObject({ reason: 'AcceleratorNotFound' });
  });

  it('is told in one Event: that of Ready', () => {
    const told = eventsOver(new World(SPEC), [T4]).filter(({ type }) => type === 'Warning');
    expect(told).toMatchObject([{ reason: 'AcceleratorNotFound' }]);
  });

  it('goes on by itself when a node comes', () => {
    const world = worldWith([T4]);
    world.nodes = [T4, A100];
    world.settle();
    expect(world.condition('CapacityAvailable')).toMatchObject({ status: 'Unknown', reason: 'Scheduling' });
    expect(world.condition('Ready')).toMatchObject({ reason: 'Loading' });
    world.ready();
    world.settle();
    expect(world.condition('CapacityAvailable')).toMatchObject({ status: 'True', reason: 'CapacityFound' });
  });

  it('does not say anything of what has its place', () => {
    const world = worldWith([A100]);
    world.ready();
    world.settle();
    world.nodes = [T4];
    world.settle();
    expect(world.condition('CapacityAvailable')).toMatchObject({ status: 'True', reason: 'CapacityFound' });
    expect(world.condition('Ready')).toMatchObject({ status: 'True' });
  });

  describe('of a new version', () => {
    const late = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' };

    /** A world where SPEC serves from an A100, and a version on H100 has waited longer than a start may take. */
    function overdue(rollout?: object): World {
      const world = worldWith([A100]);
      world.ready();
      world.settle();
      const serving = world.deployment.status?.serving?.revision;
      world.edit((spec) => ({ ...spec, accelerator: { type: 'H100' }, ...(rollout && { rollout }) }));
      world.settle();
      const candidate = world.deployment.status?.candidate?.revision ?? '';
      expect(candidate).not.toBe(serving);
      world.report(candidate, 0, [late]);
      unschedulable(world, "node(s) didn't match Pod's node affinity/selector");
      return world;
    }

    it('is waited for beyond the time that a start may take, while the old one serves', () => {
      const world = overdue();
      expect(world.deployment.status?.rollout?.phase).toBe('Loading');
      expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'AcceleratorNotFound' });
      expect(world.condition('Stalled')).toMatchObject({ status: 'False' });
      expect(world.condition('Available')).toMatchObject({ status: 'True' });
    });

    it('is given up at a deadline that the user has set', () => {
      const world = overdue({ progressDeadline: '20m' });
      expect(world.deployment.status?.rollout?.phase).toBe('Loading');
      world.later(20 * 60_000);
      expect(world.deployment.status?.rollout?.phase).toBe('Held');
      expect(world.condition('Stalled')).toMatchObject({ status: 'True' });
    });
  });

  it('is not looked for on behalf of a spec that is refused', () => {
    const refused = { ...SPEC, quantization: { type: 'FP16' }, accelerator: { type: 'T4', count: 1 } };
    expect(worldWith([A100], refused).condition('CapacityAvailable')?.reason).toBe('Scheduling');
  });
});

describe('an accelerator with another memory', () => {
  const small = gpuNode('a100-0', 'NVIDIA-A100-SXM4-80GB', { 'nvidia.com/gpu.memory': '40960' });

  it('is told while pods have no place, and does not keep them from it', () => {
    const world = worldWith([small]);
    expect(world.condition('CapacityAvailable')).toMatchObject({
      status: 'False',
      reason: 'AcceleratorMemoryMismatch',
      message: expect.stringContaining(
        'have 40960 MiB (label nvidia.com/gpu.memory), and the plan counts on 81920 MiB',
      ),
    });
    expect(world.condition('Ready')).toMatchObject({ reason: 'Loading' });
    world.ready();
    world.settle();
    expect(world.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('is told in one Event, and in another one when it is another memory', () => {
    const world = new World(SPEC);
    const smaller = gpuNode('a100-0', 'NVIDIA-A100-SXM4-80GB', { 'nvidia.com/gpu.memory': '20480' });
    const told = (node: typeof small) => eventsOver(world, [node]).filter(({ type }) => type === 'Warning');
    const event = (note: string) => ({ reason: 'AcceleratorMemoryMismatch', note: expect.stringContaining(note) });
    expect(told(small)).toMatchObject([event('have 40960 MiB')]);
    expect(told(small)).toEqual([]);
    expect(told(smaller)).toMatchObject([event('have 20480 MiB')]);
    expect(told(A100)).toEqual([]);
  });

  it('counts what the spec says of a custom accelerator', () => {
    const custom = { memory: '24Gi', computeCapability: '8.9' };
    const spec = { ...SPEC, accelerator: { type: 'custom', custom, nodeSelector: { gpu: 'x' } } };
    const node = (memory: string) => gpuNode('x', 'X', { gpu: 'x', 'nvidia.com/gpu.memory': memory });
    expect(worldWith([node('24564')], spec).condition('CapacityAvailable')?.reason).toBe('Scheduling');
    expect(worldWith([node('12282')], spec).condition('CapacityAvailable')?.reason).toBe('AcceleratorMemoryMismatch');
    expect(worldWith([A100], spec).condition('CapacityAvailable')?.reason).toBe('AcceleratorNotFound');
  });
});

describe('a claim that is missing', () => {
  it('waits for somebody, and goes on by itself once it is there: no condition says that nothing does', () => {
    const world = worldWith([A100]);
    unschedulable(world, 'persistentvolumeclaim "weights" not found');
    expect(world.condition('Ready')).toMatchObject({
      reason: 'VolumePending',
      message: expect.stringContaining('It goes on by itself.'),
    });
    expect(world.condition('Stalled')?.status).toBe('True');
    expect(world.condition('Reconciling')).toMatchObject({
      status: 'False',
      message: 'Somebody has to act: Ready says what to do.',
    });
  });
});

describe('nodes that may not be listed', () => {
  it('leave the question to the scheduler', () => {
    const world = worldWith(undefined);
    expect(world.condition('CapacityAvailable')).toMatchObject({ status: 'Unknown', reason: 'NodesUnknown' });
    unschedulable(world, 'Insufficient nvidia.com/gpu');
    expect(world.condition('CapacityAvailable')).toMatchObject({ status: 'False', reason: 'InsufficientGPUs' });
    world.pods.length = 0;
    world.ready();
    world.settle();
    expect(world.condition('CapacityAvailable')).toMatchObject({ status: 'True', reason: 'CapacityFound' });
  });
});
