import type { Sources } from '../../operator/catalog/index.ts';
import { fact, type FactLayout, factWidth, proseFact, tinted } from '../support/facts.ts';
import { safe } from '../support/phrases.ts';
import { type Column, layOutTable } from '../support/table.ts';
import type { Terminal } from '../support/terminal.ts';

/** What is said about one thing under one label: a text, or a table. */
export type Detail = readonly [label: string, about: string | readonly Column[] | undefined];

/** The page of one entry: its name, what is known of it, and where that comes from. */
export function detailPage(name: string, details: readonly Detail[], sources: Sources, terminal: Terminal): string {
  // Rows with sources of their own are in -o json.
  const cited = Object.entries(sources).filter(([, source]) => !source.startsWith('per row'));
  const layout = (labels: readonly string[]): FactLayout => ({
    indent: 0,
    labels: Math.max(...labels.map((label) => label.length)) + 3,
  });
  const facts = layout(details.map(([label]) => label));
  const citations = layout(cited.map(([about]) => about));
  return [
    tinted(safe(name, terminal), 'strong', terminal),
    '',
    ...details.flatMap(([label, about]) => detailLines(label, about, terminal, facts)),
    '',
    tinted('Sources', 'strong', terminal),
    ...cited.flatMap(([about, source]) => proseFact(about, safe(source, terminal), terminal, citations, 'dim')),
    '',
  ].join('\n');
}

function detailLines(label: string, about: Detail[1], terminal: Terminal, layout: FactLayout): string[] {
  if (about === undefined || about.length === 0) return [];
  if (typeof about === 'string') return proseFact(label, safe(about, terminal), terminal, layout);
  const table = layOutTable(about, { ...terminal, width: factWidth(terminal, layout) }, { gap: 2 });
  return fact(label, table.split('\n'), terminal, layout);
}

/** Texts as a table without header: one column each. The last may be wrapped. */
export function rows(lines: readonly (readonly string[])[]): readonly Column[] | undefined {
  if (lines.length === 0) return undefined;
  const width = Math.max(...lines.map((line) => line.length));
  return Array.from({ length: width }, (_, index) => ({
    header: '',
    cells: lines.map((line) => ({ text: line[index] ?? '', tone: 'plain' as const })),
    ...(index === width - 1 && { shrink: { keep: 'all' as const, min: 12 } }),
  }));
}
