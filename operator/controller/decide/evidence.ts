import { LABEL } from '../../api/index.ts';
import { revisionInName } from '../../resources/names.ts';
import {
  acceleratorOf,
  classifyFailure,
  type Failure,
  type FailureEvidence,
  startupProgress,
} from '../../rollout/failures/index.ts';
import type { ReplicaSetState } from '../../rollout/next.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { Snapshot } from '../snapshot.ts';

/** What is known of the pods of each revision that has a Deployment. */
export function evidenceOf(snapshot: Snapshot, revisions: readonly Revision[]): Map<string, FailureEvidence> {
  const { deployment, now } = snapshot;
  return new Map(
    snapshot.deployments.map((found) => {
      const hash = revisionInName(deployment.metadata.name, found.metadata.name) ?? '';
      const data = revisions.find((revision) => revision.hash === hash)?.data;
      const evidence: FailureEvidence = {
        pods: snapshot.pods.filter((pod) => pod.metadata.labels?.[LABEL.revision] === hash),
        deployment: found,
        startupBudgetSeconds: data?.plan.startupBudgetSeconds ?? Number.POSITIVE_INFINITY,
        accelerator: acceleratorOf({ data, running: found.spec?.template }),
        wantedReplicas: found.spec?.replicas ?? 0,
        logs: snapshot.logs,
        now,
      };
      return [hash, evidence];
    }),
  );
}

/** Why the pods of each revision do not get ready. */
export function failuresOf(evidence: ReadonlyMap<string, FailureEvidence>): Map<string, Failure> {
  const failures = new Map<string, Failure>();
  for (const [hash, found] of evidence) {
    const failure = classifyFailure(found);
    if (failure) failures.set(hash, failure);
  }
  return failures;
}

/** Every pod that still loads has used up its startup budget. */
export function isOverdue(evidence: FailureEvidence | undefined): boolean {
  if (!evidence) return false;
  const { loading, overdue } = startupProgress(evidence);
  return overdue > 0 && overdue === loading;
}

/** What only time makes visible (an engine that has gone silent, volumes that do not come) is looked for this often. */
const LOOK_AGAIN_MS = 30_000;

/** When to decide again although nothing changed: at the end of a startup budget, and now and then while pods are missing. */
export function nextLook(
  evidence: ReadonlyMap<string, FailureEvidence>,
  states: ReadonlyMap<string, ReplicaSetState>,
  now: number,
) {
  const missing = [...evidence].filter(
    ([hash, { wantedReplicas }]) => (states.get(hash)?.readyReplicas ?? 0) < wantedReplicas,
  );
  if (missing.length === 0) return {};
  const deadlines = missing.flatMap(([, found]) => startupProgress(found).nextDeadline ?? []);
  return { requeueAfterMs: Math.max(1_000, Math.min(LOOK_AGAIN_MS, ...deadlines.map((deadline) => deadline - now))) };
}
