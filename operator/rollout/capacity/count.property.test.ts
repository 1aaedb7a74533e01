import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countCapacity } from './count.ts';
import { leastGains } from './least-gain.ts';
import { gpuNode, pod, question, template } from './test-support.ts';
import type { CapacityPod, CapacityQuestion } from './types.ts';

const RUNS = { numRuns: 300 };
const NODES = ['a', 'b', 'c', 'd'];

/** Nodes of 0 to 8 GPUs, some cordoned; pods of the serving, the warm and no revision, wherever they are. */
const state: fc.Arbitrary<CapacityQuestion> = fc
  .record({
    gpus: fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 4, maxLength: 4 }),
    cordoned: fc.subarray(NODES, { maxLength: 1 }),
    replica: fc.integer({ min: 1, max: 4 }),
    size: fc.integer({ min: 1, max: 4 }),
    pods: fc.array(
      fc.record({
        node: fc.constantFrom(...NODES),
        revision: fc.constantFrom('old', 'old', 'older', 'foreign'),
        ready: fc.boolean(),
        leaving: fc.nat(9).map((n) => n === 0),
      }),
      { maxLength: 12 },
    ),
  })
  .map(({ gpus, cordoned, replica, size, pods }) => {
    const free = new Map(NODES.map((name, index) => [name, gpus[index] ?? 0]));
    const placed = pods.flatMap(({ node, ...more }, index) => {
      const left = (free.get(node) ?? 0) - size;
      if (left < 0) return [];
      free.set(node, left);
      return [pod(`p${index}`, node, size, more)];
    });
    const nodes = NODES.map((name, index) =>
      gpuNode(name, gpus[index] ?? 0, { spec: { unschedulable: cordoned.includes(name) } }),
    );
    return {
      ...question(nodes, placed, { template: template(replica), dynamicNodes: [] }),
      servingRevision: 'old',
      warmRevision: 'older',
    };
  });

/** Puts one replica after the other where there is room, until there is none: what a scheduler can do. */
function witness({ nodes = [], pods = [], template: { spec } }: CapacityQuestion): number {
  const asked = gpusOf(spec);
  let count = 0;
  for (const { metadata, status, spec: nodeSpec } of nodes) {
    if (nodeSpec?.unschedulable === true) continue;
    let left = Number(status?.allocatable?.['nvidia.com/gpu']);
    for (const other of pods) if (other.spec?.nodeName === metadata.name) left -= gpusOf(other.spec);
    for (; left >= asked; left -= asked) count++;
  }
  return count;
}

function gpusOf(spec: CapacityPod['spec']): number {
  return Number(spec?.containers[0]?.resources?.limits?.['nvidia.com/gpu'] ?? 0);
}

/** Whether a ReplicaSet may delete `first` before `second`. */
function mayGoBefore(first: CapacityPod, second: CapacityPod): boolean {
  const ready = ({ status }: CapacityPod) => status?.conditions?.[0]?.status === 'True';
  return !ready(first) || ready(second);
}

describe('any cluster', () => {
  it('has as many slots as replicas can be put somewhere, and never more than its GPUs allow', () => {
    fc.assert(
      fc.property(state, (asked) => {
        const { slots, freeGpus, gpusPerReplica } = countCapacity(asked);
        expect(slots).toBe(witness(asked));
        expect(slots * gpusPerReplica).toBeLessThanOrEqual(freeGpus);
      }),
      RUNS,
    );
  });

  it('never loses a slot when one more pod goes, and has all of them when all are gone', () => {
    fc.assert(
      fc.property(state, (asked) => {
        const { slots, slotsWithoutServing, slotsWithoutWarm } = countCapacity(asked);
        for (const counts of [slotsWithoutServing, slotsWithoutWarm]) {
          expect(counts[0]).toBeGreaterThanOrEqual(slots);
          expect([...counts].sort((a, b) => a - b)).toEqual(counts);
        }
        const foreign = (asked.pods ?? []).filter(
          ({ metadata }) => metadata.labels?.['deepseek-operator.io/revision'] === 'foreign',
        );
        expect(slotsWithoutServing.at(-1)).toBe(witness({ ...asked, pods: foreign }));
      }),
      RUNS,
    );
  });

  it('promises no more than the unluckiest order of deletions leaves, and no less', () => {
    fc.assert(
      fc.property(state, (asked) => {
        const pods = asked.pods ?? [];
        const of = (revision: string) =>
          pods.filter(({ metadata }) => metadata.labels?.['deepseek-operator.io/revision'] === revision);
        const gone = [...of('older'), ...of('old').filter(({ metadata }) => metadata.deletionTimestamp !== undefined)];
        const staying = of('old').filter((one) => !gone.includes(one));
        const { slotsWithoutServing } = countCapacity(asked);
        expect(slotsWithoutServing).toHaveLength(staying.length + 1);
        const least = slotsWithoutServing.map(() => Number.POSITIVE_INFINITY);
        for (let subset = 0; subset < 2 ** staying.length; subset++) {
          const leave = staying.filter((_, index) => (subset >> index) % 2 === 1);
          const stay = staying.filter((one) => !leave.includes(one));
          if (!leave.every((one) => stay.every((other) => mayGoBefore(one, other)))) continue;
          const left = pods.filter((one) => !gone.includes(one) && !leave.includes(one));
          least[leave.length] = Math.min(least[leave.length] ?? 0, witness({ ...asked, pods: left }));
        }
        expect(slotsWithoutServing).toEqual(least);
      }),
      { numRuns: 60 },
    );
  });
});

it('finds the choice that gains least', () => {
  const gain = fc
    .array(fc.nat(3), { maxLength: 4 })
    .map((steps) => steps.reduce<number[]>((sums, step) => [...sums, (sums.at(-1) ?? 0) + step], [0]));
  fc.assert(
    fc.property(fc.array(gain, { maxLength: 4 }), (gains) => {
      const all = (index: number): { count: number; sum: number }[] =>
        index === gains.length
          ? [{ count: 0, sum: 0 }]
          : all(index + 1).flatMap(({ count, sum }) =>
              (gains[index] ?? []).map((here, taken) => ({ count: count + taken, sum: sum + here })),
            );
      const combinations = all(0);
      leastGains(gains).forEach((choice, count) => {
        const sums = combinations.filter((one) => one.count === count).map(({ sum }) => sum);
        expect(choice.gain).toBe(Math.min(...sums));
        expect(choice.counts.reduce((sum, taken) => sum + taken, 0)).toBe(count);
        expect(choice.counts.reduce((sum, taken, index) => sum + (gains[index]?.[taken] ?? 0), 0)).toBe(choice.gain);
      });
    }),
    RUNS,
  );
});
