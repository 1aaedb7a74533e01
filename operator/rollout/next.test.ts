import { describe, expect, it } from '@jest/globals';
import { nextStep, type ReplicaSetState, type RolloutInput } from './next.ts';
import type { Revision } from './revision.ts';

const revision = (hash: string, marks: { proven?: string; failed?: string } = {}): Revision => ({
  hash,
  number: 1,
  data: {} as Revision['data'],
  ...marks,
});
const OLD = revision('old', { proven: '2026-01-01T00:00:00Z' });
const NEW = revision('new');

const state = (replicas: number, ready = replicas, rest: Partial<ReplicaSetState> = {}): ReplicaSetState => ({
  replicas,
  readyReplicas: ready,
  availableReplicas: ready,
  deadlineExceeded: false,
  ...rest,
});

const serving = (hash: string): RolloutInput['traffic'] => ({
  serving: hash,
  attempt: 1,
  source: 'Service',
  foreignSelector: false,
});

const input = (part: Partial<RolloutInput> = {}): RolloutInput => ({
  traffic: serving('old'),
  revisions: [OLD, NEW],
  desired: 'new',
  states: new Map([['old', state(2)]]),
  replicas: 2,
  paused: false,
  ...part,
});
const replicasOf = (part: Partial<RolloutInput>) => Object.fromEntries(nextStep(input(part)).replicas);

describe('nextStep', () => {
  it('starts with the wanted revision when nothing ever served', () => {
    const step = nextStep(
      input({ traffic: { attempt: 1, source: 'First', foreignSelector: false }, states: new Map() }),
    );
    expect(step).toMatchObject({ phase: 'Loading', serving: 'new', switched: false });
    expect(Object.fromEntries(step.replicas)).toEqual({ new: 2 });
  });

  it('rests when what serves is what is wanted, and lets every other revision go', () => {
    const states = new Map([
      ['old', state(2)],
      ['new', state(2)],
    ]);
    const step = nextStep(input({ desired: 'old', states }));
    expect(step).toMatchObject({ phase: 'Idle', serving: 'old' });
    expect([...step.replicas.keys()]).toEqual(['old']);
  });

  it('keeps what serves when the spec is refused', () => {
    expect(replicasOf({ desired: undefined })).toEqual({ old: 2 });
  });

  it('creates the candidate beside what serves', () => {
    expect(replicasOf({})).toEqual({ old: 2, new: 2 });
  });

  it.each([0, 1])('waits while %i of 2 replicas of the candidate are available', (available) => {
    const states = new Map([
      ['old', state(2)],
      ['new', state(2, available)],
    ]);
    expect(nextStep(input({ states }))).toMatchObject({ phase: 'Loading', serving: 'old', switched: false });
  });

  it('moves the traffic once all are available, and keeps the old pods for that step', () => {
    const states = new Map([
      ['old', state(2)],
      ['new', state(2)],
    ]);
    const step = nextStep(input({ states }));
    expect(step).toMatchObject({ phase: 'Switching', serving: 'new', attempt: 2, switched: true });
    expect(Object.fromEntries(step.replicas)).toEqual({ old: 2, new: 2 });
  });

  it('follows a change of replicas in both versions', () => {
    const states = new Map([
      ['old', state(2)],
      ['new', state(2)],
    ]);
    expect(replicasOf({ states, replicas: 5 })).toEqual({ old: 5, new: 5 });
  });

  it('takes a candidate that passed its deadline back, with the reason', () => {
    const states = new Map([
      ['old', state(2)],
      ['new', state(2, 1, { deadlineExceeded: true })],
    ]);
    const step = nextStep(input({ states, candidateFailure: 'ModelGated: ask for access' }));
    expect(step).toMatchObject({
      phase: 'Held',
      serving: 'old',
      fail: { revision: 'new', cause: 'ModelGated: ask for access' },
    });
    expect([...step.replicas.keys()]).toEqual(['old']);
  });

  it('takes a candidate back whose pods have all used up their startup budget', () => {
    const states = new Map([
      ['old', state(2)],
      ['new', state(2, 1)],
    ]);
    expect(nextStep(input({ states, candidateOverdue: true }))).toMatchObject({ phase: 'Held' });
  });

  it('does not hold it against a candidate that no node has its accelerator', () => {
    const states = new Map([
      ['old', state(2)],
      ['new', state(2, 0, { deadlineExceeded: true })],
    ]);
    const step = nextStep(input({ states, candidateWaitsForNodes: true }));
    expect(step).toMatchObject({ phase: 'Loading', serving: 'old', candidate: 'new' });
    expect(step.fail).toBeUndefined();
  });

  it('does not try a failed candidate again, until the spec asks for something else', () => {
    const failed = revision('new', { failed: 'CrashLoop: x' });
    expect(nextStep(input({ revisions: [OLD, failed] }))).toMatchObject({ phase: 'Held', forgive: [] });
    expect(nextStep(input({ revisions: [OLD, failed], desired: 'old' }))).toMatchObject({
      phase: 'Idle',
      forgive: ['new'],
    });
  });

  it('replaces at once what never served: its pods may hold the GPUs that the correction needs', () => {
    const step = nextStep(input({ revisions: [revision('old'), NEW], states: new Map([['old', state(2, 0)]]) }));
    expect(step).toMatchObject({ serving: 'new', switched: true });
    expect(Object.fromEntries(step.replicas)).toEqual({ new: 2 });
  });

  it('does not replace what served and does not answer for now: it is repaired while the candidate loads', () => {
    expect(replicasOf({ states: new Map([['old', state(2, 0)]]) })).toEqual({ old: 2, new: 2 });
  });

  it('replaces what served and is down for good, as what never served', () => {
    const states = new Map([['old', state(2, 0)]]);
    const step = nextStep(input({ states, servingDown: true }));
    expect(step).toMatchObject({ serving: 'new', attempt: 2, switched: true });
    expect(Object.fromEntries(step.replicas)).toEqual({ new: 2 });
    expect(nextStep(input({ states, servingDown: true, paused: true }))).toMatchObject({ serving: 'old' });
  });

  it('does not take a revision without a record for one that never served', () => {
    expect(replicasOf({ revisions: [NEW], states: new Map([['old', state(2, 0)]]) })).toEqual({ old: 2, new: 2 });
  });

  it('starts no candidate and moves no traffic while paused', () => {
    expect(nextStep(input({ paused: true }))).toMatchObject({ phase: 'Waiting', serving: 'old', switched: false });
    const states = new Map([
      ['old', state(2)],
      ['new', state(2)],
    ]);
    const step = nextStep(input({ paused: true, states }));
    expect(step).toMatchObject({ phase: 'Waiting', serving: 'old' });
    expect(Object.fromEntries(step.replicas)).toEqual({ old: 2, new: 2 });
  });

  it('lets the attempt wait while replicas is 0', () => {
    const states = new Map([
      ['old', state(2)],
      ['new', state(2)],
    ]);
    const step = nextStep(input({ replicas: 0, states }));
    expect(step).toMatchObject({ phase: 'Waiting', serving: 'old' });
    expect(Object.fromEntries(step.replicas)).toEqual({ old: 0, new: 0 });
  });
});
