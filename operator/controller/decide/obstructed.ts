import type { Obstacle } from '../obstacle.ts';
import type { LiveDeepSeekDeployment, Snapshot } from '../snapshot.ts';
import { stamp } from './conditions.ts';
import { eventsOfConditions } from './events.ts';
import { type Exported, NOTHING_EXPORTED } from './exported.ts';
import type { EventRecord } from './intents.ts';
import type { Decision, Status } from './judgement.ts';

/**
 * What is told when a write was refused: what is, since the status of the decision would claim what was not done, with
 * the obstacle in its conditions. `since`: when it was first met, milliseconds since the epoch.
 */
export function obstructed(
  snapshot: Snapshot,
  decision: Decision,
  obstacle: Obstacle,
  since: number,
): { readonly status: Status; readonly events: readonly EventRecord[] } {
  const before = snapshot.deployment.status;
  const { reason, patienceMs = 0 } = obstacle;
  const told = before?.conditions?.find(({ type }) => type === 'Ready');
  const message =
    told?.reason === reason && sameWords(told.message, obstacle.message) ? told.message : obstacle.message;
  const blocking = obstacle.blocking && snapshot.now - since >= patienceMs;
  const verdict = (status: 'True' | 'False') => ({ status, reason, message });
  const conditions = stamp(snapshot, [
    ['Ready', verdict('False')],
    ['Reconciling', verdict(blocking ? 'False' : 'True')],
    ['Stalled', verdict(blocking ? 'True' : 'False')],
  ]);
  const unchanged = decision.unchanged();
  const others = (unchanged.conditions ?? []).filter(({ type }) => conditions.every((own) => own.type !== type));
  const status: Status = { ...unchanged, conditions: [...conditions, ...others] };
  return { status, events: eventsOfConditions(before, status) };
}

/** Port numbers, times and request identifiers: what differs between two refusals for the same reason. */
const CHANGING = /[0-9a-f]*[0-9][0-9a-f]*/gi;

/**
 * Whether two messages say the same. A status that followed each new port number would be written, and bring about the
 * next pass, without end.
 */
export function sameWords(told: string, message: string): boolean {
  const words = (text: string) => text.replace(CHANGING, '#');
  return words(told) === words(message);
}

/** What is told of an object that the schema refuses: one that was stored under an older CRD. Nothing of it is acted on. */
export function invalidSpec(
  live: LiveDeepSeekDeployment,
  message: string,
  now: number,
): {
  readonly status: Status;
  readonly events: readonly EventRecord[];
  readonly exported: Exported;
} {
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
  return { status, events: eventsOfConditions(live.status, status), exported: NOTHING_EXPORTED };
}
