import type { RolloutSpec } from '../../../api/index.ts';
import { type Happening } from './happenings.ts';
import type { Quality } from './model.ts';
import type { Scope } from './search.ts';

/** Short times: nothing waits longer than what a fingerprint tells apart. */
const SHORT = { watch: { duration: '2m', onNoData: 'AcceptUnproven' }, rollbackWindow: '10m' } as const;
const BRIEF: Partial<RolloutSpec> = { ...SHORT, progressDeadline: '10m' };
const GATES: Partial<RolloutSpec> = { gates: [{ metric: 'ErrorRatio', max: '0.01' }] };
const WITHOUT_PROOF: Partial<RolloutSpec> = { proof: { warmUpRequests: 0, pairedRequests: 0 } };

const next: Happening = { is: 'next' };
const wants = (...versions: readonly (string | undefined)[]): Happening[] =>
  versions.map((desired) => ({ is: 'spec', desired }));
const orders = (...verbs: readonly ('promote' | 'abort' | 'retry' | 'rollback' | 'release')[]): Happening[] =>
  verbs.map((verb) => ({ is: 'order', verb, to: 'right' }));
const ordersOf = (
  to: string,
  ...verbs: readonly ('promote' | 'abort' | 'retry' | 'rollback' | 'release')[]
): Happening[] => verbs.map((verb) => ({ is: 'order', verb, to }));
const isLike = (of: string, ...qualities: readonly Quality[]): Happening[] =>
  qualities.map((quality) => ({ is: 'quality', of, quality }));
const sized = (...counts: readonly number[]): Happening[] => counts.map((count) => ({ is: 'replicas', count }));
const tenant = (...counts: readonly number[]): Happening[] => counts.map((gpus) => ({ is: 'tenant', gpus }));
const lost = (...roles: readonly ('serving' | 'candidate' | 'previous')[]): Happening[] =>
  roles.map((of) => ({ is: 'node lost', of, pods: 1 }));
const reboots = (...roles: readonly ('serving' | 'candidate' | 'previous')[]): Happening[] =>
  roles.map((of) => ({ is: 'reboot', of }));
const breaks = (of: string): Happening[] => [
  { is: 'trouble', of, on: true },
  { is: 'trouble', of, on: false },
];
const paused: readonly Happening[] = [
  { is: 'paused', value: true },
  { is: 'paused', value: false },
];
const windows: readonly Happening[] = [
  { is: 'window', open: false },
  { is: 'window', open: true },
];

/**
 * Worlds small enough to be searched, each about something else. Together they go through every transition that the table
 * has (search.test.ts).
 */
export const SCOPES: readonly Scope[] = [
  {
    name: 'versions and orders, room for two',
    start: { replicas: 1, gpus: 4, rollout: { ...BRIEF, ...GATES } },
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...isLike('b', 'Crashes'),
      ...orders('promote', 'abort', 'retry', 'rollback', 'release'),
    ],
  },
  {
    name: 'versions that fail in each way',
    start: { replicas: 1, gpus: 4, rollout: { ...BRIEF, ...GATES } },
    happenings: [
      next,
      ...wants('a', 'b', undefined),
      ...isLike('b', 'Good', 'FailsProof', 'FailsGates', 'Crashes', 'NeverReady', 'DiesServing'),
      ...breaks('a'),
    ],
  },
  {
    name: 'a handover, GPUs taken and lost',
    start: {
      replicas: 3,
      gpus: 3,
      rollout: { ...BRIEF, whenCapacityIsShort: ['Handover', 'Wait'], schedulingDeadline: '1m' },
    },
    happenings: [
      next,
      ...wants('a', 'b'),
      ...tenant(0, 1),
      ...lost('serving', 'candidate', 'previous'),
      ...reboots('serving'),
      { is: 'load', waiting: 100 },
      { is: 'load', waiting: 0 },
      ...orders('abort', 'rollback'),
    ],
  },
  {
    name: 'mixed versions behind a gateway',
    start: {
      replicas: 2,
      gpus: 2,
      gateway: true,
      rollout: {
        ...BRIEF,
        ...GATES,
        whenCapacityIsShort: ['Handover', 'Wait'],
        handover: { minAvailablePercent: 50, mixedVersions: true },
      },
    },
    happenings: [
      next,
      ...wants('a', 'b'),
      ...isLike('b', 'FailsGates'),
      { is: 'route', taken: false },
      { is: 'route', taken: true },
      ...orders('abort', 'rollback'),
      ...lost('candidate'),
    ],
  },
  {
    name: 'recreate, in windows',
    start: {
      replicas: 1,
      gpus: 1,
      rollout: { ...BRIEF, strategy: 'Recreate', whenCapacityIsShort: ['Recreate'], promotion: 'Manual' },
    },
    happenings: [
      next,
      ...wants('a', 'b'),
      ...isLike('b', 'Crashes'),
      ...windows,
      ...orders('promote', 'abort', 'rollback'),
      ...paused,
    ],
  },
  {
    name: 'a canary',
    start: {
      replicas: 1,
      gpus: 2,
      gateway: true,
      rollout: {
        ...BRIEF,
        ...GATES,
        strategy: 'Canary',
        canary: { steps: [{ weight: 10, pause: '1m' }, { weight: 50 }] },
      },
    },
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...isLike('b', 'FailsGates'),
      { is: 'route', taken: false },
      { is: 'route', taken: true },
      { is: 'traffic', level: 'None' },
      ...orders('promote', 'abort', 'rollback'),
    ],
  },
  {
    name: 'a canary that somebody has to promote, in windows and pauses',
    start: {
      replicas: 1,
      gpus: 2,
      gateway: true,
      rollout: {
        ...BRIEF,
        strategy: 'Canary',
        promotion: 'Manual',
        canary: { steps: [{ weight: 10, pause: '1m' }, { weight: 50 }] },
      },
    },
    prelude: [{ is: 'spec', desired: 'b' }, 'AwaitingPromotion'],
    happenings: [next, ...wants('a', 'b'), ...windows, ...paused, ...orders('promote', 'abort', 'rollback')],
  },
  {
    name: 'a canary, and what is known of its route',
    start: {
      replicas: 1,
      gpus: 2,
      gateway: true,
      rollout: { ...BRIEF, strategy: 'Canary', canary: { steps: [{ weight: 10, pause: '5m' }, { weight: 50 }] } },
    },
    prelude: [{ is: 'spec', desired: 'b' }, 'AwaitingPromotion'],
    happenings: [
      next,
      { is: 'time', seconds: 40 },
      ...wants('a', 'b'),
      { is: 'route', taken: false },
      { is: 'route', taken: false, unknown: true },
      { is: 'route', taken: true },
      ...orders('abort'),
    ],
  },
  {
    // Found by the search: an order for b was carried out on c, where the spec asked for c before the operator had looked.
    name: 'orders for whichever version, and a spec that changes with them',
    start: { replicas: 1, gpus: 4, rollout: { ...BRIEF, promotion: 'Manual' } },
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...isLike('b', 'Crashes', 'Good'),
      ...ordersOf('a', 'promote', 'abort', 'retry', 'rollback', 'release'),
      ...ordersOf('b', 'promote', 'abort', 'retry', 'rollback', 'release'),
      { is: 'at once', all: [...ordersOf('b', 'promote'), ...wants('c')] },
      { is: 'at once', all: [...ordersOf('b', 'abort'), ...wants('c')] },
      { is: 'at once', all: [...ordersOf('b', 'retry'), ...wants('c')] },
    ],
  },
  {
    name: 'a handover with both versions, by hand and in windows',
    start: {
      replicas: 3,
      gpus: 3,
      gateway: true,
      rollout: {
        ...BRIEF,
        promotion: 'Manual',
        whenCapacityIsShort: ['Handover', 'Wait'],
        handover: { minAvailablePercent: 50, mixedVersions: true },
      },
    },
    prelude: [{ is: 'spec', desired: 'b' }, 'Loading'],
    happenings: [next, ...wants('a', 'b'), ...windows, ...paused, ...orders('promote', 'abort'), ...lost('serving')],
  },
  {
    name: 'sizes, and what others claim',
    start: { replicas: 2, gpus: 5, rollout: { ...BRIEF, warmReplicasPercent: 50 } },
    happenings: [
      next,
      ...wants('a', 'b'),
      ...sized(0, 1, 2, 3),
      { is: 'claim', keep: 0 },
      { is: 'claim', keep: undefined },
      { is: 'capacity unknown', value: true },
      { is: 'capacity unknown', value: false },
      ...tenant(0, 3),
      ...orders('rollback', 'release'),
    ],
  },
  {
    name: 'an operator that is killed after each write, and old or lost statuses',
    start: { replicas: 1, gpus: 3, rollout: { ...BRIEF, ...WITHOUT_PROOF } },
    happenings: [
      next,
      ...wants('a', 'b'),
      ...isLike('b', 'DiesServing'),
      ...[0, 1, 2, 3, 4].map((after): Happening => ({ is: 'crash', after })),
      { is: 'status lost' },
      { is: 'status stale' },
      { is: 'restart' },
      { is: 'deployment deleted', of: 'a' },
      { is: 'deployment deleted', of: 'b' },
      { is: 'record lost', of: 'b' },
      ...orders('rollback', 'abort'),
    ],
  },
  {
    name: 'the same in a handover',
    start: {
      replicas: 2,
      gpus: 2,
      rollout: { ...BRIEF, ...WITHOUT_PROOF, whenCapacityIsShort: ['Handover', 'Recreate'] },
    },
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...[0, 1, 2, 3, 4].map((after): Happening => ({ is: 'crash', after })),
      { is: 'status lost' },
      { is: 'status stale' },
      ...lost('serving'),
      ...orders('rollback', 'abort'),
    ],
  },
  {
    name: 'a third version while the second has yet to show that it serves',
    start: { replicas: 1, gpus: 4, rollout: BRIEF },
    prelude: [{ is: 'spec', desired: 'b' }, 'Watching', { is: 'spec', desired: 'c' }],
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...lost('serving'),
      ...reboots('serving', 'previous'),
      ...tenant(0, 2),
      ...isLike('c', 'Crashes'),
      ...orders('rollback', 'release', 'abort'),
    ],
  },
  {
    name: 'the same, where it waits',
    start: { replicas: 1, gpus: 2, rollout: { ...BRIEF, whenCapacityIsShort: ['Wait'] } },
    prelude: [{ is: 'spec', desired: 'b' }, 'Watching', ...paused.slice(0, 1), { is: 'spec', desired: 'c' }],
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...breaks('b'),
      ...lost('serving'),
      ...paused,
      ...orders('rollback', 'release'),
    ],
  },
  {
    name: 'a candidate that somebody has to promote',
    start: { replicas: 2, gpus: 4, rollout: { ...BRIEF, promotion: 'Manual' } },
    prelude: [{ is: 'spec', desired: 'b' }, 'AwaitingPromotion'],
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...sized(0, 1, 2),
      ...lost('serving', 'candidate'),
      ...tenant(0, 1),
      ...breaks('b'),
      ...paused,
      ...orders('promote', 'rollback', 'release', 'abort'),
    ],
  },
  {
    name: 'a third version that waits for a person while the second has yet to show that it serves',
    start: { replicas: 1, gpus: 4, rollout: BRIEF },
    prelude: [
      { is: 'spec', desired: 'b' },
      'Watching',
      { is: 'window', open: false },
      { is: 'spec', desired: 'c' },
      'AwaitingPromotion',
    ],
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...lost('serving', 'candidate'),
      ...sized(0, 1),
      ...tenant(0, 4),
      { is: 'window', open: true },
      ...orders('rollback', 'release', 'abort', 'promote'),
    ],
  },
  {
    name: 'a rollback to a version that has no pods any more',
    start: { replicas: 1, gpus: 1, rollout: { ...BRIEF, whenCapacityIsShort: ['Recreate'] } },
    prelude: [{ is: 'spec', desired: 'b' }, 'Watching', { is: 'order', verb: 'rollback', to: 'right' }],
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...isLike('a', 'Crashes', 'NeverReady', 'Good'),
      ...lost('serving'),
      ...reboots('serving', 'candidate'),
      ...orders('abort', 'rollback', 'retry'),
    ],
  },
  {
    name: 'a version that loads for ever, and nodes that go meanwhile',
    start: { replicas: 2, gpus: 5, rollout: SHORT },
    prelude: [{ is: 'quality', of: 'b', quality: 'Slow' }, { is: 'spec', desired: 'b' }, 'Loading'],
    happenings: [
      next,
      ...wants('a', 'b'),
      ...sized(1, 2, 3),
      ...lost('candidate', 'serving'),
      ...tenant(0, 1),
      ...isLike('b', 'Good'),
    ],
  },
  {
    name: 'a watch that may see no requests',
    start: { replicas: 1, gpus: 4, rollout: { ...BRIEF, ...GATES } },
    prelude: [{ is: 'spec', desired: 'b' }, 'Watching'],
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      { is: 'traffic', level: 'None' },
      { is: 'traffic', level: 'Enough' },
      ...reboots('serving', 'previous'),
      ...isLike('b', 'FailsGates'),
      ...orders('rollback'),
    ],
  },
  {
    // Found by the search: the way back led to a cold version, and Switching waited for ever for a flip to pods that were gone.
    name: 'a version that is lost as soon as it was switched to, and a proven one that is cold',
    start: { replicas: 1, gpus: 4, rollout: BRIEF },
    prelude: [
      { is: 'spec', desired: 'b' },
      'Watching',
      { is: 'spec', desired: 'c' },
      'Proving',
      { is: 'order', verb: 'release', to: 'right' },
      'Switching',
    ],
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...lost('serving'),
      ...reboots('serving', 'previous'),
      ...isLike('c', 'Crashes', 'NeverReady'),
      ...orders('rollback', 'abort'),
    ],
  },
  {
    name: 'a version that is lost once it has shown that it serves',
    start: { replicas: 1, gpus: 4, rollout: BRIEF },
    prelude: [{ is: 'spec', desired: 'b' }, 'Watching', 'Idle'],
    happenings: [
      next,
      ...wants('a', 'b', 'c'),
      ...lost('serving'),
      ...reboots('serving', 'previous'),
      ...isLike('b', 'Crashes', 'NeverReady', 'Good'),
      ...orders('rollback', 'release'),
    ],
  },
];
