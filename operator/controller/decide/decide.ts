import { ANNOTATION } from '../../api/index.ts';
import { nextStep } from '../../rollout/next.ts';
import { traffic } from '../../rollout/traffic.ts';
import type { Snapshot } from '../snapshot.ts';
import { acceleratorFinding, capacityOf } from './capacity.ts';
import { childIntents } from './children.ts';
import { desiredRevision } from './desired.ts';
import { eventsOf, eventsOfWrites } from './events.ts';
import { evidenceOf, failuresOf, isOverdue, nextLook } from './evidence.ts';
import type { DecideOptions, Decision, Judgement } from './judgement.ts';
import { knownRevisions } from './known-revisions.ts';
import { inHistory, withMarks } from './marks.ts';
import { activeServiceOf, servingInStatus, stateOf, wantedReplicas } from './observed.ts';
import { isDown } from './outage.ts';
import { statusOf } from './status.ts';

/**
 * The whole judgement of one pass: pure, with the clock in the snapshot. What it needs is in the cluster (spec,
 * annotations, status, children), so that a restart at any point comes to the same decision.
 */
export function decide(snapshot: Snapshot, options: DecideOptions = { observeOnly: false }): Decision {
  const { deployment, now } = snapshot;
  const { spec, status } = deployment;
  const stored = knownRevisions(snapshot);
  const desired = desiredRevision(deployment, stored, snapshot.deployments, snapshot.cluster);
  const states = new Map(snapshot.deployments.flatMap((found) => stateOf(deployment.metadata.name, found)));
  const serves = traffic(activeServiceOf(snapshot), stored, states, {
    servingRevision: servingInStatus(deployment),
    attempt: status?.rollout?.attempt,
  });
  const replicas = wantedReplicas(snapshot, serves.serving);
  const known = desired.revision && desired.isNew ? [...stored, desired.revision] : stored;
  const evidence = evidenceOf(snapshot, known);
  const failures = failuresOf(evidence);
  const candidateFailure = desired.revision && failures.get(desired.revision.hash);
  const paused = spec.rollout?.paused ?? false;
  const hasDeadline = spec.rollout?.progressDeadline !== undefined;
  const step = nextStep({
    traffic: serves,
    revisions: known,
    desired: desired.revision?.hash,
    states,
    replicas,
    paused,
    servingDown: isDown(evidence.get(serves.serving ?? ''), failures.get(serves.serving ?? '')),
    // A deadline that the user has set is kept by the Deployment controller alone.
    candidateOverdue: !hasDeadline && isOverdue(desired.revision && evidence.get(desired.revision.hash)),
    candidateWaitsForNodes:
      !hasDeadline &&
      desired.revision?.hash !== serves.serving &&
      acceleratorFinding(snapshot, desired)?.reason === 'AcceleratorNotFound',
    candidateFailure: candidateFailure && `${candidateFailure.reason}: ${candidateFailure.message}`,
  });
  const revisions = withMarks(known, step, states, replicas, now).filter(inHistory(known, step, desired, spec));
  const observeOnly = options.observeOnly || deployment.metadata.annotations?.[ANNOTATION.reconcile] === 'disabled';
  const leaveService = paused && serves.foreignSelector;
  const capacity = capacityOf(snapshot, { desired, step, states, replicas });
  const judgement: Judgement = {
    ...{ desired, traffic: serves, step, replicas, revisions, states, failures, capacity },
    ...{ leaveService, observeOnly },
  };
  const wanted = childIntents(snapshot, { step, revisions, leaveService });
  const specFirst = spec.replicas === undefined && step.serving !== undefined;
  if (specFirst) wanted.unshift({ type: 'SetReplicas', replicas });
  const next = statusOf(snapshot, judgement, wanted);
  return {
    intents: observeOnly ? [] : specFirst ? wanted.slice(0, 1) : wanted,
    specFirst: specFirst && !observeOnly,
    status: next,
    unchanged: () => statusOf(snapshot, { ...judgement, observeOnly: true }, []),
    events: eventsOf(snapshot, next, judgement, observeOnly ? [] : wanted),
    eventsOfWrites: (done) => eventsOfWrites(snapshot, judgement, done),
    replicas,
    logsWanted: [...failures.values()].flatMap(({ causeInLog, pod }) =>
      causeInLog === true && pod !== undefined ? [pod] : [],
    ),
    ...nextLook(evidence, states, now),
  };
}
