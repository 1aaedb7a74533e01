import { ANNOTATION } from '../../operator/api/index.ts';
import type { ControllerRevision } from '../../operator/kube/resources.ts';
import type { PlanSummary } from '../../operator/rollout/revision.ts';
import type { DeepSeekDeploymentObject } from '../get/objects.ts';
import { dataOf, hashOf } from '../support/revisions.ts';
import { changesBetween, type FieldChange } from './diff.ts';

/** One attempt to change what serves. */
export interface AttemptView {
  readonly revision: string;
  readonly version: string;
  readonly outcome: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly durationSeconds?: number;
}

/** What a stored revision is good for now. */
export type StoredRole = 'serving' | 'candidate' | 'held' | 'rollback target';

/** A stored revision. */
export interface StoredRevisionView {
  readonly revision: string;
  /** Counts up. */
  readonly number: number;
  readonly version?: string;
  readonly role?: StoredRole;
  readonly createdAt?: string;
  /** When it had shown on users’ traffic that it serves. */
  readonly provenAt?: string;
  /** When it was accepted without enough traffic to prove it. */
  readonly acceptedAt?: string;
  /** `<reason>: <message>` of the failure for which it was taken back. */
  readonly failed?: string;
  /** `<reason>: <message>` of the order by which it was taken back. */
  readonly held?: string;
  /** Number of the revision that `changes` are counted from; absent for the oldest that is stored. */
  readonly changedFrom?: number;
  readonly changes: readonly FieldChange[];
  readonly plan?: PlanSummary;
}

/** All that `history` knows; `-o json` prints it. */
export interface HistoryView {
  readonly namespace: string;
  readonly name: string;
  /** Newest first. */
  readonly attempts: readonly AttemptView[];
  /** Newest first. Undefined: revisions may not be listed. */
  readonly revisions?: readonly StoredRevisionView[];
}

/** The history of a DeepSeekDeployment; `stored` is newest first, undefined when it may not be listed. */
export function historyOf(
  deployment: DeepSeekDeploymentObject,
  stored: readonly ControllerRevision[] | undefined,
): HistoryView {
  const { metadata, status } = deployment;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    attempts: (status?.history ?? []).map((entry) => ({ ...entry, ...durationOf(entry) })),
    ...(stored && { revisions: stored.map((item, index) => revisionView(deployment, item, stored[index + 1])) }),
  };
}

function durationOf({ startedAt, finishedAt }: Pick<AttemptView, 'startedAt' | 'finishedAt'>): {
  readonly durationSeconds?: number;
} {
  const seconds = (Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '')) / 1000;
  return Number.isNaN(seconds) ? {} : { durationSeconds: Math.max(0, seconds) };
}

function revisionView(
  { status }: DeepSeekDeploymentObject,
  stored: ControllerRevision,
  before: ControllerRevision | undefined,
): StoredRevisionView {
  const { creationTimestamp, annotations = {} } = stored.metadata;
  const mark = (name: 'proven' | 'accepted' | 'failed' | 'held') => annotations[ANNOTATION[name]];
  const [provenAt, acceptedAt, failed, held] = [mark('proven'), mark('accepted'), mark('failed'), mark('held')];
  const data = dataOf(stored);
  const role = roleOf(status, hashOf(stored));
  return {
    revision: hashOf(stored),
    number: stored.revision,
    ...(data?.version !== undefined && { version: data.version }),
    ...(role && { role }),
    ...(creationTimestamp !== undefined && { createdAt: creationTimestamp }),
    ...(provenAt !== undefined && { provenAt }),
    ...(acceptedAt !== undefined && { acceptedAt }),
    ...(failed !== undefined && { failed }),
    ...(held !== undefined && { held }),
    ...(before && { changedFrom: before.revision }),
    changes: before ? changesBetween(dataOf(before)?.spec, data?.spec) : [],
    ...(data?.plan && { plan: data.plan }),
  };
}

function roleOf(status: DeepSeekDeploymentObject['status'], revision: string): StoredRole | undefined {
  if (status?.serving?.revision === revision) return 'serving';
  if (status?.candidate?.revision === revision) return status.rollout?.phase === 'Held' ? 'held' : 'candidate';
  return status?.rollback?.revision === revision ? 'rollback target' : undefined;
}
