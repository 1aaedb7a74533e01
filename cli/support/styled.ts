import { createColors } from 'picocolors';
import type { Terminal } from './terminal.ts';
import { displayWidth } from './text.ts';

/** What a piece of text means; the painter gives it its looks. */
export type Tone = 'plain' | 'strong' | 'dim' | 'good' | 'progress' | 'bad' | 'accent';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of output, its widths still countable. */
export type Line = readonly Span[];

export const span = (text: string, tone: Tone = 'plain'): Span => ({ text, tone });

/** Columns that a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + displayWidth(text), 0);
}

/** `line`, filled up with spaces to `width` columns. */
export function padLine(line: Line, width: number): Line {
  const missing = width - lineWidth(line);
  return missing > 0 ? [...line, span(' '.repeat(missing))] : line;
}

/** The lines as text, with escape sequences for colour if the terminal has it; no line ends in spaces. */
export function paint(lines: readonly Line[], { colour }: Pick<Terminal, 'colour'>): string {
  const colours = createColors(colour);
  const looks: Record<Tone, (text: string) => string> = {
    plain: (text) => text,
    strong: colours.bold,
    dim: colours.dim,
    good: colours.green,
    progress: colours.yellow,
    bad: colours.red,
    accent: colours.cyan,
  };
  return lines
    .map((line) =>
      trimEnd(line)
        .map(({ text, tone }) => looks[tone](text))
        .join(''),
    )
    .join('\n');
}

function trimEnd(line: Line): Line {
  const last = line.findLastIndex(({ text }) => text.trim() !== '');
  return line.slice(0, last + 1).map((part, index) => (index === last ? { ...part, text: part.text.trimEnd() } : part));
}
