import { describe, expect, it, test } from '@jest/globals';
import { nextStep } from '../next.ts';
import { quiet } from './testing/cells.ts';
import { violations } from './testing/invariants.ts';
import type { RolloutInput } from './types.ts';

/** One replica of b serves on the only GPUs; a, which it is to go back to, has none. */
function fullCluster(settings: Partial<RolloutInput['settings']>): RolloutInput {
  const input = quiet('RollingBack');
  const set = (replicas: number, more: object) => ({
    ...{ replicas, readyReplicas: 0, availableReplicas: 0, pods: replicas },
    ...{ terminating: 0, placed: 0, unschedulable: 0, ...more },
  });
  return {
    ...input,
    replicas: 1,
    settings: { ...input.settings, ...settings },
    sets: new Map([
      ['b', set(1, { readyReplicas: 1, availableReplicas: 1, placed: 1 })],
      ['a', set(1, { unschedulable: 1 })],
    ]),
    activeEndpoints: new Map([['b', 1]]),
  };
}

describe('a rollback on full GPUs with one replica', () => {
  test.each([
    ['strategy Recreate', { strategy: 'Recreate', ways: ['Wait'] }, 0],
    ['Recreate listed for when capacity is short', { strategy: 'BlueGreen', ways: ['Recreate'] }, 0],
    ['no Recreate anywhere', { strategy: 'BlueGreen', ways: ['Wait'] }, 1],
  ] as const)('%s: what serves keeps the replicas that it must', (_, settings, kept) => {
    const input = fullCluster(settings);
    const step = nextStep(input);
    expect(step.phase).toBe('RollingBack');
    expect(step.replicas.get('b')).toBe(kept);
    expect(violations(input, step)).toEqual([]);
  });
});

describe('the release of a version that is kept', () => {
  const order = { verb: 'release', revision: 'z', uid: 'u', nonce: 'n' } as const;
  const kept = (replicas: number): RolloutInput => {
    const input = quiet('Idle');
    const z = { ...input.sets.get('z'), replicas, pods: replicas, placed: replicas };
    const down = { readyReplicas: 0, availableReplicas: 0 };
    const sets = new Map(input.sets);
    sets.set('z', { terminating: 0, unschedulable: 0, ...z, ...down });
    return { ...input, order, sets };
  };

  it('is carried out while its pods hold GPUs, ready or not', () => {
    const step = nextStep(kept(2));
    expect(step.ordered).toMatchObject({ accepted: true });
    expect(step.ordered?.message).toMatch(/^Revision z gives back its GPUs \(\d+\); a rollback to it loads the model/);
    expect(step.replicas.get('z') ?? 0).toBe(0);
  });

  it('is refused when it has none', () => {
    expect(nextStep(kept(0)).ordered).toMatchObject({ accepted: false });
  });
});
