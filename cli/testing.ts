/** Helpers of the tests in this folder: the plugin as a shell sees it. */
import { systemClock } from '../operator/kube/clock.ts';
import { run } from './program.ts';
import type { OutputStream } from './support/terminal.ts';

/** A stream that keeps what is written; `isTTY` and `columns` as of a terminal if asked for. */
function sink(terminal: OutputStream = {}) {
  let written = '';
  const stream = { ...terminal, write: (text: string) => ((written += text), true) } as unknown as NodeJS.WriteStream;
  return { stream, text: () => written };
}

export interface ShellOptions {
  /** Standard input. */
  readonly input?: string;
  readonly terminal?: OutputStream;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the plugin; what a shell would see of it. */
export async function kubectl(args: readonly string[], { input = '', terminal, env = {} }: ShellOptions = {}) {
  const out = sink(terminal);
  const err = sink();
  const status = await run(args, '1.2.3', {
    stdin: (async function* () {
      yield input;
    })(),
    stdout: out.stream,
    stderr: err.stream,
    env: { LANG: 'C.UTF-8', ...env },
    clock: systemClock,
    signal: new AbortController().signal,
  });
  return { status, stdout: out.text(), stderr: err.text() };
}
