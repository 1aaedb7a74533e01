import { describe, expect, it } from '@jest/globals';
import type { FailureEvidence, PodEvidence } from '../../rollout/failures/index.ts';
import { troubleOf } from './trouble.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
const ms = (second: number) => Date.parse(at(second));
/** When the version got the traffic. */
const SWITCHED = 1000;

interface PodShape {
  readonly name?: string;
  readonly created?: number;
  readonly ready?: boolean;
  /** Since when it is ready, or not. */
  readonly since?: number;
  /** How the container before ended. */
  readonly end?: {
    readonly startedAt: number;
    readonly at: number;
    readonly exitCode?: number;
    readonly reason?: string;
  };
  readonly started?: boolean;
  readonly disrupted?: string;
  readonly containersReady?: boolean;
  readonly deleted?: boolean;
}

function pod(shape: PodShape): PodEvidence {
  const { name = 'chat-0', created = 100, ready = true, since = 200, end, started = true, disrupted } = shape;
  const { containersReady = ready, deleted = false } = shape;
  const condition = (type: string, holds: boolean, second: number, reason?: string) => ({
    ...{ type, status: holds ? 'True' : 'False', lastTransitionTime: at(second) },
    ...(reason !== undefined && { reason }),
  });
  return {
    metadata: { name, creationTimestamp: at(created), ...(deleted && { deletionTimestamp: at(2000) }) },
    spec: { nodeName: 'node-0' },
    status: {
      phase: 'Running',
      conditions: [
        condition('PodScheduled', true, created),
        condition('Ready', ready, since),
        condition('ContainersReady', containersReady, since),
        ...(disrupted === undefined ? [] : [condition('DisruptionTarget', true, since, disrupted)]),
      ],
      containerStatuses: [
        {
          ...{ name: 'engine', image: 'i', imageID: 'i', ready, started, restartCount: end ? 1 : 0 },
          state: started ? { running: { startedAt: at(created) } } : { waiting: { reason: 'CrashLoopBackOff' } },
          ...(end && {
            lastState: {
              terminated: {
                ...{ exitCode: end.exitCode ?? 1, startedAt: at(end.startedAt), finishedAt: at(end.at) },
                ...(end.reason !== undefined && { reason: end.reason }),
              },
            },
          }),
        },
      ],
    },
  };
}

const trouble = (pods: readonly PodShape[], now = 2000) => {
  const evidence: FailureEvidence = {
    ...{ pods: pods.map(pod), startupBudgetSeconds: 600, wantedReplicas: pods.length, now: ms(now) },
    accelerator: { type: 'A100-80GB', gpusPerReplica: 1, resourceName: 'nvidia.com/gpu' },
  };
  return troubleOf(evidence, ms(SWITCHED));
};

describe('what speaks against a version', () => {
  it.each<[string, PodShape, RegExp]>([
    [
      'an engine that ends',
      { ready: false, started: false, since: 1500, end: { startedAt: 110, at: 1500 } },
      /^CrashLoop: pod chat-0 was ready, and its engine ended: the engine ended \(exit code 1\)/,
    ],
    [
      'an engine that ends in the second of its start',
      { ready: false, started: false, since: 1500, end: { startedAt: 1500, at: 1500 } },
      /^CrashLoop: /,
    ],
    [
      'an engine that ends in the second of the switch',
      { ready: false, started: false, since: 1000, end: { startedAt: 110, at: 1000 } },
      /^CrashLoop: /,
    ],
    [
      'an engine that ended and is back',
      { since: 1600, end: { startedAt: 110, at: 1500 } },
      /^CrashLoop: pod chat-0 was ready, and its engine ended: exit code 1/,
    ],
    [
      'an engine that was killed for its memory, and is back',
      { since: 1600, end: { startedAt: 110, at: 1500, exitCode: 137, reason: 'OOMKilled' } },
      /^OutOfMemoryHost: .*OOMKilled/,
    ],
    [
      'a health check that fails for 30 s',
      { ready: false, since: 1960 },
      /^EngineNotResponding: pod chat-0 has lost its readiness: /,
    ],
  ])('%s', (_, shape, expected) => {
    expect(trouble([{ name: 'chat-1' }, shape])).toMatch(expected);
  });

  it('is found though another pod has lost its node', () => {
    const lost = { name: 'chat-1', ready: false, since: 1500, containersReady: true };
    expect(trouble([lost, { since: 1600, end: { startedAt: 110, at: 1500 } }])).toMatch(/^CrashLoop: pod chat-0/);
  });
});

describe('what does not', () => {
  it.each<[string, PodShape]>([
    ['an end before it had the traffic', { end: { startedAt: 110, at: 900 } }],
    ['a readiness that was lost before', { ready: false, since: 900 }],
    ['a probe that was missed', { ready: false, since: 1980 }],
    ['a lost node', { ready: false, since: 1500, containersReady: true }],
    [
      'a drained node',
      { ready: false, since: 1500, disrupted: 'EvictionByEvictionAPI', end: { startedAt: 110, at: 1500 } },
    ],
    ['a pod that is deleted', { ready: false, since: 1500, deleted: true, end: { startedAt: 110, at: 1500 } }],
    ['a pod of higher priority', { ready: false, since: 1500, disrupted: 'PreemptionByScheduler' }],
    [
      'a node that was started again',
      { since: 1600, end: { startedAt: 110, at: 1500, exitCode: 255, reason: 'Unknown' } },
    ],
    [
      'a new pod whose first start failed',
      { created: 1400, ready: false, started: false, since: 1400, end: { startedAt: 1410, at: 1500 } },
    ],
    [
      'a new pod that ends in the second of its start',
      { created: 1500, ready: false, started: false, since: 1500, end: { startedAt: 1500, at: 1500 } },
    ],
    ['a new pod whose second start came up', { created: 1400, since: 1600, end: { startedAt: 1410, at: 1500 } }],
    [
      'a start that failed in the second in which the next one came up',
      { since: 1000, end: { startedAt: 990, at: 1000 } },
    ],
    ['a new pod that loads', { created: 1400, ready: false, started: false, since: 1400 }],
  ])('%s', (_, shape) => {
    expect(trouble([{ name: 'chat-1' }, shape])).toBeUndefined();
  });
});
