import type { OrderVerb } from '../../rollout/orders.ts';
import type { Happening, Role } from './events.ts';
import type { Scope } from './search.ts';

const A = 'deepseek-r1-distill-qwen-7b';
const B = 'deepseek-r1-distill-qwen-14b';
const C = 'deepseek-r1-distill-qwen-1.5b';

const SPEC = { model: { name: A }, accelerator: { type: 'A100-80GB' }, replicas: 2 };
const BRIEF = { watch: { duration: '2m', onNoData: 'AcceptUnproven' }, rollbackWindow: '10m', progressDeadline: '10m' };

const time: Happening = { is: 'time' };
const models = (...names: readonly string[]): Happening[] => names.map((name) => ({ is: 'model', name }));
const orders = (...verbs: readonly OrderVerb[]): Happening[] => verbs.map((verb) => ({ is: 'order', verb }));
const ready = (...roles: readonly Role[]): Happening[] => roles.map((of) => ({ is: 'ready', of }));
const unready = (...roles: readonly Role[]): Happening[] => roles.map((of) => ({ is: 'unready', of }));
const crash = (...roles: readonly Role[]): Happening[] => roles.map((of) => ({ is: 'crash loop', of }));

/** What `decide` is searched in. */
export const SCOPES: readonly Scope[] = [
  {
    name: 'versions and orders',
    spec: { ...SPEC, rollout: BRIEF },
    happenings: [
      time,
      ...models(A, B),
      ...ready('candidate', 'serving'),
      ...orders('rollback', 'abort', 'retry', 'release', 'promote'),
    ],
  },
  {
    name: 'pods that vanish and fail',
    spec: { ...SPEC, rollout: BRIEF },
    happenings: [
      time,
      ...models(A, B, C),
      ...ready('candidate', 'serving', 'previous'),
      ...unready('candidate', 'serving', 'previous'),
      ...crash('candidate', 'serving'),
    ],
  },
  {
    name: 'too few GPUs',
    spec: { ...SPEC, rollout: { ...BRIEF, whenCapacityIsShort: ['Handover', 'Wait'] } },
    happenings: [
      time,
      ...models(A, B),
      { is: 'capacity', free: false },
      { is: 'capacity', free: true },
      ...ready('candidate', 'serving'),
      ...unready('serving'),
      ...orders('abort', 'rollback'),
    ],
  },
  {
    name: 'recreate, by hand',
    spec: { ...SPEC, rollout: { ...BRIEF, strategy: 'Recreate', promotion: 'Manual' } },
    happenings: [
      time,
      ...models(A, B),
      ...ready('candidate', 'serving'),
      ...crash('candidate'),
      ...orders('promote', 'abort', 'rollback', 'restart'),
      { is: 'paused', value: true },
      { is: 'paused', value: false },
    ],
  },
  {
    name: 'what others do to its objects',
    spec: { ...SPEC, rollout: BRIEF },
    happenings: [
      time,
      ...models(A, B),
      ...ready('candidate', 'serving'),
      { is: 'status lost' },
      { is: 'deployment deleted', of: 'serving' },
      { is: 'deployment deleted', of: 'candidate' },
      { is: 'record deleted', of: 'serving' },
      { is: 'record deleted', of: 'previous' },
      { is: 'selector stripped' },
    ],
  },
  {
    name: 'sizes, proofs and specs that cannot be served',
    spec: { ...SPEC, rollout: BRIEF },
    happenings: [
      time,
      ...models(A, B),
      { is: 'refused spec' },
      ...ready('candidate', 'serving'),
      { is: 'replicas', count: 0 },
      { is: 'replicas', count: 1 },
      { is: 'replicas', count: 3 },
      { is: 'proof', ends: false },
      { is: 'proof', ends: true },
    ],
  },
];
