import { expect, it } from '@jest/globals';
import type { Status } from './decide/judgement.ts';
import { saysLittle, Settling } from './settling.ts';

const condition = (reason: string, message: string) => ({
  type: 'Ready' as const,
  status: 'False' as const,
  reason,
  message,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const status = (change: Partial<Status> = {}): Status => ({
  observedGeneration: 2,
  readyReplicas: 2,
  conditions: [condition('Loading', '0 of 2 replicas ready')],
  candidate: { revision: 'next', version: 'v', readyReplicas: 0 },
  rollout: { attempt: 2, phase: 'Scheduling', startedAt: '2026-01-01T00:00:00Z', message: 'waits for its nodes' },
  ...change,
});
const rollout = (change: Partial<NonNullable<Status['rollout']>>) => ({
  rollout: { ...status().rollout, ...change } as NonNullable<Status['rollout']>,
});
const reserving = (reserved: number) => rollout({ capacity: { needed: reserved, free: 4, reserved } });

it.each<[string, Partial<Status>]>([
  ['a further pod of the candidate is ready', { candidate: { revision: 'next', version: 'v', readyReplicas: 1 } }],
  ['a message counts on', { conditions: [condition('Loading', '1 of 2 replicas ready')] }],
  ['the pods have their nodes', rollout({ phase: 'Loading', startedAt: '2026-01-01T00:00:01Z', message: 'loads' })],
])('lets a change wait: %s', (_, change) => {
  expect(saysLittle(status(), status(change))).toBe(true);
});

it.each<[string, Partial<Status>]>([
  ['what serves has lost a pod', { readyReplicas: 1 }],
  ['there is another reason', { conditions: [condition('OutOfMemory', '0 of 2 replicas ready')] }],
  ['another phase', rollout({ phase: 'Proving' })],
  ['another candidate', { candidate: { revision: 'third', version: 'v', readyReplicas: 0 } }],
  ['the spec was read anew', { observedGeneration: 3 }],
  ['an order was handled', { handledOrder: 'promote/next/uid/1' }],
  ['GPUs are reserved', reserving(2)],
])('writes a change at once: %s', (_, change) => {
  expect(saysLittle(status(), status(change))).toBe(false);
});

it('does not hold back that GPUs are given back for longer than other changes', () => {
  expect(saysLittle(status(reserving(2)), status(reserving(0)))).toBe(true);
  expect(saysLittle(status(reserving(0)), status(reserving(2)))).toBe(false);
});

it('waits two seconds from the first change on, not from the latest', () => {
  let now = 0;
  const settling = new Settling({ monotonic: () => now });
  const ready = (readyReplicas: number) => status({ candidate: { revision: 'next', version: 'v', readyReplicas } });
  expect(settling.waitMs('uid', status(), ready(1))).toBe(2000);
  now = 1500;
  expect(settling.waitMs('uid', status(), ready(2))).toBe(500);
  now = 2000;
  expect(settling.waitMs('uid', status(), ready(2))).toBe(0);
  expect(settling.waitMs('uid', ready(2), ready(1))).toBe(2000);
});

it('lets a moment pass that would be told with the switch', () => {
  let now = 0;
  const settling = new Settling({ monotonic: () => now });
  const ready = status(rollout({ phase: 'AwaitingPromotion' }));
  expect(settling.waitMs('uid', status(), ready)).toBe(0);
  expect(settling.waitMs('uid', status(), ready, true)).toBe(2000);
  now = 2000;
  expect(settling.waitMs('uid', status(), ready, true)).toBe(0);
});

it('begins anew after a change that was written at once', () => {
  let now = 0;
  const settling = new Settling({ monotonic: () => now });
  const little = status({ conditions: [condition('Loading', '1 of 2 replicas ready')] });
  expect(settling.waitMs('uid', status(), little)).toBe(2000);
  now = 1900;
  expect(settling.waitMs('uid', status(), status({ readyReplicas: 1 }))).toBe(0);
  expect(settling.waitMs('uid', status(), little)).toBe(2000);
});
