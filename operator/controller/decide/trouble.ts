import { ENGINE_CONTAINER } from '../../resources/pod-template.ts';
import type { Failure, FailureEvidence } from '../../rollout/failures/index.ts';
import { conditionOf, isGone, isReady, lastEnd, statusOf, timeOf } from '../../rollout/failures/pod.ts';

/** How long a pod may be out of readiness before it counts against a version: a long prefill may miss a probe. */
const UNREADY_MS = 30_000;

/** What is the cluster’s doing, and says nothing about the version. */
const NOT_THE_ENGINE: readonly string[] = [
  'NodeLost',
  'Evicted',
  'Preempted',
  'InsufficientGPUs',
  'Unschedulable',
  'QuotaExceeded',
];

/**
 * What the engines of a revision did wrong since it got the traffic, as `<reason>: <message>`: one that ended or was
 * restarted, or one that has been out of readiness for a while on a node that is well. Undefined: nothing.
 */
export function troubleOf(
  evidence: FailureEvidence | undefined,
  failure: Failure | undefined,
  since: number,
): string | undefined {
  if (evidence === undefined || (failure !== undefined && NOT_THE_ENGINE.includes(failure.reason))) return undefined;
  for (const pod of evidence.pods.filter((candidate) => !isGone(candidate))) {
    const engine = statusOf(pod).containerStatuses?.find(({ name }) => name === ENGINE_CONTAINER);
    const end = engine && lastEnd(engine);
    const ended = timeOf(end?.finishedAt);
    if (end !== undefined && ended !== undefined && ended >= since) {
      const words =
        failure?.message ?? `exit code ${end.exitCode}${end.reason === undefined ? '' : ` (${end.reason})`}`;
      return `${failure?.reason ?? 'CrashLoop'}: the engine of pod ${pod.metadata.name} ended while it had the traffic: ${words}`;
    }
    const ready = conditionOf(pod, 'Ready');
    const started = conditionOf(pod, 'PodScheduled')?.status === 'True' && engine?.started === true;
    const unready = timeOf(ready?.lastTransitionTime) ?? evidence.now;
    if (!isReady(pod) && started && unready >= since && evidence.now - unready >= UNREADY_MS) {
      const words = failure?.message ?? 'its health check fails';
      return `${failure?.reason ?? 'EngineNotResponding'}: pod ${pod.metadata.name} has lost its readiness: ${words}`;
    }
  }
  return undefined;
}
