import { nextStep } from '../../next.ts';
import { setOf } from '../course.ts';
import type { RolloutInput, RolloutStep } from '../types.ts';

/** A machine with a bug, and what the search says of it. */
export interface Planted {
  readonly name: string;
  /** Name of the scope in which it shows. */
  readonly scope: string;
  readonly machine: (input: RolloutInput) => RolloutStep;
  readonly found: RegExp;
}

const HANDOVER = 'a handover, GPUs taken and lost';
const ORDERS = 'versions and orders, room for two';
const PROMOTED = 'a candidate that somebody has to promote';
const COLD = 'a rollback to a version that has no pods any more';
const LOST = 'a version that is lost once it has shown that it serves';
const MIXED = 'mixed versions behind a gateway';

/** The candidate’s pods are taken to be ready as soon as they are wanted. */
function blind(input: RolloutInput): RolloutInput {
  const { candidate = '' } = input.memory ?? {};
  const set = setOf(input, candidate);
  const ready = { ...set, readyReplicas: set.replicas, availableReplicas: set.replicas, placed: set.replicas };
  return {
    ...input,
    sets: set.replicas === 0 ? input.sets : new Map([...input.sets, [candidate, ready]]),
    candidateEndpoints: set.replicas,
    observed: { ...input.observed, warmedUp: true },
  };
}

const sizing =
  (size: (input: RolloutInput, step: RolloutStep) => readonly [string | undefined, number] | undefined) =>
  (input: RolloutInput): RolloutStep => {
    const step = nextStep(input);
    const [hash, replicas] = size(input, step) ?? [];
    if (hash === undefined || replicas === undefined) return step;
    return {
      ...step,
      replicas: new Map([...step.replicas].map(([own, count]) => [own, own === hash ? replicas : count])),
    };
  };

/** One for each promise at least. */
export const PLANTED: readonly Planted[] = [
  {
    name: 'the traffic moves to pods that are not ready',
    scope: PROMOTED,
    machine: (input) => nextStep(blind(input)),
    found: /the traffic moves to b, which has no ready pod/,
  },
  {
    name: 'a candidate gets its weight before its pods are ready',
    scope: MIXED,
    machine: (input) => {
      const step = nextStep(input);
      return step.phase === 'Loading' ? { ...step, weight: 5 } : step;
    },
    found: /% of the traffic goes to a candidate without a ready pod/,
  },
  {
    name: 'what serves stops when the candidate begins to load',
    scope: ORDERS,
    machine: sizing((_, { phase, serving }) => (phase === 'Loading' ? [serving, 0] : undefined)),
    found: /what serves \(a\) is sized to 0/,
  },
  {
    name: 'a handover forgets its minimum',
    scope: HANDOVER,
    machine: (input) =>
      nextStep({
        ...input,
        settings: { ...input.settings, handover: { ...input.settings.handover, minAvailablePercent: 0 } },
      }),
    found: /Handover: .* at least 2 have to be/,
  },
  {
    name: 'a rollout in spare GPUs takes one replica more than it may',
    scope: ORDERS,
    machine: sizing((input, { phase, candidate }) =>
      phase === 'Loading' ? [candidate, input.replicas + 1] : undefined,
    ),
    found: /b is sized to 2, more than 1/,
  },
  {
    name: 'a warm version keeps on growing',
    scope: ORDERS,
    machine: sizing((input, { phase, previous }) =>
      phase === 'Watching' ? [previous, setOf(input, previous).replicas + 1] : undefined,
    ),
    found: /a is sized to 2, more than 1/,
  },
  {
    name: 'the last version that answers is let go with its window',
    scope: LOST,
    machine(input) {
      const { previous = '', switchedAt = Infinity } = input.traffic;
      const step = nextStep(input);
      const isOver = step.phase === 'Idle' && input.now >= switchedAt + input.settings.rollbackWindowMs;
      return isOver ? { ...step, replicas: new Map([...step.replicas].filter(([hash]) => hash !== previous)) } : step;
    },
    found: /a, the last version that is ready, is taken away while b is down/,
  },
  {
    name: 'a warm version keeps the GPUs that what serves needs while another one waits',
    scope: COLD,
    machine(input) {
      const step = nextStep(input);
      const { previous = '' } = input.traffic;
      const { replicas } = setOf(input, previous);
      return step.phase === 'Waiting' && replicas > 0 && previous !== step.candidate
        ? { ...step, replicas: new Map([...step.replicas, [previous, replicas]]) }
        : step;
    },
    found: /with 1 GPUs it ends in Waiting: There is room for 0 of 1 replica/,
  },
  {
    name: 'a rollback would go to what serves',
    scope: ORDERS,
    machine: (input) => {
      const step = nextStep(input);
      return step.switched ? { ...step, previous: step.serving } : step;
    },
    found: /a rollback would go to what serves/,
  },
  {
    name: 'the next look is in the past',
    scope: ORDERS,
    machine: (input) => {
      const step = nextStep(input);
      return step.phase === 'Watching' ? { ...step, wakeAt: input.now - 1 } : step;
    },
    found: /the next look is -1 ms ago/,
  },
  {
    name: 'an order is answered that nobody has given',
    scope: ORDERS,
    machine: (input) => ({ ...nextStep(input), ordered: { accepted: true, message: 'done' } }),
    found: /an answer without an order/,
  },
  {
    name: 'an order is never answered',
    scope: ORDERS,
    machine: (input) => {
      const { ordered: _, ...step } = nextStep(input);
      return step;
    },
    found: /it ends in Idle/,
  },
  {
    name: 'the end of an aborted candidate is not seen',
    scope: ORDERS,
    machine: (input) => {
      const { phase, candidate = '' } = input.memory ?? {};
      const held = { ...setOf(input, candidate), pods: 1, terminating: 0 };
      return nextStep(phase === 'Aborting' ? { ...input, sets: new Map([...input.sets, [candidate, held]]) } : input);
    },
    found: /it ends in Aborting/,
  },
  {
    name: 'each pass begins another attempt',
    scope: ORDERS,
    machine: (input) => {
      const step = nextStep(input);
      return { ...step, memory: { ...step.memory, attempt: step.memory.attempt + 1 } };
    },
    found: /it does not come to rest/,
  },
];
