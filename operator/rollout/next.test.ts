import { describe, expect, it } from '@jest/globals';
import { nextStep, type ReplicaSetState, type RolloutInput } from './next.ts';
import type { Revision } from './revision.ts';
import { rolloutSettings } from './settings.ts';

/** What the machine does is tested in machine/: here is what happens where nothing can be lost. */

type Marks = Pick<Revision, 'proven' | 'accepted' | 'failed' | 'held'>;
const revision = (hash: string, marks: Marks = {}): Revision => ({
  hash,
  number: 1,
  data: { plan: { gpusPerReplica: 1, startupBudgetSeconds: 600 } } as Revision['data'],
  ...marks,
});
const PROVEN = { proven: '2026-01-01T00:00:00Z' };
const NOW = Date.parse('2026-01-01T01:00:00Z');

const set = (replicas: number, ready = replicas): ReplicaSetState => ({
  replicas,
  readyReplicas: ready,
  availableReplicas: ready,
  pods: replicas,
  terminating: 0,
  placed: replicas,
  unschedulable: 0,
});

const FIRST: RolloutInput['traffic'] = { attempt: 1, source: 'First', foreignSelector: false };
const serving = (hash: string): RolloutInput['traffic'] => ({ ...FIRST, serving: hash, source: 'Service' });
const settings = (rollout: object = {}) =>
  rolloutSettings({ model: { name: 'x' }, accelerator: { type: 'T4' }, rollout } as never);

const input = (part: Partial<RolloutInput> = {}): RolloutInput => ({
  now: NOW,
  settings: settings(),
  traffic: serving('old'),
  revisions: [revision('old', PROVEN), revision('new')],
  desired: 'new',
  sets: new Map([['old', set(2)]]),
  health: new Map(),
  replicas: 2,
  memory: undefined,
  observed: { idleSince: new Map() },
  activeEndpoints: undefined,
  candidateEndpoints: undefined,
  window: { open: true },
  jitter: 0,
  claims: [],
  ...part,
});
const sizes = (part: Partial<RolloutInput>) => Object.fromEntries(nextStep(input(part)).replicas);

describe('before anything has served', () => {
  const first = { traffic: FIRST, sets: new Map() };

  it('the wanted revision loads at full size, has the Service, and is protected', () => {
    const step = nextStep(input(first));
    expect(step).toMatchObject({ phase: 'Loading', serving: 'new', attempt: 1, switched: false, protect: ['new'] });
    expect(Object.fromEntries(step.replicas)).toEqual({ new: 2 });
  });

  it('nothing is made for a spec that is refused', () => {
    const step = nextStep(input({ ...first, desired: undefined }));
    expect(step).toMatchObject({ phase: 'Idle', serving: undefined });
    expect(step.replicas.size).toBe(0);
  });

  it.each([undefined, 'new'])('a pass over %j changes nothing that the status remembers', (desired) => {
    const { memory } = nextStep(input({ ...first, desired }));
    const later = nextStep(input({ ...first, desired, memory, now: NOW + 60_000 }));
    expect(later.memory).toEqual(memory);
  });

  it('an order is refused: there is nothing to carry it out on', () => {
    const order = { verb: 'abort', revision: 'new', uid: 'u', nonce: 'n' } as const;
    expect(nextStep(input({ ...first, order })).ordered).toMatchObject({ accepted: false });
  });
});

describe('the first version', () => {
  const loading = (part: Partial<RolloutInput> = {}) =>
    nextStep(input({ revisions: [revision('old')], desired: 'old', sets: new Map([['old', set(2, 1)]]), ...part }));

  it('is on its way until every replica is available', () => {
    expect(loading()).toMatchObject({ phase: 'Loading', marks: [] });
  });

  it('is proven by serving at full size: there is no traffic to compare it with', () => {
    const step = loading({ sets: new Map([['old', set(2)]]) });
    expect(step).toMatchObject({ phase: 'Idle', marks: [{ kind: 'proven', revision: 'old' }] });
  });

  it.each([['proven'], ['accepted']])('is marked once: not again when it is %s', (mark) => {
    const revisions = [revision('old', { [mark]: '2026-01-01T00:00:00Z' })];
    expect(loading({ revisions, sets: new Map([['old', set(2)]]) })).toMatchObject({ phase: 'Idle', marks: [] });
  });

  it('is not proven by being scaled to 0', () => {
    expect(loading({ replicas: 0, sets: new Map([['old', set(0)]]) }).marks).toEqual([]);
  });

  it('does not lose its proof of traffic to a version that was switched to and is watched', () => {
    const traffic = { ...serving('new'), attempt: 2, previous: 'old', switchedAt: NOW - 60_000 };
    const sets = new Map([
      ['old', set(2)],
      ['new', set(2)],
    ]);
    expect(nextStep(input({ traffic, sets }))).toMatchObject({ phase: 'Watching', marks: [] });
  });
});

describe('a version of which nothing answers', () => {
  const down = { sets: new Map([['old', set(2, 0)]]) };
  const unproven = { revisions: [revision('old'), revision('new')] };
  const isDown = { health: new Map([['old', { down: true }]]) };

  it.each([
    ['never answered: its pods may hold the GPUs that the correction needs', unproven],
    ['served, and is down for good', isDown],
  ])('is replaced at once when it %s', (_, part) => {
    const step = nextStep(input({ ...down, ...part }));
    expect(step).toMatchObject({ serving: 'new', attempt: 2, switched: true, switchedAt: NOW });
    expect(step.previous).toBeUndefined();
    expect(Object.fromEntries(step.replicas)).toEqual({ new: 2 });
  });

  it('is repaired while the candidate waits or loads, when it is down for a moment', () => {
    expect(sizes(down)).toEqual({ old: 2 });
    expect(nextStep(input(down))).toMatchObject({ serving: 'old', phase: 'Waiting', candidate: 'new' });
  });

  it.each<[string, Partial<RolloutInput>]>([
    ['a replica of it answers', { ...unproven, sets: new Map([['old', set(2, 1)]]) }],
    [
      'one that was taken back still answers requests',
      {
        ...unproven,
        revisions: [revision('bad', PROVEN), revision('old'), revision('new')],
        memory: { phase: 'RollingBack', attempt: 2, since: NOW - 10_000, target: 'old', candidate: 'bad' },
        sets: new Map([
          ['old', set(2, 0)],
          ['bad', set(2)],
        ]),
      },
    ],
    ['the rollout is paused', { ...unproven, settings: settings({ paused: true }) }],
    ['its record is lost: nobody knows whether it served', { revisions: [revision('new')] }],
    ['another version served before it', { ...unproven, traffic: { ...serving('old'), previous: 'older' } }],
    [
      'an older one still runs: it could take the traffic back',
      {
        ...isDown,
        traffic: { ...serving('old'), previous: 'older' },
        revisions: [revision('older', PROVEN), revision('old', PROVEN), revision('new')],
        sets: new Map([
          ['old', set(2, 0)],
          ['older', set(2)],
        ]),
      },
    ],
    ['the wanted one has failed', { revisions: [revision('old'), revision('new', { failed: 'CrashLoop: x' })] }],
    ['the wanted one is held', { ...isDown, revisions: [revision('old'), revision('new', { held: 'Held: x' })] }],
    ['the spec is refused', { ...unproven, desired: undefined }],
  ])('is not replaced when %s', (_, part) => {
    expect(nextStep(input({ ...down, ...part }))).toMatchObject({ serving: 'old', switched: false });
  });

  it('is forgotten with its marks, and an order comes too late', () => {
    const revisions = [revision('old', { failed: 'CrashLoop: x' }), revision('new')];
    const order = { verb: 'abort', revision: 'new', uid: 'u', nonce: 'n' } as const;
    const step = nextStep(input({ ...down, ...isDown, revisions, order }));
    expect(step).toMatchObject({ switched: true, forgive: ['old'], ordered: { accepted: false } });
  });
});

it('leaves every other change to the machine', () => {
  const step = nextStep(input());
  expect(step).toMatchObject({ phase: 'Waiting', serving: 'old', candidate: 'new', attempt: 1 });
  expect(step.taken).toMatchObject([{ from: 'Idle', to: 'Waiting', event: 'SpecWantsOther' }]);
});
