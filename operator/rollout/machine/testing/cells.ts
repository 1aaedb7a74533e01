import type { RolloutPhase } from '../../../api/index.ts';
import type { ReplicaSetState, RolloutInput, EventName, Memory } from '../types.ts';
import type { Revision } from '../../revision.ts';
import { Model, stage } from './model.ts';

type Change = (input: RolloutInput) => RolloutInput;

const set = (replicas: number, ready = replicas, more: Partial<ReplicaSetState> = {}): ReplicaSetState => ({
  replicas,
  readyReplicas: ready,
  availableReplicas: ready,
  pods: replicas,
  terminating: 0,
  placed: replicas,
  unschedulable: 0,
  ...more,
});

const sets = (input: RolloutInput, more: Readonly<Record<string, ReplicaSetState>>): RolloutInput => ({
  ...input,
  sets: new Map([...input.sets, ...Object.entries(more)]),
});
const remember = (input: RolloutInput, more: Partial<Memory>): RolloutInput => ({
  ...input,
  memory: { ...(input.memory as Memory), ...more },
});
const settings = (input: RolloutInput, more: Partial<RolloutInput['settings']>): RolloutInput => ({
  ...input,
  settings: { ...input.settings, ...more },
});

const BEGAN = 10_000;
const before = (input: RolloutInput) =>
  ['Waiting', 'Scheduling', 'Loading', 'Proving', 'AwaitingPromotion'].includes(input.memory?.phase ?? '');

/**
 * A rollout of b that is in the phase, where nothing has happened that the phase would react to: before the switch a
 * serves, z is the warm version before it and b the candidate; after it b serves and a is warm.
 */
export function quiet(phase: RolloutPhase): RolloutInput {
  const model = new Model({ replicas: 2, gpus: 8, rollout: { gates: [{ metric: 'ErrorRatio', max: '0.01' }] } });
  const base = model.input();
  const { now } = base;
  const revision = (hash: string, marks: object = {}) => ({
    ...(base.revisions[0] as Revision),
    hash,
    number: 1,
    ...marks,
  });
  const proven = { proven: '2026-01-01T00:00:00Z' };
  const common: RolloutInput = {
    ...base,
    desired: 'b',
    revisions: [revision('z', proven), revision('a', proven), revision('b'), revision('c')].map((found) => {
      const { failed: _, held: __, ...rest } = found;
      return rest;
    }),
    health: new Map(),
    observed: { idleSince: new Map() },
    memory: { phase, attempt: 2, since: now - BEGAN, candidate: 'b', way: 'Full' },
  };
  const ahead: RolloutInput = {
    ...common,
    traffic: {
      serving: 'a',
      attempt: 1,
      source: 'Service',
      foreignSelector: false,
      previous: 'z',
      switchedAt: now - 60_000,
    },
    sets: new Map([
      ['a', set(2)],
      ['z', set(2)],
    ]),
    activeEndpoints: new Map([['a', 2]]),
  };
  const after: RolloutInput = {
    ...common,
    traffic: {
      serving: 'b',
      attempt: 2,
      source: 'Service',
      foreignSelector: false,
      previous: 'a',
      switchedAt: now - BEGAN,
    },
    sets: new Map([
      ['b', set(2)],
      ['a', set(2)],
    ]),
    activeEndpoints: new Map([['b', 2]]),
  };
  switch (phase) {
    case 'Idle':
      return { ...ahead, desired: 'a', memory: { phase, attempt: 1, since: now - 60_000 } };
    case 'Waiting':
      return { ...ahead, capacity: reading(0) };
    case 'Scheduling':
      return sets(ahead, { b: set(2, 0, { placed: 1 }) });
    case 'Loading':
      return sets(ahead, { b: set(2, 0) });
    case 'Proving':
      return sets(ahead, { b: set(2) });
    case 'AwaitingPromotion':
      return sets(remember(ahead, { verdicts: stage('Proof', 'NotRefuted').gates }), { b: set(2) });
    case 'Switching':
    case 'Watching':
      return after;
    case 'RollingBack':
      // The target has to load first, and b cannot be left for it yet.
      return remember(sets(after, { a: set(2, 0) }), { target: 'a' });
    case 'Aborting':
      return marked(sets(ahead, { b: set(0, 0, { pods: 2, terminating: 2, placed: 0 }) }), 'b');
    case 'Held':
      return marked(ahead, 'b');
  }
}

function marked(input: RolloutInput, hash: string): RolloutInput {
  const revisions = input.revisions.map((revision) =>
    revision.hash === hash ? { ...revision, failed: 'CrashLoop: exit code 1' } : revision,
  );
  return { ...input, revisions };
}

function reading(slots: number): NonNullable<RolloutInput['capacity']> {
  return {
    ...{ placed: 0, slots, slotsWithoutServing: [slots], slotsWithoutWarm: [slots], gpusPerReplica: 1 },
    ...{ freeGpus: slots, reservedBy: [] },
  };
}

const order =
  (verb: 'promote' | 'abort' | 'retry' | 'rollback' | 'release'): Change =>
  (input) => {
    const { serving = '', previous = '' } = input.traffic;
    const candidate = input.memory?.candidate ?? serving;
    const revision = verb === 'rollback' || verb === 'release' ? previous : candidate;
    return { ...input, order: { verb, revision, uid: 'u', nonce: 'n' } };
  };

const later =
  (ms: number): Change =>
  (input) => ({ ...input, now: input.now + ms });
const CANARY = {
  steps: [
    { weight: 10, pause: '1m' },
    { weight: 50, pause: '1m' },
  ],
};
const canary = (input: RolloutInput): RolloutInput => settings(input, { canary: CANARY, strategy: 'Canary' });

/** What serves has not shown yet that it does. */
function unproven(input: RolloutInput): RolloutInput {
  const revisions = input.revisions.map(({ proven: _, ...revision }) =>
    revision.hash === 'z' ? { ...revision, proven: 'x' } : revision,
  );
  return { ...input, revisions };
}

/** Makes the event, and that one alone, happen in a quiet phase. */
export const MAKE: Readonly<Record<EventName, Change>> = {
  SpecWantsServing: (input) => ({ ...input, desired: input.traffic.serving ?? '' }),
  SpecWantsPrevious: (input) => {
    const previous = input.traffic.previous ?? '';
    // Before the traffic has gone back, it is where it goes: the target is looked at by its own events.
    return input.memory?.phase === 'RollingBack'
      ? { ...input, desired: previous }
      : sets({ ...input, desired: previous }, { [previous]: set(2) });
  },
  SpecWantsOther: (input) => ({ ...input, desired: 'c' }),
  OrderAbort: order('abort'),
  OrderRollback: order('rollback'),
  OrderPromote: order('promote'),
  OrderRetry: order('retry'),
  OrderRelease: order('release'),
  ScaledToZero: (input) => ({ ...input, replicas: 0 }),
  Failed: (input) => {
    const { serving = '' } = input.traffic;
    const { phase, target = '' } = input.memory as Memory;
    if (phase === 'RollingBack') return { ...input, health: new Map([[target, { down: true }]]) };
    if (!before(input)) return { ...input, health: new Map([[serving, { trouble: 'OutOfMemory: exit code 137' }]]) };
    return { ...input, health: new Map([['b', { down: true, failure: 'CrashLoop: exit code 1' }]]) };
  },
  TargetLost: (input) => {
    const lost = sets(input, { [input.traffic.serving ?? '']: set(2, 0) });
    return before(input) || input.memory?.phase === 'Held' ? unproven(lost) : lost;
  },
  CapacityLost: (input) => {
    const { previous = '', serving = '' } = input.traffic;
    return sets(input, { [previous]: set(0), [serving]: set(2, 1, { placed: 1, unschedulable: 1 }) });
  },
  Missed: (input) =>
    input.memory?.phase === 'Loading'
      ? later(3_600_000)(sets(input, { b: set(2, 1, { placed: 1, unschedulable: 1 }) }))
      : later(3_600_000)(input),
  Admitted: (input) => ({ ...input, capacity: reading(4) }),
  Placed: (input) => sets(input, { b: set(2, 0) }),
  Displaced: (input) => sets(input, { b: set(2, 1, { placed: 1, unschedulable: 1 }) }),
  Loaded: (input) => sets(input, { b: set(2) }),
  Proved: (input) => ({ ...input, observed: { ...input.observed, proof: stage('Proof', 'NotRefuted') } }),
  Grown: (input) => sets(remember(input, { verdicts: stage('Proof', 'NotRefuted').gates }), { b: set(2) }),
  StepOver: (input) =>
    later(60_000)(canary(remember(input, { step: 0, verdicts: stage('Proof', 'NotRefuted').gates }))),
  StepReady: (input) => ({ ...canary(input), observed: { ...input.observed, warmedUp: true }, candidateEndpoints: 2 }),
  Ready: (input) =>
    input.memory?.phase === 'RollingBack'
      ? sets(input, { a: set(2) })
      : { ...input, observed: { ...input.observed, warmedUp: true }, candidateEndpoints: 2 },
  Confirmed: later(15_000),
  Unwatched: unproven,
  WatchPassed: (input) =>
    later(700_000)({ ...input, observed: { ...input.observed, trafficFrom: 0, traffic: stage('Watch', 'Pass') } }),
  WatchUnproven: (input) => later(700_000)({ ...input, observed: { ...input.observed, trafficFrom: 0 } }),
  RollbackDone: (input) => {
    const { previous: _, ...traffic } = input.traffic;
    const back = { ...input, traffic: { ...traffic, serving: 'a' }, activeEndpoints: new Map([['a', 2]]) };
    return sets(back, { a: set(2), b: set(0) });
  },
  Dropped: (input) => sets(input, { b: set(0) }),
};
