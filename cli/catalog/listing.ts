import type { Span } from '../support/styled.ts';
import { type Column, layOutTable, tableWidth } from '../support/table.ts';
import type { Terminal } from '../support/terminal.ts';

/** A column of a list; the first that is left out where there is no room is the one with the highest `dispensable`. */
export interface ListColumn<T> {
  readonly header: string;
  readonly cell: (entry: T) => Span;
  readonly align?: 'right';
  readonly shrink?: Column['shrink'];
  /** Absent: always shown. */
  readonly dispensable?: number;
}

const OPTIONS = { gap: 2 };

/** A list as a table. On a terminal that is too narrow for all columns, those that a list can do without are left out. */
export function listTable<T>(entries: readonly T[], columns: readonly ListColumn<T>[], terminal: Terminal): string {
  let shown = columns;
  const fits = (): boolean => tableWidth(shown.map(narrowest), OPTIONS) <= terminal.width;
  while (terminal.interactive && !fits() && shown.some(({ dispensable }) => dispensable !== undefined)) {
    const worst = Math.max(...shown.map(({ dispensable = -1 }) => dispensable));
    shown = shown.filter(({ dispensable = -1 }) => dispensable < worst);
  }
  return `${layOutTable(shown.map(laidOut), terminal, OPTIONS)}\n`;

  function laidOut({ header, cell, align, shrink }: ListColumn<T>): Column {
    return { header, cells: entries.map(cell), ...(align && { align }), ...(shrink && { shrink }) };
  }
  /** As wide as the column has to be at least. */
  function narrowest(column: ListColumn<T>): Column {
    const { header, cells, shrink } = laidOut(column);
    const most = shrink === undefined ? Infinity : Math.max(shrink.min, header.length);
    return {
      header,
      cells: cells.map((cell) => ('text' in cell ? { ...cell, text: cell.text.slice(0, most) } : cell)),
    };
  }
}
