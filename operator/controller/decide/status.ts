import { revisionSelector } from '../../resources/names.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { Snapshot } from '../snapshot.ts';
import { conditionsOf } from './conditions.ts';
import type { Judgement, Status } from './judgement.ts';
import type { Intent } from './intents.ts';
import { seconds } from './times.ts';

/**
 * The status as it is true once `intents` are carried out. It has no clock of its own and no counter that only time
 * moves, so that an unchanged deployment has an unchanged status.
 */
export function statusOf(snapshot: Snapshot, judgement: Judgement, intents: readonly Intent[]): Status {
  const { deployment } = snapshot;
  const { step, desired, revisions, states, observeOnly } = judgement;
  const previous = deployment.status;
  const find = (hash: string | undefined) => revisions.find((revision) => revision.hash === hash);
  // Without writes what serves is what served, whatever this pass would have done.
  const servingHash = observeOnly ? judgement.traffic.serving : step.serving;
  const state = servingHash === undefined ? undefined : states.get(servingHash);
  const readyReplicas = state?.readyReplicas ?? 0;
  const serving = servingHash === undefined ? undefined : servingStatus(snapshot, servingHash, find, readyReplicas);
  // A first revision that has not answered yet is on its way like any other.
  const candidate = find(step.candidate ?? (serving === undefined ? servingHash : undefined));
  const shown = (serving && find(servingHash)) ?? candidate ?? desired.revision;

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
    rollout: { attempt: observeOnly ? judgement.traffic.attempt : step.attempt, phase: step.phase },
    ...(previous?.handledOrder === undefined ? {} : { handledOrder: previous.handledOrder }),
    ...(previous?.history === undefined ? {} : { history: previous.history }),
  };
}

/** What is said of the revision that has the traffic; nothing before it has answered for the first time. */
function servingStatus(
  { deployment, now }: Snapshot,
  hash: string,
  find: (hash: string) => Revision | undefined,
  readyReplicas: number,
): Status['serving'] {
  const before = deployment.status?.serving;
  const previous = before?.revision === hash ? before : undefined;
  const revision = find(hash);
  const proven = revision === undefined ? previous?.proven === true : revision.proven !== undefined;
  if (!proven && readyReplicas === 0 && previous === undefined) return undefined;
  return {
    revision: hash,
    // Without its ControllerRevision the status alone still knows.
    version: revision?.data.version ?? previous?.version ?? 'unknown',
    readyReplicas,
    since: previous?.since ?? seconds(now),
    proven,
  };
}

/** The scale subresource's selector, in the text form that an HPA parses. */
function selectorText(name: string, revision: string): string {
  return Object.entries(revisionSelector(name, revision))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
