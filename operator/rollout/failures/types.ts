import type { IPod } from 'kubernetes-models/v1/Pod';
import type { Reason } from '../../api/index.ts';

/** A pod as far as failures can be read from it. */
export interface PodEvidence {
  readonly metadata: {
    readonly name: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: NonNullable<IPod['status']> | object;
}

/** A condition of a Deployment. */
export interface DeploymentConditionEvidence {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** What is known of the pods of one revision. */
export interface FailureEvidence {
  readonly pods: readonly PodEvidence[];
  readonly deployment?: { readonly status?: { readonly conditions?: readonly DeploymentConditionEvidence[] } };
  /** ServingPlan.startupBudgetSeconds. Infinity: unknown, nothing is ever late. */
  readonly startupBudgetSeconds: number;
  readonly accelerator: {
    /** For people, e.g. `A100-80GB`; absent when nobody knows it any more. */
    readonly type?: string;
    readonly gpusPerReplica: number;
    /** Extended resource that the pods ask for; absent on CPU. */
    readonly resourceName?: string;
  };
  readonly wantedReplicas: number;
  /** By pod name: the end of the log of the container that ended, where somebody has read it; better than its termination message. */
  readonly logs?: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Why pods do not run or do not answer. */
export interface Failure {
  readonly reason: Reason;
  /** What happened, to how many pods, in the component's own words, and what to do. Holds no clock and no counter of retries. */
  readonly message: string;
  /** Nothing will change until somebody changes the spec or the cluster. */
  readonly blocking: boolean;
  /** A pod that shows it; absent when there is no pod. */
  readonly pod?: string;
  /** Pods with this reason. */
  readonly affectedPods: number;
  /** The cause is in the log of the pod's previous container, and not in the evidence: with it, the answer may be better. */
  readonly causeInLog?: boolean;
  /** Since when, RFC 3339, where the evidence says so. */
  readonly startedAt?: string;
}

/** What one diagnosis found in one pod. */
export interface Finding {
  readonly reason: Reason;
  /** What happened, one sentence without a full stop. */
  readonly detail: string;
  /** What to do about it, a sentence; absent: the fix of the reason's catalogue entry. */
  readonly fix?: string;
  readonly blocking: boolean;
  readonly causeInLog?: boolean;
  readonly startedAt?: string | undefined;
}

/** Looks for one kind of failure in one pod. */
export type Diagnosis = (pod: PodEvidence, evidence: FailureEvidence) => Finding | undefined;
