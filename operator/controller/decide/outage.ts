import type { Reason } from '../../api/index.ts';
import type { Failure, FailureEvidence } from '../../rollout/failures/index.ts';
import { conditionOf, isGone, timeOf } from '../../rollout/failures/pod.ts';

/** How long nothing of what serves has to be unready before it counts as down: a restart may heal it. */
const OUTAGE_MS = 2 * 60_000;

/** What another version would meet as well, or what keeps pods from existing: no reason to give a version up. */
const NOT_ITS_OWN: ReadonlySet<Reason> = new Set(['AdmissionDenied', 'QuotaExceeded', 'VolumePending']);

/**
 * Whether the pods of a revision have all been out of service for a while, for a reason that lies in the revision and
 * that waiting will not cure. Its pods do nothing then but hold GPUs.
 */
export function isDown(evidence: FailureEvidence | undefined, failure: Failure | undefined): boolean {
  if (!evidence || failure?.blocking !== true || NOT_ITS_OWN.has(failure.reason)) return false;
  const pods = evidence.pods.filter((pod) => !isGone(pod));
  return pods.length > 0 && pods.every((pod) => unreadySince(pod) <= evidence.now - OUTAGE_MS);
}

/** Milliseconds since the epoch; Infinity while the pod is ready. */
function unreadySince(pod: FailureEvidence['pods'][number]): number {
  const ready = conditionOf(pod, 'Ready');
  if (ready?.status === 'True') return Number.POSITIVE_INFINITY;
  return timeOf(ready?.lastTransitionTime ?? pod.metadata.creationTimestamp) ?? Number.POSITIVE_INFINITY;
}
