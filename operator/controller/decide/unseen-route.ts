import { proofIsOff } from '../../rollout/machine/course.ts';
import { isBeforeSwitch } from '../../rollout/machine/table.ts';
import { revisionInName } from '../../resources/names.ts';
import type { Obstacle } from '../obstacle.ts';
import type { LiveDeployment, Snapshot } from '../snapshot.ts';
import { type Intent, targetOf } from './intents.ts';
import type { Judgement } from './judgement.ts';
import { memoryOf } from './memory.ts';

/** What is left of the writes of a pass, and why the rest is not done. */
export interface Withheld {
  readonly intents: readonly Intent[];
  readonly obstacle?: Obstacle;
}

/** How long HTTPRoutes may not be readable before a person is said to be needed: rights that are written anew are missing for a moment. */
const PATIENCE_MS = 60_000;

/**
 * Without the writes that would take pods, or Services, from a version to which the gateway may still send requests, while our route may
 * not be read or is not known yet, and so cannot be told either. Versions that have never had a share go, and what serves follows
 * spec.replicas: rights that are never granted hold no GPUs for what nobody uses.
 */
export function withheld(snapshot: Snapshot, judgement: Judgement, intents: readonly Intent[]): Withheld {
  if (!isUnseen(snapshot)) return { intents };
  const owner = snapshot.deployment.metadata.name;
  const revisionOf = (intent: Intent) => revisionInName(owner, targetOf(owner, intent).name);
  const kept = new Set(intents.filter((intent) => takesPods(snapshot, judgement, intent)).map(revisionOf));
  const isKept = (intent: Intent): boolean => {
    const revision = revisionOf(intent);
    if (intent.type === 'Apply') return intent.shrinks === true && takesPods(snapshot, judgement, intent);
    if (intent.type !== 'Delete') return false;
    if (revision === undefined) return kept.size > 0 && ACCOUNTS.has(intent.kind);
    // A gateway answers 500 in the place of a Service that is not there, also at weight 0.
    return kept.has(revision) || intent.kind === 'Service';
  };
  const left = intents.filter((intent) => !isKept(intent));
  return kept.size === 0 ? { intents: left } : { intents: left, obstacle: obstacleOf(snapshot, [...kept]) };
}

/** What pods run with, whichever revision they are of. */
const ACCOUNTS: ReadonlySet<string> = new Set(['ServiceAccount', 'NetworkPolicy']);

/** Whether a route of ours may be there, and is not seen. One of the user's names Services that lead on by themselves. */
function isUnseen({ deployment: { spec, status }, route }: Snapshot): boolean {
  const { gateway, routeRef } = spec.traffic ?? {};
  const mayBeThere = gateway !== undefined || (routeRef !== undefined && status?.route !== undefined);
  return mayBeThere && route !== undefined && route.readable !== true && route.missing !== true;
}

/** Whether it takes pods away for the sake of another version, from one that may have a share. */
function takesPods(snapshot: Snapshot, judgement: Judgement, intent: Intent): boolean {
  const { name } = snapshot.deployment.metadata;
  const target = targetOf(name, intent);
  const revision = revisionInName(name, target.name);
  if (target.kind !== 'Deployment' || revision === undefined) return false;
  const found = snapshot.deployments.find(({ metadata }) => metadata.name === target.name);
  if ((found?.spec?.replicas ?? 0) === 0 || hasNoShare(snapshot, judgement, revision)) return false;
  if (intent.type === 'Delete') return judgement.replicas > 0;
  if (intent.type !== 'Apply' || intent.shrinks !== true) return false;
  return ((intent.object as Pick<LiveDeployment, 'spec'>).spec?.replicas ?? 0) < judgement.replicas;
}

/** Whether a candidate has had nothing but weight 0, as far as the status has followed. */
function hasNoShare({ deployment }: Snapshot, { traffic, settings }: Judgement, revision: string): boolean {
  const memory = memoryOf(deployment);
  if (memory?.candidate !== revision || !isBeforeSwitch(memory.phase) || memory.step !== undefined) return false;
  // It was switched to, and the status has not said so.
  if (traffic.serving === revision || traffic.attempt >= memory.attempt) return false;
  const isMixed = memory.way === 'Handover' && settings.handover.mixedVersions;
  const isProven = proofIsOff({ settings }) || memory.verdicts?.some(({ stage }) => stage === 'Proof') === true;
  return !(isMixed && isProven);
}

function obstacleOf({ deployment, route }: Snapshot, kept: readonly (string | undefined)[]): Obstacle {
  const pods = `pods of revision ${kept.join(', ')} stay, since the gateway may send requests to them`;
  const name = `HTTPRoute ${deployment.metadata.name}`;
  if (route?.readable === undefined)
    return { reason: 'RouteUnknown', message: `${name} is not known yet: ${pods}.`, blocking: false };
  const fix = 'Allow the operator’s ServiceAccount to list and watch httproutes. It goes on by itself.';
  return {
    reason: 'RouteUnknown',
    message: `${name} may not be read: ${pods}. ${fix}`,
    blocking: true,
    patienceMs: PATIENCE_MS,
  };
}
