import { type RenderOptions, sign, TONES } from '../get/glyphs.ts';
import type { Health } from '../get/info.ts';
import { rolloutFacts } from '../get/rollout-facts.ts';
import { formatAge, formatDuration, secondsSince } from '../support/ages.ts';
import { safe } from '../support/phrases.ts';
import { type Line, padLine, paint, span } from '../support/styled.ts';
import { flow } from '../support/table.ts';
import { wrap } from '../support/text.ts';
import type { StatusView } from './status.ts';

/** Columns of the labels. */
const LABELS = 11;

const HEALTH: Readonly<Record<Exclude<StatusView['outcome'], 'Ready'>, Health>> = {
  Held: 'bad',
  Stalled: 'bad',
  Waiting: 'progress',
};

/** The screen of `status NAME`, without the last line break. */
export function renderStatus(status: StatusView, options: RenderOptions): string {
  const { terminal, now } = options;
  const width = terminal.width - LABELS;
  const { ready, outcome, message } = status;
  const health = outcome === 'Ready' ? ready.health : HEALTH[outcome];
  const seconds = secondsSince(ready.since, now);
  const headline: Line = [
    span(`${safe(`${status.namespace}/${status.name}`, terminal)}  `, 'strong'),
    sign(health, terminal),
    span(` ${outcome}`, TONES[health]),
    ...(seconds === undefined || outcome === 'Waiting' ? [] : [span(` for ${formatDuration(seconds)}`, 'dim')]),
  ];
  const facts = [
    { label: '', lines: prose(message, width, options) },
    { label: 'Serves', lines: pieces(servesPieces(status, now), width, options) },
    { label: 'Next', lines: pieces(nextPieces(status), width, options) },
    ...rolloutFacts(status, message, options).map(({ label, lines }) => ({ label, lines: lines(width) })),
  ];
  const body = facts.flatMap(({ label, lines }) =>
    lines.map((line, index): Line => [...padLine([span(index === 0 ? label : '', 'dim')], LABELS), ...line]),
  );
  return paint([headline, ...body], terminal);
}

function prose(text: string, width: number, { terminal }: RenderOptions): Line[] {
  return text === '' ? [] : wrap(safe(text, terminal), width).map((line) => [span(line)]);
}

function pieces(texts: readonly (string | undefined)[], width: number, { terminal }: RenderOptions): Line[] {
  const lines = texts.filter((text) => text !== undefined).map((text) => [span(safe(text, terminal))]);
  return flow(lines, width, ', ');
}

function servesPieces({ serving, replicas }: StatusView, now: number): (string | undefined)[] {
  if (!serving) return ['nothing'];
  return [
    serving.version,
    `revision ${serving.revision}`,
    `${replicas.ready} of ${replicas.wanted} ready`,
    serving.since === undefined ? undefined : `for ${formatAge(serving.since, now)}`,
    serving.proven === false ? 'not proven yet' : undefined,
  ];
}

function nextPieces({ candidate, rollout }: StatusView): (string | undefined)[] {
  if (!candidate) return [];
  return [
    candidate.version,
    `revision ${candidate.revision}`,
    rollout?.phase === 'Held' ? 'held: `kubectl deepseek retry` tries it again' : undefined,
  ];
}

/** One line for a log: where it is, as far as it says more than an age. */
export function progressLine({ outcome, rollout, serving, candidate, replicas, message }: StatusView): string {
  const phase = rollout === undefined || rollout.phase === 'Idle' ? outcome : rollout.phase;
  const pieces = [
    candidate === undefined ? serving?.revision : candidate.revision,
    rollout?.way === undefined ? undefined : `way ${rollout.way}`,
    rollout?.weight === undefined ? undefined : `${rollout.weight} % of the traffic`,
    serving === undefined ? undefined : `${replicas.ready} of ${replicas.wanted} serve`,
    rollout?.message ?? message,
  ];
  const rest = pieces.filter((piece) => piece !== undefined && piece !== '').join(', ');
  return `${phase}${rest === '' ? '' : `: ${rest}`}`.replaceAll('\n', ' ');
}
