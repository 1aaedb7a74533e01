export { formatCount } from '../../operator/planner/index.ts';
import type { Terminal } from './terminal.ts';
import { printable, toAscii } from './text.ts';

/** Text from elsewhere as this terminal can show it: without control characters, and in ASCII if need be. */
export function safe(text: string, { unicode }: Pick<Terminal, 'unicode'>): string {
  return unicode ? printable(text) : toAscii(printable(text));
}

/** `2 × A100-80GB`. */
export function times(count: number, what: string, { unicode }: Pick<Terminal, 'unicode'>): string {
  return `${count} ${unicode ? '×' : 'x'} ${what}`;
}

/** `14.2 GiB` */
export function formatGiB(gib: number): string {
  return `${gib.toFixed(1)} GiB`;
}

/** A length of time as it is estimated: `40 s`, `3 min`, `1 h 20 min`. */
export function formatEstimate(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`;
}

/** `7.62B`: parameters as people write them. */
export function formatParameters(count: number): string {
  if (count >= 1e12) return `${(count / 1e12).toFixed(2)}T`;
  if (count >= 1e9) return `${(count / 1e9).toFixed(count >= 1e11 ? 0 : count >= 1e10 ? 1 : 2)}B`;
  return `${Math.round(count / 1e6)}M`;
}
