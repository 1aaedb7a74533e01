import { type Span, span, type Tone } from '../support/styled.ts';
import type { Terminal } from '../support/terminal.ts';
import type { Health } from './info.ts';

/** What rendering depends on beside the view. */
export interface RenderOptions {
  readonly terminal: Terminal;
  /** Milliseconds since the epoch; ages are counted from it. */
  readonly now: number;
  /** More columns, and nothing cut or folded to fit. */
  readonly wide: boolean;
}

const UNICODE: Readonly<Record<Health, string>> = { good: '✔', progress: '◌', bad: '✖', off: '○' };
const ASCII: Readonly<Record<Health, string>> = { good: '+', progress: '~', bad: '!', off: '-' };

export const TONES: Readonly<Record<Health, Tone>> = { good: 'good', progress: 'progress', bad: 'bad', off: 'dim' };

/** The sign of a health, in its colour. */
export function sign(health: Health, { unicode }: Terminal): Span {
  return span((unicode ? UNICODE : ASCII)[health], TONES[health]);
}
