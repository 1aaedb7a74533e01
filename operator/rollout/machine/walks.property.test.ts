import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { happening, options } from './testing/happenings.ts';
import { finish, walk } from './testing/walk.ts';

describe('the machine in a world of random happenings', () => {
  it('keeps what it promises in every step, and comes to an end once the world behaves', () => {
    fc.assert(
      fc.property(options, fc.array(happening, { minLength: 60, maxLength: 60 }), (start, happenings) =>
        finish(walk(start, happenings)),
      ),
      { numRuns: 1000, seed: 20260301, endOnFailure: true },
    );
  }, 280_000);
});
