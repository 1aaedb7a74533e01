import { ANNOTATION } from '../../api/index.ts';
import { nextStep } from '../../rollout/next.ts';
import type { Snapshot } from '../snapshot.ts';
import { assignmentsOf } from './assignments.ts';
import { capacityOf } from './capacity.ts';
import { childIntents } from './children.ts';
import { claimWish } from './claims.ts';
import { shrinking } from './deletion-cost.ts';
import { DEFAULTS_AGAIN_MS } from './defaults.ts';
import { exportedOf } from './exported.ts';
import { eventsOf } from './events.ts';
import { evidenceOf, failuresOf, nextLook } from './evidence.ts';
import { withinSchema } from './fit.ts';
import type { DecideOptions, Decision, Judgement } from './judgement.ts';
import { imageVolumesAgainMs } from './image-volumes.ts';
import { inHistory, withMarks } from './marks.ts';
import { wantedReplicas } from './observed.ts';
import { isOptional, optionalLast } from './optional-writes.ts';
import { pendingOrder } from './order.ts';
import { contestedUntil } from './replica-owners.ts';
import { restartOf } from './restart.ts';
import { hasGateway } from './route.ts';
import { rolloutInput } from './rollout-input.ts';
import { judgeSpec } from './spec-verdict.ts';
import { statusOf } from './status.ts';
import { withheld } from './unseen-route.ts';
import { Upkeep } from './upkeep.ts';
import { eventsOfWrite } from './write-events.ts';

/**
 * The whole judgement of one pass: pure, with the clock in the snapshot. What it needs is in the cluster (spec,
 * annotations, status, children), so that a restart at any point comes to the same decision.
 */
export function decide(snapshot: Snapshot, options: DecideOptions = { observeOnly: false }): Decision {
  const { deployment, now } = snapshot;
  const { spec } = deployment;
  const { desired, stored, sets, settings, window, traffic: serves } = judgeSpec(snapshot, options.making);
  const replicas = wantedReplicas(snapshot, serves.serving);
  const known = desired.revision && desired.isNew ? [...stored, desired.revision] : stored;
  const evidence = evidenceOf(snapshot, known);
  const failures = failuresOf(evidence);
  const order = pendingOrder(snapshot);
  const findings = {
    ...{ settings, window, traffic: serves, desired, revisions: known },
    ...{ sets, evidence, failures, replicas, order },
  };
  const step = nextStep(rolloutInput(snapshot, findings));
  const revisions = withMarks(known, step, now, deployment.metadata.generation).filter(
    inHistory(known, step, desired, spec),
  );
  const observeOnly = options.observeOnly || deployment.metadata.annotations?.[ANNOTATION.reconcile] === 'disabled';
  const leaveService = settings.paused && serves.foreignSelector;
  const judgement: Judgement = {
    ...{ desired, traffic: serves, step, replicas, revisions, states: sets, failures, settings, window, order },
    ...{ leaveService, observeOnly, prometheusUrl: options.prometheusUrl },
    capacity: capacityOf(snapshot, { desired, step, states: sets, replicas }),
    restart: restartOf(snapshot, step, replicas, order),
  };
  const upkeep = new Upkeep(snapshot.asDeclared);
  const wish = {
    ...{ step, revisions, leaveService },
    prometheusUrl: options.prometheusUrl,
    operatorNamespace: options.operatorNamespace,
    prometheusNamespaces: options.prometheusNamespaces,
    monitoringLabels: options.monitoringLabels,
    readyReplicas: (revision: string | undefined) => sets.get(revision ?? '')?.readyReplicas,
  };
  const children = childIntents(snapshot, wish, upkeep);
  const evict = judgement.restart?.evict;
  const all = optionalLast(evict === undefined ? children : [...children, evict]);
  const { intents, obstacle } = withheld(snapshot, judgement, all);
  const wanted = [...intents];
  const specFirst = spec.replicas === undefined && step.serving !== undefined;
  if (specFirst) wanted.unshift({ type: 'SetReplicas', replicas });
  const next = withinSchema(statusOf(snapshot, judgement, wanted));
  return {
    intents: observeOnly ? [] : specFirst ? wanted.slice(0, 1) : wanted,
    otherwise: specFirst && !observeOnly ? wanted.slice(1) : [],
    ...(obstacle !== undefined && !observeOnly && !specFirst && { obstacle }),
    specFirst: specFirst && !observeOnly,
    isPassing: wanted.every(isOptional) && isPassing(step, order) && !hasGateway(deployment),
    status: next,
    unchanged: () => withinSchema(statusOf(snapshot, { ...judgement, observeOnly: true }, [])),
    events: eventsOf(snapshot, next, judgement),
    eventsOfWrite: (written) => eventsOfWrite(snapshot, judgement, wanted, written),
    asDeclared: upkeep.asDeclared,
    exported: exportedOf(judgement, next),
    logsWanted: [...failures.values()].flatMap(({ causeInLog, pod }) =>
      causeInLog === true && pod !== undefined ? [pod] : [],
    ),
    ...capacityWanted(judgement),
    ...claimWanted(judgement),
    assignments: observeOnly ? [] : assignmentsOf(snapshot, step, known, settings),
    shrinks: observeOnly ? undefined : shrinking(snapshot, step)?.revision,
    rollout: step,
    rendersRevision: desired.isNew && desired.revision !== undefined,
    ...soonest(
      nextLook(evidence, sets, now).requeueAfterMs,
      ...[step.wakeAt, contestedUntil(next)].map((at) => (at === undefined ? undefined : at - now)),
      !desired.plan.accepted && desired.plan.reason === 'DefaultsInvalid' ? DEFAULTS_AGAIN_MS : undefined,
      imageVolumesAgainMs(desired, snapshot.cluster.version),
    ),
  };
}

/** Whether nothing but a moment is between the candidate and the traffic. */
function isPassing({ phase, awaits, taken, marks, ordered }: Judgement['step'], order: Judgement['order']): boolean {
  const ready = phase === 'AwaitingPromotion' && awaits === undefined;
  return ready && taken.length > 0 && marks.length === 0 && ordered === undefined && order === undefined;
}

function capacityWanted({ step, observeOnly, revisions }: Judgement): Pick<Decision, 'capacityWanted'> {
  const question = step.questions.find(({ kind }) => kind === 'Capacity');
  // A pass that moves traffic does not wait for its turn to count: the next one does.
  if (question?.kind !== 'Capacity' || observeOnly || step.switched) return {};
  const { revision } = question;
  const template = revisions.find(({ hash }) => hash === revision)?.data.template;
  return template === undefined
    ? {}
    : { capacityWanted: { revision, template, serving: step.serving, warm: step.previous } };
}

function claimWanted(judgement: Judgement): Pick<Decision, 'claimWanted'> {
  const { step, revisions } = judgement;
  const wish = claimWish(judgement);
  const template = revisions.find(({ hash }) => hash === wish?.revision)?.data.template;
  if (wish === undefined || template === undefined) return {};
  return { claimWanted: { ...wish, template, serving: step.serving, warm: step.previous } };
}

/** The shortest of some waits, at least a second. */
function soonest(...waits: readonly (number | undefined)[]): Pick<Decision, 'requeueAfterMs'> {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? {} : { requeueAfterMs: Math.max(MIN_WAIT_MS, Math.min(...known)) };
}

const MIN_WAIT_MS = 1_000;
