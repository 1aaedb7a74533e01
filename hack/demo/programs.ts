import { readFile, writeFile } from 'node:fs/promises';
import { forgetProcess, recordedProcesses, recordProcess } from '../cluster/folder.ts';
import { layout } from '../cluster/layout.ts';
import { isAlive, killAll, spawnLogged } from '../cluster/process.ts';
import { waitFor } from '../cluster/wait.ts';

export interface ProgramOptions<T> {
  /** The cluster's folder: the program belongs to the cluster, and goes when that is taken down. */
  readonly dir: string;
  readonly name: string;
  readonly args: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Looks whether the program can be used, given what it has printed; undefined: not yet. */
  readonly ready: (output: string) => Promise<T | undefined>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs `node ARGS` beside the cluster, unless it runs already, and waits until it is ready. */
export async function ensureProgram<T>(options: ProgramOptions<T>): Promise<T> {
  const { dir, name, args, env = {}, signal, timeoutMs } = options;
  const logFile = `${layout(dir).logs}/${name}.log`;
  const output = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  let identity = (await recordedProcesses(dir)).get(name);
  if (identity === undefined || !isAlive(identity)) {
    await writeFile(logFile, '');
    identity = await spawnLogged({ command: process.execPath, args, logFile, env });
    await recordProcess(dir, name, identity);
  }
  const running = identity;
  let printed = '';
  return waitFor(
    async () => {
      printed = await output();
      const result = await options.ready(printed);
      if (result === undefined && !isAlive(running)) throw new Error(`The ${name} exited:\n${lastLines(printed)}`);
      return result;
    },
    { what: `the ${name}`, timeoutMs, intervalMs: 100, signal, details: () => lastLines(printed) },
  );
}

/** Stops a program of the cluster; no effect when it does not run. */
export async function stopProgram(dir: string, name: string): Promise<void> {
  const identity = (await recordedProcesses(dir)).get(name);
  if (identity !== undefined) await killAll([identity]);
  await forgetProcess(dir, name);
}

function lastLines(output: string): string {
  return output.trimEnd().split('\n').slice(-15).join('\n');
}
