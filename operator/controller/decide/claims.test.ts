import { expect, test } from '@jest/globals';
import type { Judgement } from './judgement.ts';
import { claimWish } from './claims.ts';

type Set = { readonly replicas: number; readonly unschedulable: number };
interface Case {
  readonly phase?: string;
  readonly candidate?: string;
  readonly memory?: object;
  readonly sets?: Readonly<Record<string, Set>>;
  readonly asks?: string;
  readonly strategy?: string;
  readonly replicas?: number;
  readonly observeOnly?: boolean;
  readonly switched?: boolean;
}
const short = (replicas: number, unschedulable = 1): Set => ({ replicas, unschedulable });

function wish({ phase = 'Idle', sets = {}, asks, strategy = 'BlueGreen', replicas = 3, ...more }: Case) {
  const { candidate, memory = {}, observeOnly = false, switched = false } = more;
  const states = new Map(Object.entries(sets));
  const questions = asks === undefined ? [] : [{ kind: 'Capacity', revision: asks }];
  const sizes = new Map([...states].map(([revision, set]) => [revision, set.replicas]));
  const step = { phase, serving: 'a', candidate, memory, questions, replicas: sizes, switched };
  return claimWish({ step, states, replicas, settings: { strategy }, observeOnly } as unknown as Judgement);
}

test.each<[string, Case, object | undefined]>([
  ['nothing in a pass that moves traffic', { phase: 'RollingBack', switched: true, sets: { a: short(3) } }, undefined],
  ['nothing at rest', { sets: { a: short(3, 0) } }, undefined],
  [
    'what serves and is scaled up, in part too',
    { sets: { a: short(3) } },
    { revision: 'a', replicas: 3, partly: true },
  ],
  [
    'a candidate that waits, whole',
    { phase: 'Waiting', candidate: 'b', asks: 'b', sets: { a: short(3, 0) } },
    { revision: 'b', replicas: 3, partly: false },
  ],
  [
    'what serves before the candidate',
    { phase: 'Waiting', candidate: 'b', asks: 'b', sets: { a: short(3) } },
    { revision: 'a', replicas: 3, partly: true },
  ],
  ['no candidate that is paused or retries later', { phase: 'Waiting', candidate: 'b' }, undefined],
  [
    'no candidate that takes the place of what serves',
    { phase: 'Waiting', candidate: 'b', asks: 'b', strategy: 'Recreate' },
    undefined,
  ],
  [
    'a candidate that what serves has stopped for',
    { phase: 'Scheduling', candidate: 'b', memory: { way: 'Recreate' }, sets: { a: short(0, 0), b: short(3, 2) } },
    { revision: 'b', replicas: 3, partly: true },
  ],
  [
    'no candidate beside what serves: the scheduler has its time first',
    { phase: 'Scheduling', candidate: 'b', memory: { way: 'Full' }, sets: { a: short(3, 0), b: short(3, 2) } },
    undefined,
  ],
  [
    'the version that a rollback goes to',
    { phase: 'RollingBack', candidate: 'a', memory: { target: 'z' }, sets: { a: short(3, 0), z: short(3, 3) } },
    { revision: 'z', replicas: 3, partly: true },
  ],
  ['nothing when scaled to 0', { replicas: 0, sets: { a: short(3) } }, undefined],
  ['nothing without writes', { observeOnly: true, sets: { a: short(3) } }, undefined],
])('%s', (_, how, expected) => {
  expect(wish(how)).toEqual(expected);
});
