import { describe, expect, it } from '@jest/globals';
import { nextStep } from '../next.ts';
import { MAKE, quiet } from './testing/cells.ts';

/** In one pass: the spec asks for c, and an order names b, which was the candidate until then. */
const atOnce = (event: 'OrderPromote' | 'OrderAbort', phase: 'Loading' | 'AwaitingPromotion') =>
  MAKE.SpecWantsOther(MAKE[event](quiet(phase)));

describe('an order for a candidate that the spec replaces in the same pass', () => {
  it.each(['Loading', 'AwaitingPromotion'] as const)('%s: does not promote the new one', (phase) => {
    const { memory, ordered } = nextStep(atOnce('OrderPromote', phase));
    expect(memory).toMatchObject({ candidate: 'c', attempt: 3 });
    expect(memory.promoted).toBeUndefined();
    expect(ordered).toBeUndefined();
  });

  it.each(['Loading', 'AwaitingPromotion'] as const)('%s: does not drop the new one', (phase) => {
    const { memory, marks, ordered } = nextStep(atOnce('OrderAbort', phase));
    expect(memory.candidate).toBe('c');
    expect(marks).toEqual([]);
    expect(ordered).toBeUndefined();
  });

  it('is refused in the next pass', () => {
    const input = atOnce('OrderPromote', 'Loading');
    const { memory } = nextStep(input);
    expect(nextStep({ ...input, memory }).ordered).toEqual({
      accepted: false,
      message: 'Revision b is not the candidate (that is c).',
    });
  });
});
