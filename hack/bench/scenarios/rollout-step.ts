import { ROLLOUT_PHASES } from '../../../operator/api/status.ts';
import { MAKE, quiet } from '../../../operator/rollout/machine/testing/cells.ts';
import { EVENTS } from '../../../operator/rollout/machine/types.ts';
import { decide } from '../../../operator/controller/decide/decide.ts';
import { PHASES, Scene } from '../../../operator/controller/testing/scene.ts';
import { nextStep } from '../../../operator/rollout/next.ts';
import { atMost, type Figure, type Scenario } from '../figure.ts';

const ROUNDS = 200;
const LIMIT_MS = 1;

/** How long a pass and the next step of a rollout take to decide. */
export const rolloutStep: Scenario = {
  name: 'rollout-step',
  method: `*Decided*: all that a pass decides (children, status, events; no I/O), ${ROUNDS} times in each of the phases of a rollout.
*Next step*: the state machine alone: the next step is decided ${ROUNDS} times for each of the ${ROLLOUT_PHASES.length} phases with each of the ${EVENTS.length} events having happened, after a round that warms up the
machine. A figure is the mean of one phase and event; the slowest single decision has what garbage collection and other processes took in it, and no limit.`,
  run: () => Promise.resolve(measure()),
};

function measure(): readonly Figure[] {
  const cases = ROLLOUT_PHASES.flatMap((phase) =>
    EVENTS.map((event) => ({ name: `${phase}, ${event}`, input: MAKE[event](quiet(phase)) })),
  );
  for (const { input } of cases) timeOf(() => nextStep(input));
  const timed = cases.map(({ name, input }) => ({ name, ...timeOf(() => nextStep(input)) }));
  const mean = timed.reduce((sum, each) => sum + each.mean, 0) / timed.length;
  const slow = slowestOf(timed);
  const single = timed.reduce((worst, each) => (each.slowest > worst.slowest ? each : worst));
  const full = { limit: LIMIT_MS, unit: ' ms', decimals: 3 };
  const passes = PHASES.map((phase) => {
    const snapshot = new Scene(phase).world.snapshot();
    timeOf(() => decide(snapshot));
    return { name: phase, ...timeOf(() => decide(snapshot)) };
  });
  const slowPass = slowestOf(passes);
  return [
    atMost({
      ...{ ...full, name: 'decide-slowest', value: slowPass.mean, note: slowPass.name },
      title: 'All that a pass decides, mean of the slowest phase',
    }),
    atMost({
      ...full,
      name: 'rollout-step',
      title: 'Next step of a rollout, mean over phases and events',
      value: mean,
    }),
    atMost({
      ...{ ...full, name: 'rollout-step-slowest', value: slow.mean, note: slow.name },
      title: 'Next step of a rollout, mean of the slowest phase and event',
    }),
    {
      ...atMost({
        ...{ ...full, name: 'rollout-step-single', value: single.slowest, note: single.name },
        title: 'Next step of a rollout, slowest single decision',
      }),
      ...{ limit: '', verdict: 'info' },
    },
  ];
}

function slowestOf<T extends { readonly mean: number }>(timed: readonly T[]): T {
  return timed.reduce((worst, each) => (each.mean > worst.mean ? each : worst));
}

/** Milliseconds of one decision. */
function timeOf(decideOnce: () => unknown): { readonly mean: number; readonly slowest: number } {
  let total = 0;
  let slowest = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = performance.now();
    decideOnce();
    const took = performance.now() - before;
    total += took;
    slowest = Math.max(slowest, took);
  }
  return { mean: total / ROUNDS, slowest };
}
