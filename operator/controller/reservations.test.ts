import { expect, test } from '@jest/globals';
import { LABEL } from '../api/index.ts';
import { reservationsBeside } from './reservations.ts';
import type { LiveDeepSeekDeployment } from './snapshot.ts';

const TEMPLATE = { metadata: { labels: { [LABEL.revision]: 'new' } } };

interface Case {
  readonly rollout?: object;
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
  /** Replicas of the candidate’s Deployment; default 2. */
  readonly wanted?: number | 'None';
  /** Pods of the candidate that have a node. */
  readonly placed?: number;
  readonly leaving?: number;
  readonly stored?: boolean;
}

function reserved({ wanted = 2, placed = 0, leaving = 0, stored = true, ...of }: Case) {
  const own = { metadata: { name: 'own', namespace: 'ai', uid: 'uid-own' }, spec: {} } as LiveDeepSeekDeployment;
  const other = {
    metadata: { name: 'other', namespace: 'ai', uid: 'uid-other', ...of.metadata },
    spec: { ...of.spec },
    status: {
      candidate: { revision: 'new' },
      rollout: { phase: 'Scheduling', capacity: { needed: 8, reserved: 8 }, ...of.rollout },
      ...of.status,
    },
  } as unknown as LiveDeepSeekDeployment;
  const pod = (more: object) => ({
    metadata: { labels: { [LABEL.revision]: 'new' }, ...more },
    spec: { nodeName: 'a' },
  });
  const pods = [
    ...Array.from({ length: placed }, () => pod({})),
    ...Array.from({ length: leaving }, () => pod({ deletionTimestamp: '2026-01-01T00:00:00Z' })),
    { metadata: { labels: { [LABEL.revision]: 'new' } }, spec: {} },
    { metadata: { labels: { [LABEL.revision]: 'serving' } }, spec: { nodeName: 'a' } },
  ];
  const data = JSON.stringify({ plan: { gpusPerReplica: 4 }, template: TEMPLATE });
  const stores = {
    controllerRevisions: { get: () => (stored ? { data } : undefined) },
    deployments: { get: () => (wanted === 'None' ? undefined : { spec: { replicas: wanted } }) },
    pods: { byIndex: (_: string, key: string) => (key === 'ai/other' ? pods : []) },
  } as never;
  return reservationsBeside(own, [own, other], stores);
}
/** Replicas without a node, and those with one; nothing at all where both are 0. */
const rollout = (replicas: number, placed = 0) =>
  replicas + placed === 0 ? [] : [{ holder: 'ai/other', replicas, placed, template: TEMPLATE }];

test.each<[string, Case, readonly object[]]>([
  ['what an admitted rollout does not hold yet', {}, rollout(2)],
  ['less than the status said, once pods have their nodes', { placed: 1 }, rollout(1, 1)],
  ['nothing more once all have', { placed: 2 }, rollout(0, 2)],
  ['what pods on their way out held', { leaving: 2 }, rollout(2)],
  ['no more than the Deployment asks for', { wanted: 1 }, rollout(1)],
  ['no more than the status says', { wanted: 5 }, rollout(2)],
  ['nothing without a Deployment', { wanted: 'None' }, rollout(0)],
  ['nothing of a revision that is lost', { stored: false }, rollout(0)],
  ['nothing of one that waits', { rollout: { capacity: { needed: 8 } } }, rollout(0)],
  ['nothing while it is paused', { rollout: { pausedAt: '2026-01-01T00:00:00Z' } }, rollout(0)],
  ['nothing while a pause is asked for', { spec: { rollout: { paused: true } } }, rollout(0)],
  ['nothing on its way out', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, rollout(0)],
  [
    'nothing where writes are switched off',
    { metadata: { annotations: { 'deepseek-operator.io/reconcile': 'disabled' } } },
    rollout(0),
  ],
  [
    'nothing of a spec that cannot be read',
    { status: { conditions: [{ type: 'Ready', reason: 'InvalidSpec' }] } },
    rollout(0),
  ],
])('another rollout reserves %s', (_, how, expected) => {
  expect(reserved(how)).toEqual(expected);
});
