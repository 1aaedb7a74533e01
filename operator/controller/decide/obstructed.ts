import type { Obstacle } from '../obstacle.ts';
import type { LiveDeepSeekDeployment, Snapshot } from '../snapshot.ts';
import { stamp } from './conditions.ts';
import type { Decision } from './decide.ts';
import { eventFor } from './events.ts';
import type { EventRecord } from './intents.ts';
import type { Status } from './status.ts';

/**
 * What is told when a write was refused: the status of before, since the new one would claim what was not done, with
 * the obstacle in its conditions.
 */
export function obstructed(
  snapshot: Snapshot,
  decision: Decision,
  obstacle: Obstacle,
): { readonly status: Status; readonly events: readonly EventRecord[] } {
  const before = snapshot.deployment.status;
  const { reason, message, blocking } = obstacle;
  const verdict = (status: 'True' | 'False') => ({ status, reason, message });
  const told = stamp(snapshot, [
    ['Ready', verdict('False')],
    ['Reconciling', verdict(blocking ? 'False' : 'True')],
    ['Stalled', verdict(blocking ? 'True' : 'False')],
  ]);
  const kept = (decision.status.conditions ?? [])
    .filter(({ type }) => told.every((condition) => condition.type !== type))
    .map((condition) => before?.conditions?.find(({ type }) => type === condition.type) ?? condition);
  const status: Status = {
    ...(before?.serving === undefined ? {} : before),
    observedGeneration: snapshot.deployment.metadata.generation ?? 0,
    conditions: [...told, ...kept],
  };
  return { status, events: eventFor(before, status) };
}

/** What is told of an object that the schema refuses: one that was stored under an older CRD. Nothing of it is acted on. */
export function invalidSpec(
  live: LiveDeepSeekDeployment,
  message: string,
  now: number,
): { readonly status: Status; readonly events: readonly EventRecord[]; readonly wantedReplicas: number } {
  const at = { deployment: live as unknown as Snapshot['deployment'], now } as Snapshot;
  const verdict = (status: 'True' | 'False') => ({ status, reason: 'InvalidSpec', message }) as const;
  const conditions = stamp(at, [
    ['Ready', verdict('False')],
    ['Reconciling', verdict('False')],
    ['Stalled', verdict('True')],
  ]);
  const kept = (live.status?.conditions ?? []).filter(({ type }) => conditions.every((told) => told.type !== type));
  const status: Status = {
    ...live.status,
    observedGeneration: live.metadata.generation ?? 0,
    conditions: [...conditions, ...kept],
  };
  return { status, events: eventFor(live.status, status), wantedReplicas: 0 };
}
