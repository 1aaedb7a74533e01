import { formatAge, formatDuration } from '../support/ages.ts';
import { safe } from '../support/phrases.ts';
import { type Line, paint, span, type Tone } from '../support/styled.ts';
import { flow, layOutTable } from '../support/table.ts';
import type { Terminal } from '../support/terminal.ts';
import { wrap } from '../support/text.ts';
import { describeChange, type FieldChange } from './diff.ts';
import type { AttemptView, HistoryView, StoredRevisionView, StoredRole } from './history.ts';

const ROLE_TONES: Readonly<Record<StoredRole, Tone>> = {
  serving: 'good',
  candidate: 'progress',
  held: 'bad',
  'rollback target': 'accent',
};

/** The page of `history NAME`, without the last line break. `now` is in milliseconds since the epoch. */
export function renderHistory({ attempts, revisions }: HistoryView, terminal: Terminal, now: number): string {
  return [
    paint([[span('Attempts', 'strong')]], terminal),
    attempts.length === 0
      ? '  none: nothing has been rolled out but the first version'
      : attemptsTable(attempts, terminal, now),
    '',
    paint([[span('Revisions', 'strong')]], terminal),
    revisions === undefined
      ? '  You may not list controllerrevisions: what they would say is missing here.'
      : revisions.length === 0
        ? '  none is stored'
        : paint(
            revisions.flatMap((revision) => revisionLines(revision, terminal, now)),
            terminal,
          ),
  ].join('\n');
}

/** What `history NAME REVISION` shows beside the revision itself. */
export interface RevisionPage {
  readonly revision: StoredRevisionView;
  readonly attempts: readonly AttemptView[];
  /** What would change if the traffic went from what serves to it; absent when it serves, or nothing does. */
  readonly againstServing?: { readonly revision: string; readonly changes: readonly FieldChange[] };
}

/** The page of `history NAME REVISION`. */
export function renderRevision(page: RevisionPage, terminal: Terminal, now: number): string {
  const { revision, attempts, againstServing } = page;
  const { plan } = revision;
  const parts = [paint(revisionLines(revision, terminal, now), terminal)];
  if (againstServing) {
    const title = `Against revision ${againstServing.revision}, which serves`;
    parts.push(paint([[span(title, 'strong')], ...changeLines(againstServing.changes, terminal)], terminal));
  }
  if (plan) {
    const { engine, quantization, gpusPerReplica, startupBudgetSeconds } = plan;
    const gpus =
      gpusPerReplica === 0 ? 'no GPU' : `${gpusPerReplica} GPU${gpusPerReplica === 1 ? '' : 's'} per replica`;
    const text = `  ${engine}, ${quantization}, ${gpus}, a start takes at most ${formatDuration(startupBudgetSeconds)}`;
    parts.push(paint([[span('Plan', 'strong')], [span(safe(text, terminal))]], terminal));
  }
  parts.push(
    [
      paint([[span('Attempts', 'strong')]], terminal),
      attempts.length === 0 ? '  none' : attemptsTable(attempts, terminal, now),
    ].join('\n'),
  );
  return parts.join('\n\n');
}

function attemptsTable(attempts: readonly AttemptView[], terminal: Terminal, now: number): string {
  const cells = (text: (attempt: AttemptView) => string | undefined, tone: Tone = 'plain') =>
    attempts.map((attempt) => span(safe(text(attempt) ?? '-', terminal).replaceAll('\n', ' '), tone));
  const took = ({ durationSeconds, finishedAt }: AttemptView) =>
    durationSeconds !== undefined ? formatDuration(durationSeconds) : finishedAt === undefined ? 'not over' : undefined;
  return layOutTable(
    [
      { header: 'STARTED', cells: cells(({ startedAt }) => startedAt) },
      { header: 'AGE', cells: cells(({ startedAt }) => startedAt && formatAge(startedAt, now), 'dim') },
      { header: 'TOOK', cells: cells(took) },
      { header: 'OUTCOME', cells: cells(({ outcome }) => outcome), shrink: { keep: 'start', min: 12 } },
      { header: 'REVISION', cells: cells(({ revision }) => revision) },
      { header: 'VERSION', cells: cells(({ version }) => version), shrink: { keep: 'ends', min: 14 } },
    ],
    terminal,
    { indent: 2 },
  );
}

function revisionLines(view: StoredRevisionView, terminal: Terminal, now: number): Line[] {
  const { number, revision, role, version = '', createdAt, failed, held, changedFrom, changes } = view;
  const pieces: Line[] = [
    [span(`  ${number}`, 'dim'), span(`  ${safe(revision, terminal)}`, 'strong')],
    [span(safe(version, terminal))],
    ...(role ? [[span(role, ROLE_TONES[role])]] : []),
    [span(marksText(view, now), 'dim')],
    ...(createdAt === undefined ? [] : [[span(`made ${formatAge(createdAt, now)} ago`, 'dim')]]),
  ];
  const taken = [
    ...(failed === undefined ? [] : [`failed: ${failed}`]),
    ...(held === undefined ? [] : [`held: ${held}`]),
  ];
  return [
    ...flow(pieces, terminal.width - INDENT, '  ').map((line, index) =>
      index === 0 ? line : [span(' '.repeat(INDENT)), ...line],
    ),
    ...taken.flatMap((text) => indented(text, terminal, 'bad')),
    ...(changedFrom === undefined
      ? indented('the oldest that is stored', terminal, 'dim')
      : changeLines(changes, terminal)),
  ];
}

function marksText({ provenAt, acceptedAt, failed, held }: StoredRevisionView, now: number): string {
  if (provenAt !== undefined) return `proven ${formatAge(provenAt, now)} ago`;
  if (acceptedAt !== undefined) return `accepted unproven ${formatAge(acceptedAt, now)} ago`;
  return failed === undefined && held === undefined ? 'never proven' : '';
}

function changeLines(changes: readonly FieldChange[], terminal: Terminal): Line[] {
  if (changes.length === 0) return indented('nothing differs', terminal, 'dim');
  return changes.flatMap((change) => indented(describeChange(change), terminal, 'plain'));
}

const INDENT = 5;

function indented(text: string, terminal: Terminal, tone: Tone): Line[] {
  return wrap(safe(text, terminal), terminal.width - INDENT).map((line) => [
    span(' '.repeat(INDENT)),
    span(line, tone),
  ]);
}
