import { ANNOTATION, LABEL } from '../../api/index.ts';
import { classifyFailure, type Failure, type FailureEvidence, startupProgress } from '../../rollout/failures/index.ts';
import { revisionInName } from '../../resources/names.ts';
import { nextStep, type ReplicaSetState, type RolloutStep } from '../../rollout/next.ts';
import type { Revision } from '../../rollout/revision.ts';
import { type Traffic, traffic } from '../../rollout/traffic.ts';
import type { LiveDeployment, Snapshot } from '../snapshot.ts';
import { childIntents } from './children.ts';
import { seconds } from './conditions.ts';
import { type Desired, desiredRevision } from './desired.ts';
import { eventsOf } from './events.ts';
import type { EventRecord, Intent } from './intents.ts';
import { type Status, statusOf } from './status.ts';

/** All that one pass does. */
export interface Decision {
  /** Carried out in order, up to the first that fails. */
  readonly intents: readonly Intent[];
  /** The status once the intents are carried out. */
  readonly status: Status;
  /** The status if nothing is carried out: what is told when a write is refused. */
  readonly unchanged: () => Status;
  readonly events: readonly EventRecord[];
  /** Replicas wanted of the version that serves. */
  readonly replicas: number;
  /** When time alone can change the decision. */
  readonly requeueAfterMs?: number;
  /** Pods whose logs may tell what their termination messages do not: worth reading before anything is done. */
  readonly logsWanted: readonly string[];
  /** The intents change the spec itself: all else, status included, is decided on what comes back. */
  readonly specFirst: boolean;
}

/** What was found out about one snapshot, for status and events. */
export interface Judgement {
  readonly desired: Desired;
  readonly traffic: Traffic;
  readonly step: RolloutStep;
  /** Replicas wanted of the version that serves. */
  readonly replicas: number;
  readonly revisions: readonly Revision[];
  readonly states: ReadonlyMap<string, ReplicaSetState>;
  /** By revision hash: why its pods do not get ready. */
  readonly failures: ReadonlyMap<string, Failure>;
  /** Writes to children are switched off by annotation or flag. */
  readonly observeOnly: boolean;
}

/** Settings of the operator that bear on decisions. */
export interface DecideOptions {
  /** Status only, no write to children. */
  readonly observeOnly: boolean;
}

/**
 * The whole judgement of one pass: pure, with the clock in the snapshot. What it needs is in the cluster (spec,
 * annotations, status, children), so that a restart at any point comes to the same decision.
 */
export function decide(snapshot: Snapshot, options: DecideOptions = { observeOnly: false }): Decision {
  const { deployment, now } = snapshot;
  const { spec, status } = deployment;
  const desired = desiredRevision(deployment, snapshot.revisions, snapshot.deployments);
  const states = new Map(snapshot.deployments.flatMap((found) => stateOf(deployment.metadata.name, found)));
  const serves = traffic(activeServiceOf(snapshot), snapshot.revisions, new Set(states.keys()), {
    servingRevision: status?.serving?.revision,
    attempt: status?.rollout?.attempt,
  });
  const replicas = wantedReplicas(snapshot, serves.serving);
  const known = desired.revision && desired.isNew ? [...snapshot.revisions, desired.revision] : snapshot.revisions;
  const evidence = evidenceOf(snapshot, known);
  const failures = failuresOf(evidence);
  const candidateFailure = desired.revision && failures.get(desired.revision.hash);
  const step = nextStep({
    traffic: serves,
    revisions: known,
    desired: desired.revision?.hash,
    states,
    replicas,
    paused: spec.rollout?.paused ?? false,
    candidateOverdue: isOverdue(desired.revision && evidence.get(desired.revision.hash)),
    candidateFailure: candidateFailure && `${candidateFailure.reason}: ${candidateFailure.message}`,
  });
  const revisions = withMarks(known, step, states, replicas, now).filter(inHistory(known, step, desired, spec));
  const observeOnly = options.observeOnly || deployment.metadata.annotations?.[ANNOTATION.reconcile] === 'disabled';
  const judgement = { desired, traffic: serves, step, replicas, revisions, states, failures, observeOnly };
  const wanted = childIntents(snapshot, { step, revisions });
  const specFirst = spec.replicas === undefined && step.serving !== undefined;
  if (specFirst) wanted.unshift({ type: 'SetReplicas', replicas });
  const next = statusOf(snapshot, judgement, wanted);
  return {
    intents: observeOnly ? [] : specFirst ? wanted.slice(0, 1) : wanted,
    specFirst: specFirst && !observeOnly,
    status: next,
    unchanged: () => statusOf(snapshot, { ...judgement, observeOnly: true }, []),
    events: eventsOf(status, next, judgement, wanted),
    replicas,
    logsWanted: [...failures.values()].flatMap(({ causeInLog, pod }) =>
      causeInLog === true && pod !== undefined ? [pod] : [],
    ),
    ...nextLook(evidence, states, now),
  };
}

/** spec.replicas; when it is absent what serves now, else minReplicas, else 1. */
function wantedReplicas({ deployment, deployments }: Snapshot, serving: string | undefined): number {
  const live = deployments.find(({ metadata }) => revisionInName(deployment.metadata.name, metadata.name) === serving);
  return deployment.spec.replicas ?? live?.spec?.replicas ?? deployment.spec.autoscaling?.minReplicas ?? 1;
}

/** What the Deployment controller says of a revision, if it has seen the current spec. */
function stateOf(name: string, { metadata, spec, status }: LiveDeployment): [string, ReplicaSetState][] {
  const hash = revisionInName(name, metadata.name);
  if (hash === undefined) return [];
  const current = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  const updated = status?.updatedReplicas ?? 0;
  const state: ReplicaSetState = {
    replicas: spec?.replicas ?? 0,
    readyReplicas: status?.readyReplicas ?? 0,
    availableReplicas: current ? Math.min(status?.availableReplicas ?? 0, updated) : 0,
    deadlineExceeded: current && progressing?.reason === 'ProgressDeadlineExceeded',
  };
  return [[hash, state]];
}

function activeServiceOf({ deployment, services }: Snapshot) {
  const service = services.find(({ metadata }) => metadata.name === deployment.metadata.name);
  if (!service) return undefined;
  const { [ANNOTATION.servingRevision]: servingRevision, [ANNOTATION.attempt]: attempt } =
    service.metadata.annotations ?? {};
  const selector = service.spec?.selector ?? {};
  const selectedRevision = selector[LABEL.name] === deployment.metadata.name ? selector[LABEL.revision] : undefined;
  return {
    ...(servingRevision === undefined ? {} : { servingRevision }),
    ...(attempt === undefined || !/^\d+$/.test(attempt) ? {} : { attempt: Number(attempt) }),
    ...(selectedRevision === undefined ? {} : { selectedRevision }),
  };
}

/** What is known of the pods of each revision that has a Deployment. */
function evidenceOf(snapshot: Snapshot, revisions: readonly Revision[]): Map<string, FailureEvidence> {
  const { deployment, now } = snapshot;
  return new Map(
    snapshot.deployments.map((found) => {
      const hash = revisionInName(deployment.metadata.name, found.metadata.name) ?? '';
      const plan = revisions.find((revision) => revision.hash === hash)?.data.plan;
      const resourceName = deployment.spec.accelerator.resourceName;
      const evidence: FailureEvidence = {
        pods: snapshot.pods.filter((pod) => pod.metadata.labels?.[LABEL.revision] === hash),
        deployment: found,
        startupBudgetSeconds: plan?.startupBudgetSeconds ?? Number.POSITIVE_INFINITY,
        accelerator: {
          type: deployment.spec.accelerator.type,
          gpusPerReplica: plan?.gpusPerReplica ?? 0,
          ...(resourceName === undefined ? {} : { resourceName }),
        },
        wantedReplicas: found.spec?.replicas ?? 0,
        logs: snapshot.logs,
        now,
      };
      return [hash, evidence];
    }),
  );
}

function failuresOf(evidence: ReadonlyMap<string, FailureEvidence>): Map<string, Failure> {
  const failures = new Map<string, Failure>();
  for (const [hash, found] of evidence) {
    const failure = classifyFailure(found);
    if (failure) failures.set(hash, failure);
  }
  return failures;
}

function isOverdue(evidence: FailureEvidence | undefined): boolean {
  if (!evidence) return false;
  const { loading, overdue } = startupProgress(evidence);
  return overdue > 0 && overdue === loading;
}

/** What only time makes visible (an engine that has gone silent, volumes that do not come) is looked for this often. */
const LOOK_AGAIN_MS = 30_000;

/** When to decide again although nothing changed: at the end of a startup budget, and now and then while pods are missing. */
function nextLook(
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

/** The revisions with the marks that this pass gives and takes: proven, failed. */
function withMarks(
  revisions: readonly Revision[],
  step: RolloutStep,
  states: ReadonlyMap<string, ReplicaSetState>,
  replicas: number,
  now: number,
): Revision[] {
  return revisions.map((revision) => {
    const { failed, proven, ...rest } = revision;
    const cause = step.fail?.revision === revision.hash ? step.fail.cause : failed;
    const available = states.get(revision.hash)?.availableReplicas ?? 0;
    const proves = revision.hash === step.serving && !step.switched && replicas > 0 && available >= replicas;
    const since = proven ?? (proves ? seconds(now) : undefined);
    return {
      ...rest,
      ...(cause === undefined || step.forgive.includes(revision.hash) ? {} : { failed: cause }),
      ...(since === undefined ? {} : { proven: since }),
    };
  });
}

const DEFAULT_HISTORY_LIMIT = 5;

/** Which revisions stay: those in use, and the newest of the rest up to the limit. */
function inHistory(
  revisions: readonly Revision[],
  step: RolloutStep,
  desired: Desired,
  spec: Snapshot['deployment']['spec'],
): (revision: Revision) => boolean {
  const used = new Set([step.serving, step.candidate, desired.revision?.hash, ...step.replicas.keys()]);
  const idle = revisions.filter(({ hash }) => !used.has(hash)).sort((a, b) => b.number - a.number);
  const limit = spec.rollout?.revisionHistoryLimit ?? DEFAULT_HISTORY_LIMIT;
  const kept = new Set(idle.slice(0, limit).map(({ hash }) => hash));
  return ({ hash }) => used.has(hash) || kept.has(hash);
}
