import { nextStep } from '../../next.ts';
import { isBeforeSwitch } from '../table.ts';
import type { RolloutInput, RolloutStep } from '../types.ts';
import { setOf } from '../course.ts';
import { stage } from './model.ts';
import type { Planted } from './planted.ts';

const ORDERS = 'versions and orders, room for two';
const FAILING = 'versions that fail in each way';
const WINDOWS = 'a third version that waits for a person while the second has yet to show that it serves';
const PROMOTED = 'a candidate that somebody has to promote';
const RECREATE = 'recreate, in windows';
const CANARY = 'a canary that somebody has to promote, in windows and pauses';
const ROUTE = 'a canary, and what is known of its route';
const WHICHEVER = 'orders for whichever version, and a spec that changes with them';
const MIXED = 'a handover with both versions, by hand and in windows';
const FULL = 'the same, where it waits';

const settings = <T extends Pick<RolloutInput, 'settings'>>(input: T, more: Partial<RolloutInput['settings']>): T => ({
  ...input,
  settings: { ...input.settings, ...more },
});
const OPEN = { open: true } as const;

/** The order is taken to name whatever it would fit. */
function forAnybody(input: RolloutInput): RolloutInput {
  const { order, memory, traffic } = input;
  if (order === undefined) return input;
  const isBack = order.verb === 'rollback' || order.verb === 'release';
  const revision = (isBack ? traffic.previous : (memory?.candidate ?? traffic.serving)) ?? order.revision;
  return { ...input, order: { ...order, revision } };
}

/** What was taken back is forgotten. */
function forgetful(input: RolloutInput): RolloutInput {
  const revisions = input.revisions.map(({ failed: _, held: __, ...revision }) => revision);
  return { ...input, revisions };
}

/** The old version has stopped, as for a Recreate, for whoever asks. */
const stopped = (step: RolloutStep): RolloutStep => ({
  ...step,
  replicas: new Map([...step.replicas, [step.serving ?? '', 0]]),
});

/** Machines that do what they have no leave for (permissions.ts), or want more GPUs than was counted. */
export const UNPERMITTED: readonly Planted[] = [
  {
    name: 'a proof is taken to have passed before it has ended',
    scope: ORDERS,
    machine: (input) => nextStep({ ...input, observed: { ...input.observed, proof: stage('Proof', 'NotRefuted') } }),
    found: /b is remembered as proven, and its proof has not passed/,
  },
  {
    name: 'a proof that failed is remembered as one that passed',
    scope: FAILING,
    machine(input) {
      const { proof } = input.observed;
      return nextStep(
        proof === undefined
          ? input
          : { ...input, observed: { ...input.observed, proof: stage('Proof', 'NotRefuted') } },
      );
    },
    found: /b is remembered as proven, and its proof has not passed/,
  },
  {
    name: 'the traffic moves without a proof',
    scope: ORDERS,
    machine: (input) =>
      nextStep(settings(input, { proof: { ...input.settings.proof, warmUpRequests: 0, pairedRequests: 0 } })),
    found: /the traffic moves to b without a proof/,
  },
  {
    name: 'a canary gets its share without a proof',
    scope: 'a canary',
    machine(input) {
      const step = nextStep(input);
      return step.phase === 'Proving' && step.memory.step === undefined ? { ...step, weight: 10 } : step;
    },
    found: /10 % of the traffic goes to b without a proof/,
  },
  {
    name: 'a canary is given up for a route of which nothing is known',
    scope: ROUTE,
    machine: (input) =>
      nextStep(input.route?.taken === false ? { ...input, route: { since: 0, ...input.route } } : input),
    found: /b is given up for a route of which nothing is known/,
  },
  {
    name: 'a canary is given up as soon as its route is not taken',
    scope: ROUTE,
    machine: (input) =>
      nextStep(input.route?.since !== undefined ? { ...input, route: { ...input.route, since: 0 } } : input),
    found: /b is given up, and its route has not had a minute/,
  },
  {
    name: 'a version takes over at once from one that answers',
    scope: ORDERS,
    machine(input) {
      const { serving = '' } = input.traffic;
      const set = { ...setOf(input, serving), readyReplicas: 0 };
      const health = new Map([...input.health, [serving, { down: true }]]);
      return nextStep({ ...input, sets: new Map([...input.sets, [serving, set]]), health });
    },
    found: /b takes over at once, and a still answers/,
  },
  {
    name: 'a rollback goes to a version that has never served',
    scope: ORDERS,
    machine(input) {
      const step = nextStep(input);
      const { phase, target } = step.memory;
      const isBeginning = phase === 'RollingBack' && target === 'a' && input.memory?.phase === 'Watching';
      return isBeginning ? { ...step, memory: { ...step.memory, target: 'c' } } : step;
    },
    found: /it goes back to c, which has not served before, without an order|goes back to a, and not to c/,
  },
  {
    name: 'a version that was taken back is tried again at once',
    scope: FAILING,
    machine: (input) => nextStep(forgetful(input)),
    found: /b, which was taken back, is tried again/,
  },
  {
    name: 'a mark is cleared though the spec still asks for the version',
    scope: FAILING,
    machine(input) {
      const step = nextStep(input);
      return step.phase === 'Held' ? { ...step, forgive: ['b'] } : step;
    },
    found: /b is forgiven, and the spec still asks for it/,
  },
  {
    name: 'a version that was taken back gets the traffic',
    scope: FAILING,
    machine(input) {
      const step = nextStep(input);
      if (step.phase !== 'Held' || step.switched || setOf(input, 'b').readyReplicas > 0) return step;
      return { ...step, switched: true, serving: 'b', candidate: 'b', replicas: new Map([['b', 1]]) };
    },
    found: /b, which was taken back, gets the traffic/,
  },
  {
    name: 'nothing is held against a version that has failed',
    scope: FAILING,
    machine(input) {
      const step = nextStep(input);
      return { ...step, marks: step.marks.filter(({ kind }) => kind !== 'failed') };
    },
    found: /b ends Failed, and nothing is held against it/,
  },
  {
    name: 'the traffic moves in a pause',
    scope: PROMOTED,
    machine({ desired, memory, ...input }) {
      const isNext = memory?.phase === 'AwaitingPromotion' && desired === memory.candidate;
      return nextStep({ ...(isNext ? settings(input, { paused: false }) : input), desired, memory });
    },
    found: /the traffic moves to b, and it is paused/,
  },
  {
    name: 'a Recreate begins in a pause',
    scope: RECREATE,
    machine: (input) => nextStep(settings(input, { paused: false })),
    found: /Recreate begins, and it is paused/,
  },
  {
    name: 'the traffic moves outside of the windows',
    scope: WINDOWS,
    machine: (input) => nextStep({ ...input, window: OPEN }),
    found: /the traffic moves to c, and the window is closed/,
  },
  {
    name: 'the traffic moves without a promotion',
    scope: PROMOTED,
    machine: (input) => nextStep(settings(input, { promotion: 'Automatic' })),
    found: /the traffic moves to b, and nobody has promoted it/,
  },
  {
    name: 'a canary begins outside of the windows',
    scope: CANARY,
    machine: (input) => nextStep({ ...input, window: OPEN }),
    found: /step 0 of the canary begins, and the window is closed/,
  },
  {
    name: 'both versions begin to serve without a promotion',
    scope: MIXED,
    machine: (input) => nextStep(settings(input, { promotion: 'Automatic' })),
    found: /both versions begin to serve, and nobody has promoted it/,
  },
  {
    name: 'a candidate grows in a pause',
    scope: MIXED,
    machine(input) {
      const step = nextStep(input);
      const { candidate = '' } = step.memory;
      const grows = input.settings.paused && isBeforeSwitch(step.phase) && step.phase !== 'Waiting';
      return grows ? { ...step, replicas: new Map([...step.replicas, [candidate, 3]]) } : step;
    },
    found: /the candidate grows to 3, and it is paused/,
  },
  {
    name: 'an order is carried out on another version than it names',
    scope: WHICHEVER,
    machine: (input) => nextStep(forAnybody(input)),
    found: /(is promoted|is dropped|is taken back|is released), and \w+ was to be|was ordered, and it goes back to/,
  },
  {
    name: 'a refused order is carried out all the same',
    scope: WHICHEVER,
    machine(input) {
      const step = nextStep(input);
      return step.ordered?.accepted === true ? { ...step, ordered: { ...step.ordered, accepted: false } } : step;
    },
    found: /and the order was refused/,
  },
  {
    name: 'a candidate that was superseded keeps its pods',
    scope: WHICHEVER,
    machine(input) {
      const step = nextStep(input);
      const { replicas } = setOf(input, 'b');
      const isForgotten = step.candidate === 'c' && replicas > 0 && !step.replicas.has('b');
      return isForgotten ? { ...step, replicas: new Map([...step.replicas, ['b', replicas]]) } : step;
    },
    found: /: 3 replicas of all versions are wanted, more than 2/,
  },
  {
    name: 'GPUs that somebody has are taken for free ones',
    scope: FULL,
    machine(input) {
      const { capacity } = input;
      return nextStep(capacity === undefined ? input : { ...input, capacity: { ...capacity, slots: 8 } });
    },
    found: /Full: 1 pods are to find room, and 0 can/,
  },
  {
    name: 'a Recreate stops the old version before there are pods to take its GPUs',
    scope: RECREATE,
    machine(input) {
      const step = nextStep(input);
      return step.memory.way === 'Recreate' && isBeforeSwitch(step.phase) ? stopped(step) : step;
    },
    found: /Recreate: a stops before the status says so/,
  },
];
