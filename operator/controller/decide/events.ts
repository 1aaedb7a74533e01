import type { Judgement, Status } from './judgement.ts';
import type { EventRecord, Intent } from './intents.ts';

/**
 * What a person wants to find in `kubectl describe`: one Event for each change of state, none for a pass that changes
 * nothing. What is only held back has not happened.
 */
export function eventsOf(
  before: Status | undefined,
  after: Status,
  judgement: Judgement,
  intents: readonly Intent[],
): EventRecord[] {
  const { desired, step } = judgement;
  if (judgement.observeOnly) return eventFor(before, after);
  const events: EventRecord[] = [];
  const version = desired.revision?.data.version ?? '';
  if (desired.isNew && desired.revision) {
    const note = `Revision ${desired.revision.hash} is ${version}.`;
    events.push({ type: 'Normal', reason: 'RevisionCreated', action: 'CreateRevision', note });
  }
  for (const intent of intents) {
    if (intent.type !== 'ReplaceTemplate') continue;
    const note = `The template of Deployment ${intent.name} was changed by ${intent.managers.join(', ')} and has been put back.`;
    events.push({ type: 'Warning', reason: 'ForeignEdit', action: 'RepairTemplate', note });
  }
  if (judgement.traffic.foreignSelector && step.serving !== undefined) {
    const note = `The active Service was changed by somebody else; it selects revision ${step.serving} again.`;
    events.push({ type: 'Warning', reason: 'ForeignEdit', action: 'RepairService', note });
  }
  if (step.switched) {
    const note = `Revision ${step.serving ?? ''} (${version}) serves now; before: ${judgement.traffic.serving ?? 'none'}.`;
    events.push({ type: 'Normal', reason: 'Switched', action: 'SwitchService', note });
  }
  return [...events, ...eventFor(before, after)];
}

/** The Event of a change of the Ready condition; none when its status and reason stay. */
export function eventFor(before: Status | undefined, after: Status): EventRecord[] {
  const was = readyOf(before);
  const is = readyOf(after);
  if (!is || (was?.reason === is.reason && was.status === is.status)) return [];
  const quiet = is.status === 'True' || is.reason === 'Loading' || is.reason === 'Switching';
  return [{ type: quiet ? 'Normal' : 'Warning', reason: is.reason, action: 'Reconcile', note: is.message }];
}

function readyOf(status: Status | undefined) {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}
