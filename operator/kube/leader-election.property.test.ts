import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Fault, FAULTS_END_MS, type Schedule, simulate } from './testing/lease-simulation.ts';

const fault: fc.Arbitrary<Fault> = fc.record({
  at: fc.integer({ min: 0, max: FAULTS_END_MS }),
  who: fc.nat(1),
  kind: fc.constantFrom('stall', 'crash', 'stop', 'refuse', 'lose-requests', 'lose-answers', 'slow'),
  ms: fc.oneof(fc.integer({ min: 500, max: 9_000 }), fc.integer({ min: 9_000, max: 25_000 })),
});

const schedule: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.integer(),
  clocks: fc.tuple(
    ...[0, 1].map(() =>
      fc.record({
        offsetMs: fc.integer({ min: -7_200_000, max: 7_200_000 }),
        // A hundred times what clocks of real machines differ by.
        rate: fc.double({ min: 0.95, max: 1.05, noNaN: true }),
      }),
    ),
  ),
  faults: fc.array(fault, { minLength: 1, maxLength: 8 }),
});

it('two candidates never both write, through 1,000 schedules of faults, and one leads in the end', async () => {
  const total = { writes: 0, fenced: 0, handovers: 0 };
  await fc.assert(
    fc.asyncProperty(schedule, async (faults) => {
      const outcome = await simulate(faults);
      expect(outcome.violations).toEqual([]);
      expect(outcome.leaders).toHaveLength(1);
      total.writes += outcome.writes;
      total.fenced += outcome.fenced;
      total.handovers += outcome.handovers;
    }),
    { numRuns: 1000 },
  );
  // The schedules did what they are for: leaders changed, writes were made, and fences held some back. (About half of
  // what a run usually counts: the schedules are drawn anew each time.)
  expect(total.handovers).toBeGreaterThan(1000);
  expect(total.writes).toBeGreaterThan(25_000);
  expect(total.fenced).toBeGreaterThan(200);
}, 300_000);
