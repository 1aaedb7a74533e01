import { paint, span, type Tone } from './styled.ts';
import type { Terminal } from './terminal.ts';
import { displayWidth, wrap } from './text.ts';

/** Prose wider than this is hard to read, however wide the terminal is. */
const WIDEST = 120;

/** Where labelled facts stand on a page. */
export interface FactLayout {
  readonly indent: number;
  /** Columns of the labels, the gap after them included. */
  readonly labels: number;
}

/** Columns that a text may take which begins after `taken` of them. */
export function proseWidth({ width }: Pick<Terminal, 'width'>, taken: number): number {
  return Math.min(width, WIDEST) - taken;
}

/** Text over as many lines as it takes, `indent` columns from the left. */
export function prose(text: string, indent: number, terminal: Terminal, tone: Tone = 'plain'): string[] {
  return wrap(text, proseWidth(terminal, indent)).map((line) => ' '.repeat(indent) + tinted(line, tone, terminal));
}

/** A label before the first of the lines, and blanks before the others; no lines, no label. */
export function fact(label: string, lines: readonly string[], terminal: Terminal, layout: FactLayout): string[] {
  const { indent, labels } = layout;
  return lines.map((line, index) => {
    const text = index === 0 ? label : '';
    const blanks = ' '.repeat(Math.max(0, labels - displayWidth(text)));
    return `${' '.repeat(indent)}${tinted(text, 'dim', terminal)}${blanks}${line}`.trimEnd();
  });
}

/** A label and its text, wrapped. */
export function proseFact(
  label: string,
  text: string,
  terminal: Terminal,
  layout: FactLayout,
  tone: Tone = 'plain',
): string[] {
  return fact(label, prose(text, 0, { ...terminal, width: factWidth(terminal, layout) }, tone), terminal, layout);
}

/** Columns that the text of a fact may take. */
export function factWidth(terminal: Pick<Terminal, 'width'>, { indent, labels }: FactLayout): number {
  return proseWidth(terminal, indent + labels);
}

/** One text in one tone, ready to print. */
export function tinted(text: string, tone: Tone, terminal: Pick<Terminal, 'colour'>): string {
  return text === '' ? '' : paint([[span(text, tone)]], terminal);
}
