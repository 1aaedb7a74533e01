import { describe, expect, it, test } from '@jest/globals';
import type { RolloutPhase } from '../../api/index.ts';
import { nextStep } from '../next.ts';
import { quiet } from './testing/cells.ts';
import { violations } from './testing/invariants.ts';
import type { Memory, RolloutInput } from './types.ts';

/** What serves was switched to with two replicas and is not proven yet, when a third version is on its way or is held. */
function unproven(phase: RolloutPhase, more: Partial<RolloutInput> = {}): RolloutInput {
  const input = quiet(phase);
  const revisions = input.revisions.map(({ proven, ...revision }) =>
    revision.hash === 'z' && proven !== undefined ? { ...revision, proven } : revision,
  );
  return { ...input, revisions, memory: { ...(input.memory as Memory), switchedReplicas: 2 }, ...more };
}

describe('what was switched to and is not proven yet', () => {
  test.each<[string, RolloutInput, RolloutPhase]>([
    ['the spec asks for it again', unproven('Loading', { desired: 'a' }), 'Watching'],
    ['the next version is given up', unproven('Aborting', { sets: new Map([...quiet('Held').sets]) }), 'Held'],
  ])('is held to the replicas that it was switched with when %s', (_, input, phase) => {
    const step = nextStep(input);
    expect(step.phase).toBe(phase);
    expect(step.memory.switchedReplicas).toBe(2);
    expect(violations(input, step)).toEqual([]);
  });

  it('is watched to its end though the spec is refused by then', () => {
    const { desired: _, ...input } = unproven('Idle');
    expect(nextStep(input).taken.map(({ event }) => event)).toEqual(['Unwatched']);
  });

  it('is not watched again once it is proven', () => {
    const { desired: _, ...proven } = quiet('Idle');
    expect(nextStep(proven).phase).toBe('Idle');
  });
});
