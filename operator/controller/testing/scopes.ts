import type { RolloutPhase } from '../../api/index.ts';
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

const windows: readonly Happening[] = [
  { is: 'window', open: false },
  { is: 'window', open: true },
];
const pauses: readonly Happening[] = [
  { is: 'paused', value: true },
  { is: 'paused', value: false },
];
const GATEWAY = { traffic: { gateway: { parentRefs: [{ name: 'public' }] } } };
const CANARY = {
  ...BRIEF,
  strategy: 'Canary',
  canary: { steps: [{ weight: 10, pause: '1m' }, { weight: 50 }] },
  gates: [{ metric: 'ErrorRatio', max: '0.01' }],
};
const seen: readonly Happening[] = [
  { is: 'routes seen', value: false },
  { is: 'routes seen', value: true },
];
const VERBS = ['promote', 'abort', 'retry', 'rollback', 'release', 'restart'] as const;

/** The second version is on its way, and has its pods. */
const SECOND: readonly Happening[] = [...models(B), ...ready('candidate')];
/** How far a third version has come: what it is like, and what leads there. */
const THIRD: readonly (readonly [string, ...(Happening | RolloutPhase)[]])[] = [
  ['finds no room', { is: 'capacity', free: false }, ...models(C), 'Waiting'],
  ['finds no node', { is: 'placed', value: false }, ...models(C), 'Scheduling'],
  ['loads', ...models(C), 'Loading'],
  ['is proven', { is: 'proof', ends: false }, ...models(C), ...ready('candidate'), 'Proving'],
  ['waits for a window', { is: 'window', open: false }, ...models(C), ...ready('candidate'), 'AwaitingPromotion'],
];

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
  {
    name: 'a canary behind a gateway',
    spec: { ...SPEC, ...GATEWAY, rollout: CANARY },
    happenings: [
      time,
      ...models(A, B),
      ...ready('candidate'),
      ...unready('candidate', 'serving'),
      { is: 'route', taken: false },
      { is: 'route', taken: true },
      { is: 'users', get: 'errors' },
      ...orders('promote', 'abort', 'rollback'),
    ],
  },
  {
    name: 'a step of a canary, in windows and pauses',
    spec: { ...SPEC, ...GATEWAY, rollout: { ...CANARY, promotion: 'Manual' } },
    prelude: [...models(B), ...ready('candidate'), 'AwaitingPromotion'],
    happenings: [time, ...models(A, C), ...windows, ...pauses, ...orders('promote', 'abort', 'rollback')],
  },
  {
    name: 'a step of a canary, and routes that cannot be seen',
    spec: { ...SPEC, ...GATEWAY, rollout: CANARY },
    prelude: [...SECOND, 'AwaitingPromotion', time],
    happenings: [
      time,
      ...models(A, C),
      ...ready('candidate'),
      ...seen,
      { is: 'users', get: 'errors' },
      ...orders('abort'),
    ],
  },
  {
    name: 'a version behind a gateway that is taken back, and routes that cannot be seen',
    spec: { ...SPEC, ...GATEWAY, rollout: BRIEF },
    prelude: [...SECOND, 'Watching', { is: 'routes seen', value: false }, ...orders('rollback')],
    happenings: [
      time,
      ...models(A, C),
      ...ready('candidate'),
      ...unready('serving'),
      ...seen,
      { is: 'replicas', count: 0 },
      ...orders('abort', 'retry'),
    ],
  },
  {
    name: 'a candidate that somebody has to promote, in windows',
    spec: { ...SPEC, rollout: { ...BRIEF, promotion: 'Manual' } },
    prelude: [...models(B), ...ready('candidate'), 'AwaitingPromotion'],
    happenings: [
      time,
      ...models(A, C),
      ...windows,
      ...pauses,
      { is: 'replicas', count: 0 },
      { is: 'placed', value: false },
      ...unready('candidate', 'serving'),
      ...orders('promote', 'abort', 'rollback'),
      { is: 'at once', all: [...orders('promote'), ...models(C)] },
    ],
  },
  {
    name: 'orders for others',
    spec: { ...SPEC, rollout: { ...BRIEF, promotion: 'Manual' } },
    happenings: [
      time,
      ...models(A, B),
      ...ready('candidate'),
      ...crash('candidate'),
      ...VERBS.map((verb): Happening => ({ is: 'order', verb, isForeign: true })),
      ...VERBS.map((verb): Happening => ({ is: 'order', verb, to: 'serving' })),
      ...orders('promote'),
    ],
  },
  ...THIRD.map(([name, ...prelude]) => ({
    name: `a third version that ${name}, while the second has yet to show that it serves`,
    spec: { ...SPEC, rollout: BRIEF },
    prelude: [...SECOND, 'Watching' as const, ...prelude],
    happenings: [
      time,
      ...models(A, B),
      ...unready('serving', 'candidate'),
      { is: 'replicas' as const, count: 0 },
      ...orders('promote', 'abort', 'rollback', 'release'),
    ],
  })),
  {
    name: 'a second version that has shown that it serves',
    spec: { ...SPEC, rollout: BRIEF },
    prelude: [...SECOND, 'Watching', 'Idle'],
    happenings: [time, ...models(A, C), ...unready('serving'), ...crash('candidate'), ...orders('rollback', 'release')],
  },
  {
    name: 'a third version that is held',
    spec: { ...SPEC, rollout: BRIEF },
    prelude: [...SECOND, 'Watching', 'Idle', ...models(C), ...crash('candidate'), 'Held'],
    happenings: [
      time,
      ...models(A, B),
      ...ready('candidate'),
      ...unready('serving'),
      { is: 'replicas', count: 0 },
      ...orders('retry', 'rollback', 'release', 'abort'),
    ],
  },
  {
    name: 'a rollback whose target has to load',
    spec: { ...SPEC, rollout: BRIEF },
    prelude: [...SECOND, 'Watching', ...unready('previous'), ...orders('rollback')],
    happenings: [
      time,
      ...models(A, C),
      ...ready('previous'),
      ...crash('previous'),
      ...unready('serving'),
      ...orders('abort'),
    ],
  },
];
