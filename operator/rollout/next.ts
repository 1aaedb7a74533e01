import type { Revision } from './revision.ts';
import type { Traffic } from './traffic.ts';

/** The pods of one revision, as its Deployment counts them. */
export interface ReplicaSetState {
  /** spec.replicas of the Deployment. */
  readonly replicas: number;
  readonly readyReplicas: number;
  /** Ready for at least minReadySeconds, all of the current template. */
  readonly availableReplicas: number;
  /** The Deployment controller gave up waiting (Progressing=False, ProgressDeadlineExceeded). */
  readonly deadlineExceeded: boolean;
}

export interface RolloutInput {
  readonly traffic: Traffic;
  /** All stored revisions, the one that the spec asks for among them if it was accepted. */
  readonly revisions: readonly Revision[];
  /** Hash of the revision that the spec asks for; absent when the planner refused the spec. */
  readonly desired?: string | undefined;
  /** By revision hash; a revision without a Deployment has no entry. */
  readonly states: ReadonlyMap<string, ReplicaSetState>;
  /** Replicas wanted of the version that serves. */
  readonly replicas: number;
  readonly paused: boolean;
  /** All pods of what serves are out of service, for a reason of their own that waiting will not cure. */
  readonly servingDown?: boolean;
  /** Every pod of the candidate that still loads has used up its startup budget. */
  readonly candidateOverdue?: boolean;
  /** No node has the accelerator of the candidate: that is no fault of its own, and an autoscaler may bring one. */
  readonly candidateWaitsForNodes?: boolean;
  /** Why the candidate fails, as `<reason>: <message>`, if a classifier said so. */
  readonly candidateFailure?: string | undefined;
}

/** Where a rollout stands; the words of status.rollout.phase. */
export type Phase = 'Idle' | 'Waiting' | 'Loading' | 'Switching' | 'Held';

export interface RolloutStep {
  readonly phase: Phase;
  /** The revision that serves after this step. */
  readonly serving?: string | undefined;
  readonly attempt: number;
  /** The revision that is to serve next. */
  readonly candidate?: string | undefined;
  /** Replicas wanted of each revision that keeps its Deployment. A revision that is missing here goes. */
  readonly replicas: ReadonlyMap<string, number>;
  /** `<reason>: <message>` to store on the candidate: it is taken back, and not tried again. */
  readonly fail?: { readonly revision: string; readonly cause: string };
  /** Failed revisions that the spec no longer asks for: their mark is cleared, so that a return to them is a new try. */
  readonly forgive: readonly string[];
  /** This step moves the active Service to another revision. */
  readonly switched: boolean;
}

/**
 * The plain switch: the next revision is created beside the one that serves and takes over once it is available.
 * This is the seam where the ways of a rollout (full, handover, ...) are chosen.
 */
export function nextStep(input: RolloutInput): RolloutStep {
  const { traffic, desired, revisions, states } = input;
  const byHash = (hash: string | undefined) => revisions.find((revision) => revision.hash === hash);
  const forgive = revisions.filter((r) => r.failed !== undefined && r.hash !== desired).map((r) => r.hash);
  const stay = (phase: Phase, extra: Partial<RolloutStep> = {}): RolloutStep => ({
    phase,
    serving: traffic.serving,
    attempt: traffic.attempt,
    replicas: new Map(traffic.serving === undefined ? [] : [[traffic.serving, input.replicas]]),
    forgive,
    switched: false,
    ...extra,
  });
  const takeOver = (hash: string): RolloutStep => {
    const replicas = new Map([[hash, input.replicas]]);
    // The old pods outlive the switch by one pass: they go once the active Service no longer selects them.
    if (traffic.serving !== undefined) replicas.set(traffic.serving, states.get(traffic.serving)?.replicas ?? 0);
    return stay('Switching', { serving: hash, attempt: traffic.attempt + 1, replicas, switched: true });
  };

  if (desired !== undefined && traffic.serving === undefined) {
    return stay('Loading', { serving: desired, replicas: new Map([[desired, input.replicas]]) });
  }
  if (desired === undefined || traffic.serving === undefined || desired === traffic.serving) {
    const available = states.get(traffic.serving ?? '')?.availableReplicas ?? 0;
    const first = traffic.serving !== undefined && byHash(traffic.serving)?.proven === undefined;
    return stay(first && available < input.replicas ? 'Loading' : 'Idle');
  }

  const candidate = byHash(desired);
  if (candidate?.failed !== undefined) return stay('Held', { candidate: desired });

  const answers = (states.get(traffic.serving)?.readyReplicas ?? 0) > 0;
  const serving = byHash(traffic.serving);
  const neverServed = serving !== undefined && serving.proven === undefined;
  if (!answers && (neverServed || input.servingDown === true) && !input.paused) {
    // Nothing can be lost, and the pods of what should serve may hold the GPUs that the corrected version needs.
    return { ...takeOver(desired), replicas: new Map([[desired, input.replicas]]) };
  }
  if (input.paused || input.replicas === 0) {
    const kept = states.get(desired)?.replicas ?? 0;
    const replicas = new Map([[traffic.serving, input.replicas]]);
    if (kept > 0) replicas.set(desired, Math.min(kept, input.replicas));
    return stay('Waiting', { candidate: desired, replicas });
  }

  const state = states.get(desired);
  const late = state?.deadlineExceeded === true || input.candidateOverdue === true;
  if (late && input.candidateWaitsForNodes !== true && (state?.availableReplicas ?? 0) < input.replicas) {
    const cause =
      input.candidateFailure ?? 'StartupBudgetExceeded: it did not become available in the time that a start may take';
    return stay('Held', { candidate: desired, fail: { revision: desired, cause } });
  }
  if (state !== undefined && state.availableReplicas >= input.replicas) return takeOver(desired);
  const both = new Map([
    [traffic.serving, input.replicas],
    [desired, input.replicas],
  ]);
  return stay('Loading', { candidate: desired, replicas: both });
}
