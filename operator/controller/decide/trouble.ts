import { ENGINE_CONTAINER } from '../../resources/pod-template.ts';
import { diagnosePod, type FailureEvidence, isDisrupted, type PodEvidence } from '../../rollout/failures/index.ts';
import { conditionOf, isGone, isReady, lastEnd, statusOf, timeOf } from '../../rollout/failures/pod.ts';

/** How long a pod may be out of readiness before it counts against a version: a long prefill may miss a probe. */
const UNREADY_MS = 30_000;

/** How a container runtime tells of containers that ended with their node: nobody knows how. */
const ENDED_WITH_NODE: readonly string[] = ['ContainerStatusUnknown', 'Unknown'];

/**
 * What the engines of a revision did wrong since `since`, as `<reason>: <message>`: one that had answered and ended, or
 * one that has been out of readiness for a while. What happens to a pod that is drained, evicted or preempted, or whose
 * node is lost, is no fault of its engine. Undefined: nothing.
 *
 * @param since milliseconds since the epoch
 */
export function troubleOf(evidence: FailureEvidence | undefined, since: number): string | undefined {
  const pods = evidence?.pods.filter((pod) => !isGone(pod) && !isDisrupted(pod)) ?? [];
  for (const pod of pods) {
    const trouble = evidence && (endOf(pod, evidence, since) ?? silenceOf(pod, evidence, since));
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

function endOf(pod: PodEvidence, evidence: FailureEvidence, since: number): string | undefined {
  const engine = engineOf(pod);
  const end = engine && lastEnd(engine);
  const at = timeOf(end?.finishedAt);
  if (end === undefined || at === undefined || at < since || ENDED_WITH_NODE.includes(end.reason ?? ''))
    return undefined;
  // Ends are told in whole seconds: one in the very second of `since` may have been a start that failed before it.
  if (at === since && isReady(pod)) return undefined;
  if (!hadAnswered(pod, timeOf(end.startedAt), since)) return undefined;
  const how = `exit code ${end.exitCode}${end.reason === undefined ? '' : ` (${end.reason})`}`;
  const found = diagnosePod(pod, evidence);
  const reason = found?.reason ?? (end.reason === 'OOMKilled' ? 'OutOfMemoryHost' : 'CrashLoop');
  return `${reason}: pod ${pod.metadata.name} was ready, and its engine ended: ${found?.detail ?? how}`;
}

/** A start that fails is no end of an engine that served: that pods are missing is told elsewhere. */
function hadAnswered(pod: PodEvidence, startedAt: number | undefined, since: number): boolean {
  const isOld = (timeOf(pod.metadata.creationTimestamp) ?? 0) <= since;
  const unready = timeOf(conditionOf(pod, 'Ready')?.lastTransitionTime);
  // Ready again, or within one second of its start: whether it had been ready before, only its age tells.
  if (isReady(pod) || unready === undefined || startedAt === undefined || unready === startedAt) return isOld;
  return unready > startedAt;
}

function silenceOf(pod: PodEvidence, evidence: FailureEvidence, since: number): string | undefined {
  if (isReady(pod) || engineOf(pod)?.started !== true) return undefined;
  const unready = timeOf(conditionOf(pod, 'Ready')?.lastTransitionTime) ?? evidence.now;
  if (unready < since || evidence.now - unready < UNREADY_MS) return undefined;
  const found = diagnosePod(pod, evidence);
  const words = found?.detail ?? 'its health check fails';
  return `${found?.reason ?? 'EngineNotResponding'}: pod ${pod.metadata.name} has lost its readiness: ${words}`;
}

function engineOf(pod: PodEvidence) {
  return statusOf(pod).containerStatuses?.find(({ name }) => name === ENGINE_CONTAINER);
}
