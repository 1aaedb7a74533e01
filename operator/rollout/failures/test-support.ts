import type { IContainerStatus } from 'kubernetes-models/v1/ContainerStatus';
import type { IPodCondition } from 'kubernetes-models/v1/PodCondition';
import type { IPodStatus } from 'kubernetes-models/v1/PodStatus';
import type { FailureEvidence, PodEvidence } from './types.ts';

/** The time of every test, and of the events before it. */
export const NOW = Date.parse('2026-11-21T12:00:00Z');
export const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

const condition = (type: string, status: 'True' | 'False', seconds: number, more: Partial<IPodCondition> = {}) => ({
  type,
  status,
  lastTransitionTime: ago(seconds),
  ...more,
});

/** The engine's container as the kubelet reports it. */
export function container(change: Partial<IContainerStatus> = {}): IContainerStatus {
  return {
    name: 'engine',
    image: 'vllm/vllm-openai:v0.32.0',
    imageID: '',
    ready: false,
    restartCount: 0,
    started: false,
    state: { running: { startedAt: ago(300) } },
    ...change,
  };
}

/** A pod as the API server has it; `status` replaces members. */
export function pod(
  name: string,
  status: Partial<IPodStatus>,
  metadata: Partial<PodEvidence['metadata']> = {},
): PodEvidence {
  return {
    metadata: { name, creationTimestamp: ago(400), ...metadata },
    spec: { nodeName: 'gpu-a' },
    status: { phase: 'Running', ...status },
  };
}

/** A pod that the scheduler has not placed. */
export function unscheduled(name: string, message: string, reason = 'Unschedulable'): PodEvidence {
  return {
    metadata: { name, creationTimestamp: ago(400) },
    status: { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 200, { reason, message })] },
  };
}

/** A pod on a node whose engine is not ready, for `seconds`; `engine` replaces members of its container. */
export function loading(name: string, engine: Partial<IContainerStatus> = {}, seconds = 310): PodEvidence {
  return pod(name, {
    startTime: ago(seconds),
    conditions: [
      condition('PodScheduled', 'True', seconds),
      condition('PodReadyToStartContainers', 'True', seconds - 5),
      condition('ContainersReady', 'False', seconds, { reason: 'ContainersNotReady' }),
      condition('Ready', 'False', seconds, { reason: 'ContainersNotReady' }),
    ],
    containerStatuses: [container(engine)],
  });
}

export function ready(name: string): PodEvidence {
  return pod(name, {
    conditions: ['PodScheduled', 'ContainersReady', 'Ready'].map((type) => condition(type, 'True', 100)),
    containerStatuses: [container({ ready: true, started: true })],
  });
}

/** A container that waits, with the kubelet's reason and message. */
export const waiting = (reason: string, message?: string): Partial<IContainerStatus> => ({
  state: { waiting: { reason, ...(message !== undefined && { message }) } },
});

/** A crash loop: the container ended, `log` is the end of its log, and waits for its next start. */
export const crashed = (
  log: string,
  change: { exitCode?: number; reason?: string; restarts?: number; ran?: number } = {},
) => ({
  restartCount: change.restarts ?? 1,
  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container=engine pod=x' } },
  lastState: {
    terminated: {
      exitCode: change.exitCode ?? 1,
      reason: change.reason ?? 'Error',
      message: log,
      startedAt: ago(20 + (change.ran ?? 45)),
      finishedAt: ago(20),
    },
  },
});

export function evidence(pods: readonly PodEvidence[], change: Partial<FailureEvidence> = {}): FailureEvidence {
  return {
    pods,
    startupBudgetSeconds: 1800,
    accelerator: { type: 'A100-80GB', gpusPerReplica: 2, resourceName: 'nvidia.com/gpu' },
    wantedReplicas: Math.max(pods.length, 1),
    now: NOW,
    ...change,
  };
}

/** A Deployment with one condition. */
export const deploymentWith = (type: string, status: string, reason: string, message: string) => ({
  status: { conditions: [{ type, status, reason, message, lastTransitionTime: ago(60) }] },
});
