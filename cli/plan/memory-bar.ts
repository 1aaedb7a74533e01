import { type Line, type Span, span, type Tone } from '../support/styled.ts';
import type { Terminal } from '../support/terminal.ts';

/** A part of the memory of one device. */
export interface MemoryPart {
  readonly name: string;
  readonly gib: number;
  /** What there is to say about it. */
  readonly note?: string;
}

interface Look {
  readonly unicode: string;
  readonly ascii: string;
  readonly tone: Tone;
}

/** How the parts look, in their order. They differ without colour too. */
const LOOKS: readonly Look[] = [
  { unicode: '█', ascii: '#', tone: 'accent' },
  { unicode: '▓', ascii: '%', tone: 'progress' },
  { unicode: '▒', ascii: '=', tone: 'good' },
  { unicode: '░', ascii: '.', tone: 'dim' },
];
const NO_LOOK: Look = { unicode: ' ', ascii: ' ', tone: 'plain' };

/** The sign of the part at `index`, `count` times. */
export function sign(index: number, count: number, terminal: Terminal): Span {
  const look = LOOKS[index] ?? NO_LOOK;
  return span((terminal.unicode ? look.unicode : look.ascii).repeat(count), look.tone);
}

/** The parts as one bar of `cells` columns, each as long as it is large. */
export function memoryBar(parts: readonly MemoryPart[], cells: number, terminal: Terminal): Line {
  const sizes = parts.map(({ gib }) => gib);
  return shares(sizes, cells).map((count, index) => sign(index, count, terminal));
}

/**
 * Divides `cells` by the sizes (largest remainders first): the sum is always `cells`, and whatever there is has at least
 * one, as long as there are enough of them.
 */
export function shares(sizes: readonly number[], cells: number): number[] {
  const positive = sizes.map((size) => Math.max(0, size));
  const total = positive.reduce((sum, size) => sum + size, 0);
  if (total === 0 || cells <= 0) return positive.map(() => 0);
  const exact = positive.map((size) => (size / total) * cells);
  const counts = exact.map((size) => (size > 0 ? Math.max(1, Math.floor(size)) : 0));
  const indices = [...counts.keys()];
  const remainder = (index: number): number => (exact[index] ?? 0) - (counts[index] ?? 0);
  for (let sum = counts.reduce((a, b) => a + b, 0); sum !== cells;) {
    const step = sum < cells ? 1 : -1;
    const candidates = step > 0 ? indices : indices.filter((index) => (counts[index] ?? 0) > 1);
    const chosen = candidates.toSorted((a, b) => step * (remainder(b) - remainder(a)))[0] ?? 0;
    counts[chosen] = (counts[chosen] ?? 0) + step;
    sum += step;
  }
  return counts;
}
