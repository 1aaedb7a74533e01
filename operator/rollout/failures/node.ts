import { conditionOf, statusOf, timeOf } from './pod.ts';
import type { Diagnosis, PodEvidence } from './types.ts';
import { quote } from './words.ts';

/** How long a pod that has ended still tells something about its successor, in milliseconds. */
const TELLING_MS = 15 * 60_000;

/** The node of the pod does not answer, or is gone. */
export const nodeLost: Diagnosis = (pod) => {
  const { reason } = statusOf(pod);
  const disruption = disruptionOf(pod);
  const byNode = disruption?.reason === 'DeletionByTaintManager' || disruption?.reason === 'DeletionByPodGC';
  if (reason !== 'NodeLost' && !byNode && !isCutOff(pod)) return undefined;
  const node = pod.spec?.nodeName;
  return {
    reason: 'NodeLost',
    detail: `the node ${node ?? 'of the pod'} does not answer or is gone`,
    blocking: false,
    startedAt: (disruption ?? conditionOf(pod, 'Ready'))?.lastTransitionTime,
  };
};

/** A pod of higher priority took the pod's place. */
export const preempted: Diagnosis = (pod) => {
  const disruption = disruptionOf(pod);
  if (disruption?.reason !== 'PreemptionByScheduler') return undefined;
  return {
    reason: 'Preempted',
    detail: 'the scheduler removed the pod for one of higher priority',
    blocking: false,
    startedAt: disruption.lastTransitionTime,
  };
};

/** The node evicted the pod, or refused it although the scheduler had sent it there. Told as long as it is news. */
export const evicted: Diagnosis = (pod, { now }) => {
  const { phase, reason = '', message = '' } = statusOf(pod);
  const refused = /^OutOf|^UnexpectedAdmissionError$/.test(reason);
  if (phase !== 'Failed' || (reason !== 'Evicted' && !refused)) return undefined;
  const at = disruptionOf(pod)?.lastTransitionTime ?? pod.metadata.creationTimestamp;
  if (now - (timeOf(at) ?? 0) > TELLING_MS) return undefined;
  return refused
    ? {
        reason: 'Unschedulable',
        detail: `the node ${pod.spec?.nodeName ?? ''} refused the pod: ${quote(message || reason)}`,
        fix: 'The pod is made again. If it repeats, a device on the node is unhealthy or used beside Kubernetes.',
        blocking: false,
        startedAt: at,
      }
    : {
        reason: 'Evicted',
        detail: `the node evicted the pod: ${quote(message || reason)}`,
        blocking: false,
        startedAt: at,
      };
};

/** What happens to the pod is the doing of the cluster: its node is lost, or somebody takes the pod away. */
export function isDisrupted(pod: PodEvidence): boolean {
  const { reason, phase } = statusOf(pod);
  const byKubelet = phase === 'Failed' && (reason === 'Evicted' || reason === 'Preempting' || reason === 'Terminated');
  return disruptionOf(pod) !== undefined || reason === 'NodeLost' || byKubelet || isCutOff(pod);
}

function disruptionOf(pod: PodEvidence) {
  const condition = conditionOf(pod, 'DisruptionTarget');
  return condition?.status === 'True' ? condition : undefined;
}

/** The node controller takes a silent node's pods out of service and leaves what the kubelet last said of the containers. */
function isCutOff(pod: PodEvidence): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    statusOf(pod).phase === 'Running' &&
    conditionOf(pod, 'Ready')?.status === 'False' &&
    conditionOf(pod, 'ContainersReady')?.status === 'True'
  );
}
