import type { Snapshot } from '../snapshot.ts';
import { type EventRecord, type Intent, revisionOf, targetOf } from './intents.ts';
import type { Judgement } from './judgement.ts';

/** Longest note of an Event. */
export const MAX_NOTE = 1024;

/** The Events of `written`, one of the `intents` of a pass: what was only meant to be has not happened. */
export function eventsOfWrite(
  snapshot: Snapshot,
  judgement: Judgement,
  intents: readonly Intent[],
  written: Intent,
): EventRecord[] {
  const owner = snapshot.deployment.metadata.name;
  const { kind, name } = targetOf(owner, written);
  if (kind === 'Service' && name === owner) return eventsOfTraffic(owner, judgement, written);
  if (written.type === 'Create' && kind === 'ControllerRevision') return [eventOfRecord(owner, judgement, written)];
  const isReplaced = intents.some((intent) => intent.type === 'ReplaceTemplate' && intent.name === name);
  return foreignEvents(kind, name, written, isReplaced);
}

/** Of a write to the active Service. */
function eventsOfTraffic(owner: string, { step, traffic, revisions }: Judgement, intent: Intent): EventRecord[] {
  const events = foreignEvents('Service', owner, intent);
  const revision = revisionOf(owner, intent) ?? '';
  const isForeign = traffic.foreignSelector || traffic.foreignAnnotation === true;
  if (events.length === 0 && intent.type === 'Create' && traffic.source === 'Restored')
    events.push(deleted('Service', owner));
  if (events.length === 0 && isForeign) events.push(edited('Service', owner, [], []));
  const again = isForeign || intent.type === 'Create' ? ` It selects revision ${revision} again.` : '';
  const told = events.map((event) => ({ ...event, note: `${event.note}${again}` }));
  if (!step.switched) return told;
  const version = versionOf(revisions, revision);
  const note = `Revision ${revision} (${version}) serves now; before: ${traffic.serving ?? 'none'}.`;
  return [...told, { type: 'Normal', reason: 'Switched', action: 'SwitchService', note }];
}

type Creation = Extract<Intent, { readonly type: 'Create' }>;

/** Of a ControllerRevision that is made: a new version of the model, or one whose record was lost. */
function eventOfRecord(owner: string, { desired, revisions }: Judgement, intent: Creation): EventRecord {
  const revision = revisionOf(owner, intent) ?? '';
  if (intent.foreign === undefined && desired.isNew && desired.revision?.hash === revision) {
    const note = `Revision ${revision} is ${versionOf(revisions, revision)}.`;
    return { type: 'Normal', reason: 'RevisionCreated', action: 'CreateRevision', note };
  }
  return deleted('ControllerRevision', targetOf(owner, intent).name);
}

function versionOf(revisions: Judgement['revisions'], revision: string): string {
  return revisions.find(({ hash }) => hash === revision)?.data.version ?? '';
}

/** Of a child that somebody else has changed or deleted. `isReplaced`: its template is put back by a write of its own. */
function foreignEvents(kind: string, name: string, intent: Intent, isReplaced = false): EventRecord[] {
  if (intent.type === 'ReplaceTemplate') return [edited(kind, name, ['spec.template'], intent.managers)];
  if (intent.type === 'Create') return intent.foreign === undefined ? [] : [deleted(kind, name)];
  if (intent.type !== 'Apply' || intent.foreign === undefined) return [];
  const { paths, managers } = intent.foreign;
  const told = isReplaced ? paths.filter((path) => !path.startsWith('spec.template')) : paths;
  return told.length === 0 ? [] : [edited(kind, name, told, managers)];
}

/** Paths that are named; of a list or a map that was replaced there may be hundreds. */
const MAX_PATHS = 3;

function edited(kind: string, name: string, paths: readonly string[], managers: readonly string[]): EventRecord {
  const by = managers.length === 0 ? 'somebody else' : managers.join(', ');
  const more = paths.length > MAX_PATHS ? ` and ${paths.length - MAX_PATHS} more` : '';
  const where = paths.length === 0 ? '' : ` (${paths.slice(0, MAX_PATHS).join(', ')}${more})`;
  const note = `${kind} ${name} was changed by ${by}${where}. It is put back: change the DeepSeekDeployment instead.`;
  return { type: 'Warning', reason: 'ForeignEdit', action: 'RepairChild', note: note.slice(0, MAX_NOTE) };
}

/** Of a child that was out of sight without the labels that say whose it is; they are back. */
export function labelsRestored(kind: string, name: string): EventRecord {
  return edited(kind, name, ['metadata.labels'], []);
}

function deleted(kind: string, name: string): EventRecord {
  const note = `${kind} ${name} was deleted by somebody else. It is made again: change the DeepSeekDeployment instead.`;
  return { type: 'Warning', reason: 'ForeignDelete', action: 'RestoreChild', note };
}
