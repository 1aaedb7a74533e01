import { ANNOTATION, type DeepSeekDeploymentStatus, isReason, LABEL, REASON_GROUPS } from '../../operator/api/index.ts';
import type { ControllerRevision, Pod } from '../../operator/kube/resources.ts';
import { acceleratorOf, classifyFailure, type FailureEvidence } from '../../operator/rollout/failures/index.ts';
import type { PlanSummary, RevisionData } from '../../operator/rollout/revision.ts';
import type { DeepSeekDeploymentObject, TreeObjects } from './objects.ts';
import { type ProgressView, progressOf } from './progress.ts';
import { type FailureView, podView, type PodView } from './pods.ts';

/** How something fares: as it should, on its way, waiting for somebody to act, or off on purpose. */
export type Health = 'good' | 'progress' | 'bad' | 'off';

/** The Ready condition. */
export interface ReadyView {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly health: Health;
  /** A reason of docs/reference/reasons.md; absent before the operator's first look. */
  readonly reason?: string;
  readonly message: string;
  /** RFC 3339. */
  readonly since?: string;
}

/** That there is no place for all pods, or not the one that was planned for: the condition CapacityAvailable, where it is False. */
export interface CapacityView {
  readonly health: Health;
  readonly reason: string;
  readonly message: string;
  /** RFC 3339. */
  readonly since: string;
}

/** What one line of the table says. */
export interface DeploymentSummary {
  readonly namespace: string;
  readonly name: string;
  /** What the spec asks for; what serves may be another model. */
  readonly model: string;
  /** What the spec asks for; what serves may be on another one. */
  readonly accelerator: string;
  readonly createdAt?: string;
  readonly ready: ReadyView;
  readonly replicas: { readonly wanted: number; readonly ready: number };
  readonly phase?: string;
  readonly serving?: { readonly revision: string; readonly version: string; readonly proven?: boolean };
  readonly candidate?: { readonly revision: string; readonly version: string };
  /** Of what serves; while nothing does, of what is wanted. */
  readonly plan?: PlanSummary;
  readonly rollback?: NonNullable<DeepSeekDeploymentStatus['rollback']>;
}

export type RevisionRole = 'serving' | 'candidate' | 'held' | 'rollback target' | 'old';

export interface RevisionView {
  readonly revision: string;
  readonly role: RevisionRole;
  readonly version?: string;
  readonly replicas: { readonly wanted: number; readonly ready: number };
  readonly createdAt?: string;
  /** When it first served at full size, RFC 3339. */
  readonly provenAt?: string;
  /** When it was accepted without enough traffic to prove it, RFC 3339. */
  readonly acceptedAt?: string;
  /** Why it was taken back: `<reason>: <message>` of a failure. */
  readonly failed?: string;
  /** The same of an order. */
  readonly held?: string;
  /** Why its pods do not get ready. */
  readonly failure?: FailureView;
  /** Class of accelerator that its pods run on; the spec may ask for another one by now. */
  readonly accelerator?: string;
  readonly plan?: PlanSummary;
  /** Time that a pod may take until it is ready, in seconds. */
  readonly startupBudgetSeconds?: number;
  readonly pods: readonly PodView[];
}

/** A revision without pods, kept so that the spec can return to it. */
export interface EarlierRevision {
  readonly revision: string;
  readonly version?: string;
  readonly createdAt?: string;
  readonly provenAt?: string;
  readonly acceptedAt?: string;
  readonly failed?: string;
  readonly held?: string;
}

/** Everything that `get NAME` shows; `-o json` prints it. Times are RFC 3339, so that nothing in it grows old. */
export interface DeploymentInfo extends Omit<DeploymentSummary, 'rollback'>, ProgressView {
  readonly capacity?: CapacityView;
  readonly warnings: readonly string[];
  readonly revisions: readonly RevisionView[];
  /** Newest first. */
  readonly earlier: readonly EarlierRevision[];
}

/** The summary of one DeepSeekDeployment: from the object alone. */
export function summaryOf({ metadata, spec, status }: DeepSeekDeploymentObject): DeploymentSummary {
  const ready = readyOf({ metadata, status });
  const { serving, plan, rollback, rollout } = status ?? {};
  // After the switch the version that is being judged serves, and is next no more.
  const candidate = status?.candidate?.revision === serving?.revision ? undefined : status?.candidate;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    model: spec.model.name,
    accelerator: spec.accelerator.type,
    ...(metadata.creationTimestamp !== undefined && { createdAt: metadata.creationTimestamp }),
    ready,
    replicas: { wanted: wantedReplicas({ spec, status }), ready: status?.readyReplicas ?? 0 },
    ...(rollout && { phase: rollout.phase }),
    ...(serving && { serving: withoutCounts(serving) }),
    ...(candidate && { candidate: withoutCounts(candidate) }),
    ...(plan && { plan, startupBudgetSeconds: plan.startupBudgetSeconds }),
    ...(rollback && { rollback }),
  };
}

/** What has a role, without the count that the revision's own view has. */
function withoutCounts<T extends { readonly readyReplicas: number }>({
  readyReplicas: _,
  ...rest
}: T): Omit<T, 'readyReplicas'> {
  return rest;
}

/** The whole view of one DeepSeekDeployment and what is below it, at `now` (milliseconds since the epoch). */
export function infoOf(objects: TreeObjects, now: number): DeploymentInfo {
  const { deployment, controllerRevisions } = objects;
  const { status } = deployment;
  const roles = rolesOf(objects);
  const stored = controllerRevisions.toSorted((a, b) => b.revision - a.revision);
  return {
    ...summaryOf(deployment),
    ...progressOf(deployment),
    ...capacityOf(status),
    warnings: warningsOf(objects),
    revisions: [...roles].map(([revision, role]) => revisionView(objects, revision, role, now)),
    earlier: stored.filter((object) => !roles.has(hashOf(object))).map((object) => marksOf(hashOf(object), object)),
  };
}

function readyOf({ metadata, status }: Pick<DeepSeekDeploymentObject, 'metadata'> & StatusOf): ReadyView {
  const find = (type: string) => status?.conditions?.find((condition) => condition.type === type);
  const ready = find('Ready');
  if (!ready) {
    const message =
      'The operator has not looked at this object yet. If that lasts, see whether it runs and watches this namespace.';
    return { status: 'Unknown', health: 'progress', message };
  }
  const newer = (metadata.generation ?? 0) > (status?.observedGeneration ?? -1);
  return {
    status: ready.status,
    health: newer ? 'progress' : healthOf(ready.status, ready.reason, find('Stalled')?.status === 'True'),
    reason: ready.reason,
    message: newer ? `${ready.message} The operator has not judged the newest change of the spec yet.` : ready.message,
    since: ready.lastTransitionTime,
  };
}

function capacityOf(status: DeepSeekDeploymentStatus | undefined): { readonly capacity?: CapacityView } {
  const condition = status?.conditions?.find(({ type }) => type === 'CapacityAvailable');
  if (condition?.status !== 'False') return {};
  const { reason, message, lastTransitionTime: since } = condition;
  return { capacity: { health: healthOf('False', reason, false), reason, message, since } };
}

interface StatusOf {
  readonly status?: DeepSeekDeploymentStatus | undefined;
}

function healthOf(status: string, reason: string, stalled: boolean): Health {
  if (reason === 'ScaledToZero') return 'off';
  if (status === 'True') return 'good';
  return stalled || (isReason(reason) && reason in REASON_GROUPS.Failures) ? 'bad' : 'progress';
}

/** The operator's rule: spec.replicas; when it is absent what serves now, else minReplicas, else 1. */
function wantedReplicas({ spec, status }: Pick<DeepSeekDeploymentObject, 'spec'> & StatusOf): number {
  const serves = status?.serving === undefined ? undefined : status.replicas;
  return spec.replicas ?? serves ?? spec.autoscaling?.minReplicas ?? 1;
}

function warningsOf({ deployment: { status }, denied }: TreeObjects): string[] {
  const ignored = status?.conditions?.find(({ type, status: holds }) => type === 'FieldsIgnored' && holds === 'True');
  return [
    ...(status?.plan?.warnings ?? []),
    ...(ignored ? [ignored.message] : []),
    ...denied.map((kind) => `You may not list ${kind}: what they would say is missing here.`),
  ];
}

/** The revisions that have a role or pods, in the order in which they are shown. */
function rolesOf({ deployment: { status }, deployments, pods }: TreeObjects): Map<string, RevisionRole> {
  const roles = new Map<string, RevisionRole>();
  const add = (revision: string | undefined, role: RevisionRole) => {
    if (revision !== undefined && revision !== '' && !roles.has(revision)) roles.set(revision, role);
  };
  add(status?.serving?.revision, 'serving');
  add(status?.candidate?.revision, status?.rollout?.phase === 'Held' ? 'held' : 'candidate');
  add(status?.rollback?.revision, 'rollback target');
  const live = deployments.filter(({ spec }) => (spec?.replicas ?? 0) > 0);
  for (const object of [...live, ...pods]) add(hashOf(object), 'old');
  return roles;
}

function revisionView(objects: TreeObjects, revision: string, role: RevisionRole, now: number): RevisionView {
  const { deployment: owner, controllerRevisions, deployments, denied } = objects;
  const stored = controllerRevisions.find((object) => hashOf(object) === revision);
  const deployment = deployments.find((object) => hashOf(object) === revision);
  const pods = objects.pods.filter((pod) => hashOf(pod) === revision).toSorted(byAge);
  const { serving, candidate } = owner.status ?? {};
  const named = [serving, candidate].find((known) => known?.revision === revision);
  const data = dataOf(stored);
  const plan = data?.plan;
  const accelerator = acceleratorOf({ data, running: deployment?.spec?.template });
  const wanted = deployment?.spec?.replicas ?? 0;

  const evidence: Omit<FailureEvidence, 'pods' | 'wantedReplicas'> = {
    startupBudgetSeconds: plan?.startupBudgetSeconds ?? Number.POSITIVE_INFINITY,
    accelerator,
    now,
  };
  const failure = classifyFailure({ ...evidence, pods, ...(deployment && { deployment }), wantedReplicas: wanted });
  return {
    ...marksOf(revision, stored),
    role,
    ...(named && { version: named.version }),
    replicas: { wanted, ready: deployment?.status?.readyReplicas ?? 0 },
    ...(failure && { failure: { reason: failure.reason, message: failure.message, blocking: failure.blocking } }),
    ...(accelerator.type !== undefined && { accelerator: accelerator.type }),
    ...(plan && { plan, startupBudgetSeconds: plan.startupBudgetSeconds }),
    pods: pods.map((pod) => podView(pod, { evidence, nodes: denied.includes('nodes') ? undefined : objects.nodes })),
  };
}

function marksOf(revision: string, stored: ControllerRevision | undefined): EarlierRevision {
  const { creationTimestamp, annotations = {} } = stored?.metadata ?? {};
  const { [ANNOTATION.proven]: provenAt, [ANNOTATION.accepted]: acceptedAt } = annotations;
  const { [ANNOTATION.failed]: failed, [ANNOTATION.held]: held } = annotations;
  const version = dataOf(stored)?.version;
  return {
    revision,
    ...(version !== undefined && { version }),
    ...(creationTimestamp !== undefined && { createdAt: creationTimestamp }),
    ...(provenAt !== undefined && { provenAt }),
    ...(acceptedAt !== undefined && { acceptedAt }),
    ...(failed !== undefined && { failed }),
    ...(held !== undefined && { held }),
  };
}

/** What the operator stored in a ControllerRevision; any part of it may be missing when somebody else made it. */
function dataOf(stored: ControllerRevision | undefined): Partial<RevisionData> | undefined {
  return stored?.data;
}

function hashOf({ metadata }: { readonly metadata: Pod['metadata'] }): string {
  return metadata.labels?.[LABEL.revision] ?? '';
}

function byAge(a: Pod, b: Pod): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ''}/${metadata.name}`);
  return (left ?? '') < (right ?? '') ? -1 : 1;
}
