import { describe, expect, it, test } from '@jest/globals';
import { countClaims } from './claims.ts';
import { engine, gpuNode, labelsOf, pod, question, template } from './test-support.ts';
import type { CapacityNode, CapacityPod, ClaimQuestion, Giver } from './types.ts';

/** So many warm pods of `ai/<name>` on a node, one GPU each unless said otherwise. */
const warm = (name: string, node: string, count: number, gpus = 1, more: object = {}): CapacityPod[] =>
  Array.from({ length: count }, (_, n) =>
    pod(`${name}-${node}-${n}`, node, gpus, { labels: labelsOf('old', name), ...more }),
  );
const giver = (name: string, replicas: number): Giver => ({ holder: `ai/${name}`, revision: 'old', replicas });
const tenant = (node: string, gpus: number): CapacityPod => pod(`tenant-${node}`, node, gpus, { namespace: 'others' });
const ask = (
  nodes: readonly CapacityNode[] | undefined,
  pods: readonly CapacityPod[],
  givers: readonly Giver[],
  more: Partial<ClaimQuestion> = {},
): ClaimQuestion => ({ ...question(nodes, pods), replicas: 2, partly: false, givers, ...more });
const keeps = (name: string, keep: number) => ({ giver: `ai/${name}`, revision: 'old', keep });

const A = gpuNode('a', 4);
const FULL = [...warm('one', 'a', 2), ...warm('two', 'a', 2)];
const BOTH = [giver('one', 2), giver('two', 2)];
const eight = template(8);
/** Two free GPUs on each of four nodes of eight: nothing of it is room for a replica of eight. */
const FRAGMENTED = {
  nodes: ['a', 'b', 'c', 'd'].map((name) => gpuNode(name, 8)),
  pods: [...['a', 'b', 'c'].map((node) => tenant(node, 6)), ...warm('one', 'd', 3, 2)],
};

describe('what is claimed of others', () => {
  test.each<[string, ClaimQuestion, readonly object[]]>([
    ['of the first who is asked, where that is enough', ask([A], FULL, BOTH), [keeps('one', 0)]],
    ['so many replicas as are missing', ask([A], FULL, BOTH, { replicas: 1 }), [keeps('one', 1)]],
    [
      'of the next what the first cannot give',
      ask([A], FULL, BOTH, { replicas: 3 }),
      [keeps('one', 0), keeps('two', 1)],
    ],
    ['less than is free', ask([gpuNode('a', 5)], FULL, BOTH), [keeps('one', 1)]],
    ['nothing, where there is room', ask([gpuNode('a', 6)], FULL, BOTH), []],
    [
      'nothing, where every replica has its node',
      ask([A], [...FULL, pod('own', 'a', 1, { revision: 'new' })], BOTH, { replicas: 1 }),
      [],
    ],
    ['nothing, where all of it is too little', ask([A], FULL, BOTH, { replicas: 5 }), []],
    [
      'all of it where a part is of use',
      ask([A], FULL, BOTH, { replicas: 5, partly: true }),
      [keeps('one', 0), keeps('two', 0)],
    ],
    [
      'what makes a replica of eight GPUs fit where eight are free, two on each node',
      ask(FRAGMENTED.nodes, FRAGMENTED.pods, [giver('one', 3)], { template: eight, replicas: 1 }),
      [keeps('one', 0)],
    ],
    [
      'nothing of pods that make no replica fit',
      ask(FRAGMENTED.nodes, [...FRAGMENTED.pods, tenant('d', 1)], [giver('one', 3)], { template: eight, replicas: 1 }),
      [],
    ],
    [
      'nothing of one who is of no help beside the one who is',
      ask(
        [gpuNode('a', 8), gpuNode('b', 8)],
        [tenant('a', 6), ...warm('one', 'a', 2), ...warm('two', 'b', 1, 8)],
        [giver('one', 2), giver('two', 1)],
        { template: eight, replicas: 1 },
      ),
      [keeps('two', 0)],
    ],
    [
      'nothing of one on nodes of another class',
      ask(
        [A, gpuNode('t', 4, { labels: { class: 't4' } })],
        [tenant('a', 3), ...warm('two', 'a', 1), ...warm('one', 't', 4)],
        [giver('one', 4), giver('two', 1)],
        { replicas: 1 },
      ),
      [keeps('two', 0)],
    ],
    [
      'nothing while pods that are enough are on their way out',
      ask(
        [A],
        [...warm('one', 'a', 1), ...warm('one', 'a', 1, 1, { leaving: true }), ...warm('two', 'a', 2)],
        [giver('one', 1), giver('two', 2)],
        { replicas: 1 },
      ),
      [],
    ],
    [
      'nothing twice before the pods of one who has given begin to go',
      ask([A], FULL, [giver('one', 1), giver('two', 2)], { replicas: 1 }),
      [],
    ],
    ['nothing more of one who has given everything', ask([A], FULL, [giver('one', 0), giver('two', 2)]), []],
    [
      'of others only what our own warm version is too little for',
      ask([A], [...warm('one', 'a', 2), pod('w', 'a', 1, { revision: 'warm' }), tenant('a', 1)], [giver('one', 2)], {
        warmRevision: 'warm',
      }),
      [keeps('one', 1)],
    ],
    [
      'room for those who have claimed before, too',
      ask([A], FULL, BOTH, {
        replicas: 1,
        reservations: [{ holder: 'ai/first', replicas: 2, template: template(1, {}, labelsOf('next', 'first')) }],
      }),
      [keeps('one', 0), keeps('two', 1)],
    ],
    [
      'nothing where those who have claimed before need all of it',
      ask([A], FULL, BOTH, {
        replicas: 1,
        reservations: [{ holder: 'ai/first', replicas: 4, template: template(1, {}, labelsOf('next', 'first')) }],
      }),
      [],
    ],
    [
      'room for a pod of somebody else that waits and comes first',
      ask([A], [...FULL, pod('waits', undefined, 1, { namespace: 'others' })], BOTH, { replicas: 1 }),
      [keeps('one', 0)],
    ],
    [
      'for pods of our own that wait, once',
      ask([A], [...FULL, pod('waits', undefined, 1, { revision: 'new' })], BOTH, { replicas: 1, partly: true }),
      [keeps('one', 1)],
    ],
    ['nothing, where nodes may not be listed', ask(undefined, FULL, BOTH), []],
    [
      'nothing on CPUs that are of no use',
      ask([A], FULL, BOTH, { template: template(0, { containers: [engine({ cpu: '100' })] }) }),
      [],
    ],
  ])('%s', (_, asked, expected) => {
    expect(countClaims(asked)).toEqual(expected);
  });

  it('is the same however often it is asked, until what was claimed is free', () => {
    const before = ask([A], FULL, BOTH, { replicas: 1 });
    expect(countClaims(before)).toEqual(countClaims(before));
    // One of its replicas has gone.
    const after = ask([A], FULL.slice(1), [giver('one', 1), giver('two', 2)], { replicas: 1 });
    expect(countClaims(after)).toEqual([]);
  });

  it('counts nothing as freed on a node that is lost', () => {
    const lost = gpuNode('lost', 4, { ready: 'Unknown' });
    const pods = [...warm('one', 'lost', 2, 1, { leaving: true }), ...warm('two', 'a', 4)];
    expect(countClaims(ask([A, lost], pods, [giver('two', 4)]))).toEqual([keeps('two', 2)]);
  });
});
