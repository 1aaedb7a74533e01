import { createLogUpdate } from 'log-update';
import type { CommandContext } from '../support/context.ts';
import type { Terminal } from '../support/terminal.ts';
import type { Page } from './pages.ts';

/** Where a page is shown that changes. */
export interface Screen {
  /** Shows the page as it is at `now`, milliseconds since the epoch; `footer` goes below it. */
  readonly show: (page: Page, footer: string | undefined, terminal: Terminal, now: number) => void;
  /** Leaves the last page where it is. */
  readonly close: () => void;
}

/** One page, painted over and over in place; what does not fit into the window is left out at its end. */
export function paintedScreen(stdout: CommandContext['stdout']): Screen {
  const update = createLogUpdate(stdout);
  return {
    show: (page, footer, terminal, now) => {
      const text = page.note ?? page.text(terminal, now);
      update(fitHeight(footer === undefined ? text : `${text}\n\n${footer}`, stdout.rows, terminal));
    },
    close: () => update.done(),
  };
}

/** One page after the other, each when something has changed: for pipes and logs. Footers and notes go to `stderr`. */
export function pageLog(
  stdout: NodeJS.WritableStream,
  stderr: NodeJS.WritableStream,
  options: { readonly blankLineBetween: boolean },
): Screen {
  let last: string | undefined;
  let lastNote: string | undefined;
  return {
    show: (page, footer, terminal, now) => {
      const note = footer ?? page.note;
      if (note !== lastNote && note !== undefined) stderr.write(`${note}\n`);
      lastNote = note;
      const content = page.content(now);
      if (content === last) return;
      const text = page.text(terminal, now);
      if (text !== '') stdout.write(`${last !== undefined && options.blankLineBetween ? '\n' : ''}${text}\n`);
      last = content;
    },
    close: () => undefined,
  };
}

/** The lines that fit into a window of `rows`, one of which is the cursor's. */
export function fitHeight(text: string, rows: number | undefined, { unicode }: Terminal): string {
  const lines = text.split('\n');
  if (rows === undefined || lines.length < rows) return text;
  const shown = lines.slice(0, Math.max(1, rows - 2));
  const more = `${unicode ? '…' : '...'} ${lines.length - shown.length} more lines; a higher window shows them`;
  return [...shown, more].join('\n');
}
