import { type Line, lineWidth, padLine, type Span, span } from './styled.ts';
import type { Terminal } from './terminal.ts';
import { cut, cutMiddle, displayWidth } from './text.ts';

export interface Column {
  readonly header: string;
  /** One for each row. */
  readonly cells: readonly Span[];
  /** How the cells may be cut when the table is wider than the terminal, and to how many columns at least. */
  readonly shrink?: { readonly keep: 'start' | 'ends'; readonly min: number };
}

const GAP = 3;

/**
 * A table as kubectl prints it. Where a person looks at it, cells that may be cut are cut until it fits; a pipe gets every
 * word whole.
 */
export function layOutTable(columns: readonly Column[], terminal: Terminal): Line[] {
  const widths = columns.map(({ header, cells }) => {
    return Math.max(displayWidth(header), ...cells.map(({ text }) => displayWidth(text)));
  });
  if (terminal.interactive) shrink(columns, widths, terminal.width - GAP * (columns.length - 1));

  const ellipsis = terminal.unicode ? '…' : '...';
  const row = (cellOf: (column: Column) => Span | undefined): Line =>
    columns.flatMap((column, index) => {
      const width = widths[index] ?? 0;
      const { text, tone } = cellOf(column) ?? span('');
      const shown = column.shrink?.keep === 'ends' ? cutMiddle(text, width, ellipsis) : cut(text, width, ellipsis);
      return padLine([span(shown, tone)], width + GAP);
    });
  const rows = Math.max(0, ...columns.map(({ cells }) => cells.length));
  return [
    row(({ header }) => span(header, 'dim')),
    ...Array.from({ length: rows }, (_, index) => row(({ cells }) => cells[index])),
  ];
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
