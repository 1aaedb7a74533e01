import { expect, test } from '@jest/globals';
import { nextStep } from '../next.ts';
import { setOf } from './course.ts';
import { quiet } from './testing/cells.ts';
import { violations } from './testing/invariants.ts';
import type { RolloutInput } from './types.ts';

const claimed = (phase: Parameters<typeof quiet>[0], ...keeps: readonly number[]): RolloutInput => ({
  ...quiet(phase),
  claims: keeps.map((keep, n) => ({ holder: `ai/other-${n}`, keep })),
});

test.each<[string, RolloutInput, string, number]>([
  ['stays where nothing is claimed', claimed('Idle'), 'z', 2],
  ['gives as much as is claimed, and no more', claimed('Idle', 1), 'z', 1],
  ['gives what the one who needs most leaves', claimed('Idle', 1, 0), 'z', 0],
  ['is not made larger by a claim', claimed('Idle', 5), 'z', 2],
  ['gives while a version is held that was taken back', claimed('Held', 1), 'z', 1],
  ['gives while a candidate waits for somebody', claimed('AwaitingPromotion', 0), 'z', 0],
])('an old version that is kept warm %s', (_, input, revision, replicas) => {
  const step = nextStep(input);
  expect(step.replicas.get(revision) ?? 0).toBe(replicas);
  expect(step.replicas.get('a')).toBe(2);
  expect(violations(input, step)).toEqual([]);
});

test.each<[string, { readonly readyReplicas: number; readonly placed?: number }, number]>([
  ['goes with its window', { readyReplicas: 2 }, 0],
  ['stays beyond it while nothing else answers', { readyReplicas: 0 }, 2],
  ['goes with its window where what serves may want its GPUs', { readyReplicas: 0, placed: 1 }, 0],
])('an old version that is kept warm %s', (_, ready, replicas) => {
  const input = quiet('Idle');
  const { switchedAt = 0 } = input.traffic;
  const now = switchedAt + input.settings.rollbackWindowMs + 1_000;
  const a = { ...setOf(input, 'a'), ...ready, availableReplicas: ready.readyReplicas };
  const step = nextStep({ ...input, now, sets: new Map([...input.sets, ['a', a]]) });
  expect(step.replicas.get('z') ?? 0).toBe(replicas);
});

test('what was given is not asked for again while its pods are on their way out', () => {
  const input = claimed('Idle', 1);
  const z = { ...input.sets.get('z'), replicas: 1, readyReplicas: 1, availableReplicas: 1, terminating: 1, placed: 1 };
  const sets = new Map([...input.sets, ['z', z as never]]);
  expect(nextStep({ ...input, sets }).replicas.get('z')).toBe(1);
  // It does not come back when nobody claims it any more.
  expect(nextStep({ ...input, sets, claims: [] }).replicas.get('z')).toBe(1);
});

test('what has got its node since the pods were looked at asks for nothing more', () => {
  const input = quiet('Idle');
  const a = { ...input.sets.get('a'), readyReplicas: 1, availableReplicas: 1, placed: 1, unschedulable: 1 };
  const sets = new Map([...input.sets, ['a', a as never]]);
  const counted = (placed: number, slotsWithoutWarm: readonly number[]): RolloutInput => ({
    ...{ ...input, sets },
    capacity: {
      ...{ placed, slots: 0, slotsWithoutServing: [0], slotsWithoutWarm, gpusPerReplica: 1 },
      freeGpus: 0,
      reservedBy: [],
    },
  });
  expect(nextStep(counted(1, [0, 1, 2])).replicas.get('z')).toBe(1);
  expect(nextStep(counted(2, [0, 1, 2])).replicas.get('z')).toBe(2);
  expect(nextStep(counted(1, [1, 2, 3])).replicas.get('z')).toBe(2);
});
