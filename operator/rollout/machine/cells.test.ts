import { describe, expect, it, test } from '@jest/globals';
import { ROLLOUT_PHASES } from '../../api/status.ts';
import { nextStep } from '../next.ts';
import { TABLE } from './table.ts';
import { MAKE, quiet } from './testing/cells.ts';
import { violations } from './testing/invariants.ts';
import { EVENTS } from './types.ts';

const CELLS = TABLE.flatMap(({ event, cells }) =>
  ROLLOUT_PHASES.map((phase) => ({ event, phase, cell: cells[phase] })),
);

describe('the transition table', () => {
  it('has a cell for each event in each phase, each event once', () => {
    expect(TABLE.map(({ event }) => event).sort()).toEqual([...EVENTS].sort());
    expect(CELLS).toHaveLength(EVENTS.length * ROLLOUT_PHASES.length);
    expect(Object.keys(MAKE).sort()).toEqual([...EVENTS].sort());
  });

  test.each(ROLLOUT_PHASES)('rests in %s while nothing happens', (phase) => {
    const input = quiet(phase);
    const step = nextStep(input);
    expect({ phase: step.phase, taken: step.taken }).toEqual({ phase, taken: [] });
    expect(violations(input, step)).toEqual([]);
  });

  test.each(CELLS.flatMap(({ cell, ...rest }) => ('to' in cell ? [{ ...rest, ...cell }] : [])))(
    '$event in $phase: $action, $to',
    ({ event, phase, to }) => {
      const input = MAKE[event](quiet(phase));
      const step = nextStep(input);
      expect(step.taken[0]).toMatchObject({ event, from: phase });
      // Held is for what the spec still asks for.
      expect(to === 'Held' && input.desired !== 'b' ? 'Idle' : to).toBe(step.taken[0]?.to);
      expect(violations(input, step)).toEqual([]);
    },
  );

  test.each(CELLS.flatMap(({ cell, ...rest }) => ('to' in cell ? [] : [{ ...rest, ...cell }])))(
    '$event in $phase: stays, $stays',
    ({ event, phase }) => {
      const input = MAKE[event](quiet(phase));
      const step = nextStep(input);
      expect(step.taken.filter(({ from }) => from === phase).map((taken) => taken.event)).not.toContain(event);
      expect(violations(input, step)).toEqual([]);
    },
  );

  const pairs = ROLLOUT_PHASES.flatMap((phase) =>
    EVENTS.flatMap((first) => EVENTS.map((second) => ({ phase, first, second }))),
  );

  it('keeps what it promises when any two events happen at once, in either order, in any phase', () => {
    const broken: string[] = [];
    for (const { phase, first, second } of pairs) {
      const input = MAKE[second](MAKE[first](quiet(phase)));
      const found = violations(input, nextStep(input));
      if (found.length > 0) broken.push(`${phase}, ${first}, ${second}: ${found.join('; ')}`);
    }
    expect(pairs).toHaveLength(ROLLOUT_PHASES.length * EVENTS.length ** 2);
    expect(broken).toEqual([]);
  });
});
