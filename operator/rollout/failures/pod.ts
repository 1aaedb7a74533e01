import type { IContainerStateTerminated } from 'kubernetes-models/v1/ContainerStateTerminated';
import type { IContainerStatus } from 'kubernetes-models/v1/ContainerStatus';
import type { IPodCondition } from 'kubernetes-models/v1/PodCondition';
import type { IPodStatus } from 'kubernetes-models/v1/PodStatus';
import { DRAIN_PROXY_CONTAINER } from '../../api/index.ts';
import type { PodEvidence } from './types.ts';

/** The pod's status, empty while nobody has written one. */
export function statusOf(pod: PodEvidence): Partial<IPodStatus> {
  return pod.status ?? {};
}

/** The status of all containers, those that run first included. */
export function containersOf(pod: PodEvidence): readonly IContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [] } = statusOf(pod);
  return [...initContainerStatuses, ...containerStatuses];
}

/** The same without the proxy in front of the engine: its ends and starts are not the engine's. */
export function engineContainersOf(pod: PodEvidence): readonly IContainerStatus[] {
  return containersOf(pod).filter(({ name }) => name !== DRAIN_PROXY_CONTAINER);
}

export function conditionOf(pod: PodEvidence, type: string): IPodCondition | undefined {
  return statusOf(pod).conditions?.find((condition) => condition.type === type);
}

export function isReady(pod: PodEvidence): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** The pod is on its way out or has ended: it counts for no replica. */
export function isGone(pod: PodEvidence): boolean {
  const { phase } = statusOf(pod);
  return pod.metadata.deletionTimestamp !== undefined || phase === 'Failed' || phase === 'Succeeded';
}

/** How a container ended: just now, or before it was started again. A clean end of an init container is none. */
export function lastEnd(container: IContainerStatus): IContainerStateTerminated | undefined {
  const { state, lastState } = container;
  if (state?.terminated) return state.terminated.exitCode === 0 ? undefined : state.terminated;
  return lastState?.terminated;
}

/** Milliseconds since the epoch of an RFC 3339 time; undefined when absent or unreadable. */
export function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
