import type { RollbackStatus } from '../../api/index.ts';
import { revisionSelector } from '../../resources/names.ts';
import type { RolloutStep } from '../../rollout/next.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { Snapshot } from '../snapshot.ts';
import { dropUndefined } from '../transforms.ts';
import { conditionsOf } from './conditions.ts';
import { historyOf } from './history.ts';
import { type Judgement, orderResult, type Status } from './judgement.ts';
import type { Intent } from './intents.ts';
import { rolloutStatus } from './memory.ts';
import { earlierOrders } from './order.ts';
import { isLeftover } from './route.ts';
import { rollbackOf } from './rollback.ts';
import { scaledObjectMade } from './scaled-object-made.ts';
import { seconds } from './times.ts';

/**
 * The status as it is true once `intents` are carried out. It has no clock of its own and no counter that only time
 * moves, so that an unchanged deployment has an unchanged status.
 */
export function statusOf(snapshot: Snapshot, judgement: Judgement, intents: readonly Intent[]): Status {
  const { deployment } = snapshot;
  const { step, desired, revisions, states, observeOnly, restart } = judgement;
  const previous = deployment.status;
  const find = (hash: string | undefined) => revisions.find((revision) => revision.hash === hash);
  // Without writes what serves is what served, whatever this pass would have done.
  const servingHash = observeOnly ? judgement.traffic.serving : step.serving;
  const state = servingHash === undefined ? undefined : states.get(servingHash);
  const readyReplicas = state?.readyReplicas ?? 0;
  const serving =
    servingHash === undefined ? undefined : servingStatus(snapshot, judgement, servingHash, readyReplicas);
  // A first revision that has not answered yet is on its way like any other. What was not done is not remembered.
  const onItsWay = observeOnly ? previous?.candidate?.revision : step.candidate;
  const next = onItsWay === servingHash ? undefined : onItsWay;
  const candidate = find(next ?? (serving === undefined ? servingHash : undefined));
  const shown = (serving && find(servingHash)) ?? candidate ?? desired.revision;
  const rollback = rollbackOf(judgement, snapshot.now);

  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    conditions: conditionsOf(snapshot, judgement, intents),
    replicas: (observeOnly ? undefined : step.replicas.get(servingHash ?? '')) ?? state?.replicas ?? 0,
    readyReplicas,
    ...(servingHash === undefined ? {} : { selector: selectorText(deployment.metadata.name, servingHash) }),
    ...(shown === undefined ? {} : { plan: shown.data.plan }),
    ...(serving === undefined ? {} : { serving }),
    ...(candidate === undefined
      ? {}
      : {
          candidate: {
            revision: candidate.hash,
            version: candidate.data.version,
            readyReplicas: states.get(candidate.hash)?.readyReplicas ?? 0,
          },
        }),
    // The next pass decides what was not done again.
    rollout: observeOnly
      ? (previous?.rollout ?? { attempt: judgement.traffic.attempt, phase: 'Idle' })
      : rolloutStatus(step, step.memory.attempt, judgement.replicas),
    ...routeMade(snapshot, step, observeOnly),
    ...scaledObjectMade(snapshot),
    ...(rollback === undefined ? {} : { rollback: rollback satisfies RollbackStatus }),
    ...(restart !== undefined && restart.remaining > 0 && !observeOnly
      ? { restart: { startedAt: restart.startedAt, remaining: restart.remaining } }
      : {}),
    ...handledOrder(deployment, judgement),
    ...historyOf(snapshot, judgement),
  };
}

/** The route of ours, remembered until it is known to be gone: nobody follows routes that no spec asks for. */
function routeMade({ deployment, route }: Snapshot, step: RolloutStep, observeOnly: boolean): Pick<Status, 'route'> {
  const before = deployment.status?.route;
  if (deployment.spec.traffic?.gateway !== undefined && step.serving !== undefined && !observeOnly)
    return { route: deployment.metadata.name };
  const isGone = route?.missing === true || (route?.readable === true && !isLeftover(route, deployment.metadata.uid));
  return before === undefined || isGone ? {} : { route: before };
}

/** The order that was handled, and what came of it: in this pass, or as it was. */
function handledOrder(
  deployment: Snapshot['deployment'],
  judgement: Judgement,
): Pick<Status, 'handledOrder' | 'orderResult' | 'earlierOrders'> {
  const { order, observeOnly } = judgement;
  const result = orderResult(judgement);
  if (order === undefined || result === undefined || observeOnly) {
    const { handledOrder: handled, orderResult: said, earlierOrders: earlier } = deployment.status ?? {};
    return dropUndefined({ handledOrder: handled, orderResult: said, earlierOrders: earlier });
  }
  const text = `${result.accepted ? 'Accepted' : 'Refused'}: ${result.message}`;
  const earlier = earlierOrders(deployment);
  return {
    ...{ handledOrder: order.text, orderResult: text.slice(0, 1024) },
    ...(earlier.length > 0 && { earlierOrders: earlier }),
  };
}

/** What is said of the revision that has the traffic; nothing before it has answered for the first time. */
function servingStatus(
  { deployment, now }: Snapshot,
  { step, revisions, observeOnly }: Judgement,
  hash: string,
  readyReplicas: number,
): Status['serving'] {
  const before = deployment.status?.serving;
  const previous = before?.revision === hash ? before : undefined;
  const revision: Revision | undefined = revisions.find((known) => known.hash === hash);
  const proven = revision === undefined ? previous?.proven === true : revision.proven !== undefined;
  const settled = proven || revision?.accepted !== undefined || (!observeOnly && step.previous !== undefined);
  if (!settled && readyReplicas === 0 && previous === undefined) return undefined;
  const switched = observeOnly || step.switchedAt === undefined ? undefined : seconds(step.switchedAt);
  return {
    revision: hash,
    // Without its ControllerRevision the status alone still knows.
    version: revision?.data.version ?? previous?.version ?? 'unknown',
    readyReplicas,
    since: switched ?? previous?.since ?? seconds(now),
    proven,
  };
}

/** The scale subresource's selector, in the text form that an HPA parses. */
function selectorText(name: string, revision: string): string {
  return Object.entries(revisionSelector(name, revision))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
