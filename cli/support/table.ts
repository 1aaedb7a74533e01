import Table from 'cli-table3';
import { type Line, lineWidth, paint, type Span, span } from './styled.ts';
import type { Terminal } from './terminal.ts';
import { cut, cutMiddle, displayWidth, wrap } from './text.ts';

/** One text, which may be made to fit, or lines that stay as they are. */
export type Cell = Span | readonly Line[];

export interface Column {
  readonly header: string;
  /** One for each row. */
  readonly cells: readonly Cell[];
  /** How the texts may be made to fit when the table is wider than the terminal, and to how many columns at least. */
  readonly shrink?: { readonly keep: 'start' | 'ends' | 'all'; readonly min: number };
  readonly align?: 'left' | 'right';
}

export interface TableOptions {
  /** Columns between two cells. Default: 3. */
  readonly gap?: number;
  /** Columns before each line. Default: 0. */
  readonly indent?: number;
}

const GAP = 3;
/** No rules around cells: kubectl has none. */
const NO_BORDER = {
  ...{ top: '', 'top-left': '', 'top-mid': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-left': '', 'bottom-mid': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '' },
};

/**
 * A table as kubectl prints it, ready to print, without the last line break; without headers it has no first line. Where a person looks at it, texts that may
 * be shortened or wrapped are, until it fits; a pipe gets every word whole, on one line.
 */
export function layOutTable(columns: readonly Column[], terminal: Terminal, options: TableOptions = {}): string {
  const { gap = GAP, indent = 0 } = options;
  const widths = columns.map(naturalWidth);
  if (terminal.interactive) shrink(columns, widths, terminal.width - indent - gap * (columns.length - 1));
  const fitted = (cell: Cell, { shrink: how }: Column, index: number): string =>
    paint(fitCell(cell, how?.keep ?? 'start', widths[index] ?? 0, terminal), terminal);

  const table = new Table({
    chars: { ...NO_BORDER, middle: ' '.repeat(gap) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colWidths: widths,
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  const rows = Math.max(0, ...columns.map(({ cells }) => cells.length));
  const headed = columns.some(({ header }) => header !== '');
  table.push(
    ...(headed ? [columns.map((column, index) => fitted(span(column.header, 'dim'), column, index))] : []),
    ...Array.from({ length: rows }, (_, row) =>
      columns.map((column, index) => fitted(column.cells[row] ?? span(''), column, index)),
    ),
  );
  return table
    .toString()
    .split('\n')
    .map((line) => `${' '.repeat(indent)}${line}`.trimEnd())
    .join('\n');
}

/** Columns that a table takes with nothing cut, its indentation included. */
export function tableWidth(columns: readonly Column[], { gap = GAP, indent = 0 }: TableOptions = {}): number {
  return columns.reduce((sum, column) => sum + naturalWidth(column), indent + gap * (columns.length - 1));
}

const isLines = (cell: Cell): cell is readonly Line[] => Array.isArray(cell);

function naturalWidth({ header, cells }: Column): number {
  const widthOf = (cell: Cell): number =>
    isLines(cell) ? Math.max(0, ...cell.map(lineWidth)) : displayWidth(cell.text);
  return Math.max(displayWidth(header), ...cells.map(widthOf));
}

function fitCell(cell: Cell, keep: 'start' | 'ends' | 'all', width: number, { unicode }: Terminal): readonly Line[] {
  if (isLines(cell)) return cell;
  const { text, tone } = cell;
  if (keep === 'all') return wrap(text, width).map((line) => [span(line, tone)]);
  const ellipsis = unicode ? '…' : '...';
  return [[span(keep === 'ends' ? cutMiddle(text, width, ellipsis) : cut(text, width, ellipsis), tone)]];
}

/** Takes columns away from the widest cell that may be cut until the sum is at most `width`, or nothing can be cut more. */
function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const least = columns.map(({ header, shrink: limits }) => Math.max(displayWidth(header), limits?.min ?? Infinity));
  for (let excess = widths.reduce((sum, each) => sum + each, 0) - width; excess > 0; excess -= 1) {
    const room = widths.map((each, index) => (each > (least[index] ?? Infinity) ? each : 0));
    const widest = room.indexOf(Math.max(...room));
    if ((room[widest] ?? 0) === 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

/** Pieces in a row, `gap` between them, on as many lines as they need. A piece is never broken. */
export function flow(pieces: readonly Line[], width: number, gap: string): Line[] {
  const lines: Line[] = [];
  let line: Line = [];
  for (const piece of pieces.filter((candidate) => lineWidth(candidate) > 0)) {
    const fits = lineWidth(line) + displayWidth(gap) + lineWidth(piece) <= width;
    if (line.length > 0 && !fits) {
      lines.push(gap.trim() === '' ? line : [...line, span(gap.trimEnd())]);
      line = piece;
    } else line = line.length === 0 ? piece : [...line, span(gap), ...piece];
  }
  return line.length > 0 ? [...lines, line] : lines;
}
