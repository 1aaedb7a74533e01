import { spawn } from 'node:child_process';
import { EngineCheckError } from './errors.ts';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called with every line of output. */
  readonly onLine?: (line: string) => void;
}

const keptLines = 15;

/** Runs a program to its end and resolves with its standard output. Throws COMMAND_FAILED with the end of what it printed. */
export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env, timeoutMs, signal, onLine }: CommandOptions,
): Promise<string> {
  const child = spawn(command, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  let output = '';
  let everything = '';
  const take = (chunk: Buffer): void => {
    everything += chunk.toString('utf8');
    for (const line of chunk.toString('utf8').split('\n')) if (line.trim() !== '') onLine?.(line);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
    take(chunk);
  });
  child.stderr.on('data', take);
  const failure = (what: string, cause?: unknown): EngineCheckError => {
    const end = everything.trimEnd().split('\n').slice(-keptLines).join('\n');
    return new EngineCheckError('COMMAND_FAILED', `${command} ${args[0] ?? ''} ${what}. Its last words:\n${end}`, {
      cause,
    });
  };
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(failure(`could not run (${error.message})`, error)));
    child.once('close', (code, killedBy) => {
      if (code === 0) resolve(output);
      else reject(failure(`ended with ${code === null ? String(killedBy) : `status ${code}`}`));
    });
  });
}
