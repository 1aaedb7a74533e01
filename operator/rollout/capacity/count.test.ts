import { describe, expect, it } from '@jest/globals';
import { countCapacity, nodesWithoutDevice } from './count.ts';
import { engine, GPU, gpuNode, labelsOf, pod, question, template } from './test-support.ts';
import type { CapacityQuestion, CapacityReading } from './types.ts';

const four = (gpus: number, more?: Parameters<typeof gpuNode>[2]) =>
  ['a', 'b', 'c', 'd'].map((name) => gpuNode(name, gpus, more));
const MIG = 'nvidia.com/mig-3g.40gb';
const cpuOnly = { nodeSelector: { class: 'cpu' }, containers: [engine({ cpu: '8', memory: '32Gi' })] };

describe('countCapacity', () => {
  it.each<[string, CapacityQuestion, Partial<CapacityReading>]>([
    ['free nodes', question(four(8), []), { slots: 32, freeGpus: 32, gpusPerReplica: 1, placed: 0 }],
    ['no node', question([], []), { slots: 0, freeGpus: 0 }],
    [
      'two free GPUs on each of four nodes',
      question(four(2), [], { template: template(8) }),
      { slots: 0, freeGpus: 8 },
    ],
    [
      'replicas of two GPUs on nodes of three',
      question(four(3), [], { template: template(2) }),
      { slots: 4, freeGpus: 12 },
    ],
    [
      'pods that hold GPUs',
      question([gpuNode('a', 8)], [pod('p', 'a', 3), pod('q', 'a', 2)]),
      { slots: 3, freeGpus: 3 },
    ],
    ['a pod that is going', question([gpuNode('a', 8)], [pod('p', 'a', 8, { leaving: true })]), { slots: 0 }],
    [
      'a pod that has ended',
      question([gpuNode('a', 8)], [pod('p', 'a', 8, { phase: 'Succeeded' }), pod('q', 'a', 8, { phase: 'Failed' })]),
      { slots: 8 },
    ],
    ['a pod on another node', question([gpuNode('a', 8)], [pod('p', 'z', 8)]), { slots: 8 }],
    [
      'nodes of another class',
      question([gpuNode('a', 8, { labels: { class: 't4' } }), gpuNode('b', 2)], []),
      { slots: 2, freeGpus: 2 },
    ],
    [
      'a cordoned and a broken node',
      question(
        [gpuNode('a', 8, { spec: { unschedulable: true } }), gpuNode('b', 8, { ready: 'Unknown' }), gpuNode('c', 1)],
        [],
      ),
      { slots: 1, freeGpus: 1 },
    ],
    [
      'too little CPU',
      question([gpuNode('a', 8, { allocatable: { cpu: '20' } })], [], {
        template: template(1, { containers: [engine({ [GPU]: '1', cpu: '8' })] }),
      }),
      { slots: 2, freeGpus: 8 },
    ],
    [
      'too little memory beside others',
      question([gpuNode('a', 8)], [pod('p', 'a', 0, { spec: { containers: [engine({ memory: '400Gi' })] } })], {
        template: template(1, { containers: [engine({ [GPU]: '1', memory: '100Gi' })] }),
      }),
      { slots: 1, freeGpus: 8 },
    ],
    ['too many pods', question([gpuNode('a', 8, { allocatable: { pods: '3' } })], [pod('p', 'a', 0)]), { slots: 2 }],
    [
      'more taken than there is',
      question([gpuNode('a', 2), gpuNode('b', 1)], [pod('p', 'a', 4)]),
      { slots: 1, freeGpus: 1 },
    ],
    [
      'MIG slices',
      question(
        [gpuNode('a', 0, { allocatable: { [MIG]: '4' } })],
        [pod('p', 'a', 0, { spec: { containers: [engine({ [MIG]: '1' })] } })],
        { template: template(0, { containers: [engine({ [MIG]: '1' })] }) },
      ),
      { slots: 3, gpusPerReplica: 1, freeGpus: 3 },
    ],
    [
      'CPU alone',
      question([gpuNode('a', 0, { labels: { class: 'cpu' } }), gpuNode('b', 8)], [], {
        template: template(0, cpuOnly),
      }),
      { slots: 8, gpusPerReplica: 0, freeGpus: 0 },
    ],
    [
      'own replicas, placed and waiting',
      question(
        [gpuNode('a', 4)],
        [
          pod('p', 'a', 1, { revision: 'new' }),
          pod('q', undefined, 1, { revision: 'new' }),
          pod('r', 'a', 1, { revision: 'new', leaving: true }),
        ],
      ),
      { placed: 1, slots: 2 },
    ],
  ])('%s', (_, asked, expected) => {
    expect(countCapacity(asked)).toMatchObject(expected);
    expect(countCapacity(asked).unknown).toBeUndefined();
  });

  describe('pods of others that wait', () => {
    const waits = (gpus: number, priority: number, more: object = {}) =>
      pod('w', undefined, gpus, { namespace: 'other', spec: { priority, ...more } });
    it.each<[string, ReturnType<typeof waits>, number]>([
      ['of the same priority', waits(2, 1000), 2],
      ['of a higher one', waits(2, 2000), 2],
      ['of a lower one', waits(2, 999), 4],
      ['that do not fit', waits(8, 2000), 4],
      ['that may not have the node', waits(2, 2000, { nodeSelector: { class: 't4' } }), 4],
      ['that are held back', waits(2, 2000, { schedulingGates: [{ name: 'queue' }] }), 4],
    ])('%s', (_, waiting, slots) => {
      expect(countCapacity(question([gpuNode('a', 4)], [waiting], { priority: 1000 })).slots).toBe(slots);
    });

    it('come first, all of them, where our own priority is not known', () => {
      const { priority: _, ...asked } = question([gpuNode('a', 4)], [waits(2, -5)]);
      expect(countCapacity(asked).slots).toBe(2);
    });

    it('take the place that costs most', () => {
      const asked = question([gpuNode('a', 1), gpuNode('b', 8)], [waits(1, 1000)], { template: template(8) });
      expect(countCapacity(asked).slots).toBe(0);
    });
  });

  describe('reservations', () => {
    const theirs = (replicas: number, gpus = 1) => ({
      holder: 'ai/code',
      replicas,
      template: template(gpus, {}, labelsOf('r1', 'code')),
    });

    it('take their room, and are named', () => {
      const reading = countCapacity(question(four(1), [], { reservations: [theirs(3)] }));
      expect(reading).toMatchObject({ slots: 1, freeGpus: 4, reservedBy: [{ holder: 'ai/code', gpus: 3 }] });
    });

    it('are told of whole when some of their pods have their nodes, and counted once', () => {
      const held = ['a', 'b'].map((node) => pod(`p-${node}`, node, 1, { labels: labelsOf('r1', 'code') }));
      const reading = countCapacity(question(four(1), held, { reservations: [{ ...theirs(1), placed: 2 }] }));
      expect(reading).toMatchObject({ slots: 1, freeGpus: 2, reservedBy: [{ holder: 'ai/code', gpus: 3 }] });
    });

    it('are not counted twice when some of their pods wait already', () => {
      const waiting = pod('w', undefined, 1, { labels: labelsOf('r1', 'code') });
      expect(countCapacity(question(four(1), [waiting], { reservations: [theirs(3)] })).slots).toBe(1);
      expect(countCapacity(question(four(1), [waiting], { reservations: [theirs(0)] })).slots).toBe(3);
    });

    it('of our own are not against us, nor those of nodes that we do not use', () => {
      const own = { ...theirs(3), holder: 'ai/chat' };
      const elsewhere = { ...theirs(3), template: template(1, { nodeSelector: { class: 't4' } }) };
      const reading = countCapacity(question(four(1), [], { reservations: [own, elsewhere] }));
      expect(reading).toMatchObject({ slots: 4, reservedBy: [] });
    });
  });

  describe('without the serving revision', () => {
    const serving = (name: string, node: string | undefined, gpus: number, more: object = {}) =>
      pod(name, node, gpus, { revision: 'old', ...more });
    const count = (asked: CapacityQuestion) =>
      countCapacity({ ...asked, servingRevision: 'old', warmRevision: 'older' }).slotsWithoutServing;

    it('gains a slot for each pod of the same size', () => {
      const pods = ['a', 'b', 'c', 'd'].map((node) => serving(node, node, 1));
      expect(count(question(four(1), pods))).toEqual([0, 1, 2, 3, 4]);
    });

    it('gains what smaller replicas need (FP16 on two GPUs to INT8 on one)', () => {
      const pods = ['a', 'b', 'c', 'd'].map((node) => serving(node, node, 2));
      expect(count(question(four(2), pods))).toEqual([0, 2, 4, 6, 8]);
    });

    it('gains nothing on nodes of another class', () => {
      const nodes = [gpuNode('a', 8, { labels: { class: 't4' } }), gpuNode('b', 2)];
      expect(count(question(nodes, [serving('p', 'a', 8), serving('q', 'b', 1)]))).toEqual([1, 1, 2]);
    });

    it('gains nothing for large replicas before one node is free as a whole, however unluckily it goes', () => {
      const pods = ['a1', 'a2', 'b1', 'b2'].map((name) => serving(name, name.slice(0, 1), 1));
      const nodes = [gpuNode('a', 2), gpuNode('b', 2)];
      expect(count(question(nodes, pods, { template: template(2) }))).toEqual([0, 0, 0, 1, 2]);
    });

    it('takes pods in the order of a ReplicaSet: without a node, pending, not ready, ready', () => {
      const nodes = [gpuNode('a', 4), gpuNode('b', 4), gpuNode('c', 4)];
      const pods = [
        serving('ready', 'a', 2),
        serving('loading', 'b', 3, { ready: false }),
        serving('pending', 'c', 4, { phase: 'Pending', ready: false }),
        serving('nowhere', undefined, 8),
        pod('filler-a', 'a', 2),
        pod('filler-b', 'b', 1),
      ];
      expect(count(question(nodes, pods))).toEqual([0, 0, 4, 7, 9]);
    });

    it('counts those that are going as gone, and all warm ones', () => {
      const pods = [
        serving('p', 'a', 1, { leaving: true }),
        serving('q', 'b', 1),
        pod('r', 'c', 1, { revision: 'older' }),
        pod('s', 'd', 1),
      ];
      const asked = { ...question(four(1), pods), servingRevision: 'old', warmRevision: 'older' };
      expect(countCapacity(asked)).toMatchObject({ slots: 0, slotsWithoutServing: [2, 3], slotsWithoutWarm: [1, 2] });
    });

    it('leaves room that is large enough for somebody before us to him', () => {
      const waiting = pod('w', undefined, 2, { namespace: 'other', spec: { priority: 5 } });
      const pods = [serving('p', 'a', 1), serving('q', 'a', 1), serving('r', 'a', 1), waiting];
      expect(count(question([gpuNode('a', 3)], pods))).toEqual([0, 1, 0, 1]);
    });

    it('does not hold its own waiting pods against us once they are gone', () => {
      const pods = [serving('p', 'a', 1), serving('q', undefined, 1)];
      expect(countCapacity({ ...question([gpuNode('a', 2)], pods), servingRevision: 'old' })).toMatchObject({
        slots: 0,
        slotsWithoutServing: [0, 1, 2],
      });
    });
  });

  describe('does not know', () => {
    const gated = pod('g', undefined, 1, {
      revision: 'new',
      spec: { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] },
    });
    const rule = [{ topologyKey: 'kubernetes.io/hostname', labelSelector: {} }];
    const hard = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' as const };
    it.each<[string, CapacityQuestion, RegExp]>([
      ['without nodes', question(undefined, []), /may not list nodes/],
      ['without pods', question(four(1), undefined), /may not list the pods/],
      ['when a gate holds our pods', question(four(1), [gated]), /Pod g is held by the scheduling gate kueue/],
      [
        'when our pods go into a queue',
        question(four(1), [], { template: template(1, {}, { 'kueue.x-k8s.io/queue-name': 'gpus' }) }),
        /queue gpus/,
      ],
      [
        'when other pods may not be near',
        question(four(1), [], {
          template: template(1, {
            affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: rule } },
          }),
        }),
        /affinity/,
      ],
      [
        'when replicas must be spread',
        question(four(1), [], { template: template(1, { topologySpreadConstraints: [hard] }) }),
        /topologySpread/,
      ],
      [
        'on a node with dynamic allocation',
        question([gpuNode('a', 8), gpuNode('b', 0)], [], { dynamicNodes: ['b'] }),
        /Node b .*dynamic resource allocation/,
      ],
      [
        'when no node offers the resource and dynamic allocation cannot be seen',
        question([gpuNode('b', 0)], []),
        /No node that the replicas may have offers nvidia.com\/gpu/,
      ],
    ])('%s', (_, asked, message) => {
      const { unknown, slots } = countCapacity(asked);
      expect(unknown).toMatch(message);
      expect(slots).toBe(0);
    });

    it('but knows when nodes without the resource offer it in no other way', () => {
      expect(countCapacity(question([gpuNode('b', 0)], [], { dynamicNodes: [] }))).toMatchObject({ slots: 0 });
      expect(countCapacity(question([gpuNode('b', 0)], [], { dynamicNodes: [] })).unknown).toBeUndefined();
    });
  });
});

it('names the nodes that may offer their devices in another way', () => {
  const nodes = [gpuNode('a', 8), gpuNode('b', 0), gpuNode('c', 0, { labels: { class: 'cpu' } })];
  expect(nodesWithoutDevice({ nodes, template: template(1) })).toEqual(['b']);
  const shared = gpuNode('d', 0, { allocatable: { 'nvidia.com/gpu': '1k' } });
  expect(nodesWithoutDevice({ nodes: [...nodes, shared], template: template(1) })).toEqual(['b']);
  expect(nodesWithoutDevice({ nodes, template: template(0, cpuOnly) })).toEqual([]);
});
