import { type QuantizationType, REASONS } from '../../operator/api/index.ts';
import { refusalWord, shortConcurrency, shortTokens } from '../../operator/planner/matrix.ts';
import { prose, proseWidth, tinted } from '../support/facts.ts';
import { formatCount, formatParameters, safe } from '../support/phrases.ts';
import { type Line, span } from '../support/styled.ts';
import { type Cell, type Column, layOutTable, type TableOptions, tableWidth } from '../support/table.ts';
import type { Terminal } from '../support/terminal.ts';
import type { Combination, Matrix } from './matrix.ts';

const INDENT = 2;

/** The matrix for people: GPUs in rows, formats in columns, and what the words in it mean. */
export function renderMatrix(matrix: Matrix, terminal: Terminal): string {
  const { context, parameters } = matrix;
  const formats = [...new Set(matrix.combinations.map(({ quantization }) => quantization))];
  const shown = formats.filter((format) => refusalEverywhere(matrix, format) === undefined);
  const tables = layOutFormats(matrix, shown, terminal);
  const atOnce = 'how many sequences of that length fit at once';
  const reading = context === undefined ? `below, the context in tokens and ${atOnce}` : `beside them, ${atOnce}`;
  const notes = footnotes(matrix, formats, terminal);
  return [
    tinted(safe(matrix.model, terminal), 'strong', terminal),
    ...prose(
      `${formatParameters(parameters)} parameters, ${context === undefined ? 'in each cell with the longest context that suits it' : `with a context of ${formatCount(context)} tokens`}`,
      INDENT,
      terminal,
    ),
    ...(tables === ''
      ? []
      : ['', tables, '', ...prose(`GPUs of a replica (without GPUs its memory); ${reading}`, INDENT, terminal, 'dim')]),
    ...(notes === '' ? [] : ['', notes]),
    '',
  ].join('\n');
}

/** One table, or several below each other where there is no room for all formats. */
function layOutFormats(matrix: Matrix, shown: readonly QuantizationType[], terminal: Terminal): string {
  const columns = shown.map((format) => formatColumn(matrix, format, terminal));
  const first = acceleratorColumn(matrix);
  const options = {
    indent: INDENT,
    gap: tableWidth([first, ...columns], { indent: INDENT }) <= terminal.width ? 3 : 1,
  };
  return chunks(columns, first, terminal.width, options)
    .map((part) => layOutTable(part, terminal, options))
    .join('\n\n');
}

/** Why a format is refused on every GPU; undefined if it is not. */
function refusalEverywhere({ combinations }: Matrix, format: QuantizationType): string | undefined {
  const ours = combinations.filter(({ quantization }) => quantization === format);
  // The largest GPU comes last: what it lacks is not the GPU's fault alone.
  const last = ours.at(-1);
  if (last === undefined || ours.some(({ accepted }) => accepted)) return undefined;
  return `${last.reason}: ${last.message ?? ''}`;
}

function acceleratorColumn({ combinations }: Matrix): Column {
  const names = [...new Set(combinations.map(({ accelerator }) => accelerator))];
  return { header: 'GPU', cells: names.map((name) => span(name, 'strong')) };
}

function formatColumn({ combinations, context }: Matrix, format: QuantizationType, terminal: Terminal): Column {
  const ours = combinations.filter(({ quantization }) => quantization === format);
  return { header: format, cells: ours.map((each) => cellOf(each, context !== undefined, terminal)) };
}

function cellOf({ plan, reason }: Combination, contextGiven: boolean, terminal: Terminal): Cell {
  if (plan === undefined) return span(refusalWord(reason), 'dim');
  const { gpusPerReplica, hostMemoryGiB, maxModelLen, maxConcurrency } = plan;
  const atOnce = `${terminal.unicode ? '×' : 'x'}${shortConcurrency(maxConcurrency)}`;
  const size = gpusPerReplica === 0 ? `${hostMemoryGiB}Gi` : String(gpusPerReplica);
  const gpus = span(size, gpusPerReplica <= 1 ? 'good' : 'progress');
  const lines: readonly Line[] = contextGiven
    ? [[gpus, span(` ${atOnce}`)]]
    : [[gpus], [span(`${shortTokens(maxModelLen)}${atOnce}`)]];
  return lines;
}

/** As many columns side by side as fit, the first one again before each group. */
function chunks(columns: readonly Column[], first: Column, width: number, options: TableOptions): Column[][] {
  const groups: Column[][] = [];
  for (const column of columns) {
    const last = groups.at(-1);
    if (last !== undefined && tableWidth([...last, column], options) <= width) last.push(column);
    else groups.push([first, column]);
  }
  return groups;
}

/** What the words in the cells mean, and why the formats without a column have none. */
function footnotes(matrix: Matrix, formats: readonly QuantizationType[], terminal: Terminal): string {
  const nowhere = Map.groupBy(
    formats.filter((format) => refusalEverywhere(matrix, format) !== undefined),
    (format) => refusalEverywhere(matrix, format) ?? '',
  );
  const absent = new Set([...nowhere.values()].flat());
  const refused = matrix.combinations.filter(({ accepted, quantization }) => !accepted && !absent.has(quantization));
  const notes = [
    ...[...new Set(refused.map(({ reason }) => reason))].map(
      (reason) => [refusalWord(reason), `${reason}: ${REASONS[reason].meaning}`] as const,
    ),
    ...[...nowhere].map(
      ([why, names]) => [names.length === formats.length ? 'all' : names.join(', '), `nowhere. ${why}`] as const,
    ),
  ];
  if (notes.length === 0) return '';
  const words = notes.map(([word]) => span(word));
  return layOutTable(
    [
      { header: '', cells: words },
      {
        header: '',
        cells: notes.map(([, note]) => span(safe(note, terminal), 'dim')),
        shrink: { keep: 'all', min: 20 },
      },
    ],
    { ...terminal, width: proseWidth(terminal, 0) },
    { indent: INDENT, gap: 2 },
  );
}
