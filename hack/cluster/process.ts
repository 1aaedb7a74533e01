import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { ClusterError, systemCode } from './errors.ts';
import { quoteLog } from './logs.ts';
import { waitFor } from './wait.ts';

/**
 * A process, told apart from a later one with a recycled pid by its start time: clock ticks since boot on Linux, a date
 * elsewhere. Only ever compared.
 */
export const ProcessIdentity = z.object({ pid: z.int().positive(), startTime: z.string().min(1) });
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** The identity of a running process, or undefined when there is none (a zombie runs no more). */
export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === 'linux' ? linuxStartTime(pid) : posixStartTime(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

/** State and start time (field 22) from /proc/<pid>/stat. The second field, the name, may itself hold blanks and brackets. */
export function parseProcStat(stat: string): { readonly state: string; readonly startTime: string } | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return state && startTime ? { state, startTime } : undefined;
}

function linuxStartTime(pid: number): string | undefined {
  try {
    const stat = parseProcStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return stat && stat.state !== 'Z' && stat.state !== 'X' ? stat.startTime : undefined;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

function posixStartTime(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line.startsWith('Z') ? undefined : line.slice(line.indexOf(' ') + 1).trim() || undefined;
  } catch {
    return undefined; // ps exits with 1 when there is no such process.
  }
}

export interface SpawnOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a program in a session of its own (a Ctrl-C meant for us must not reach it: we stop it in our own order), with
 * its output appended to a log file. It does not keep this process alive.
 */
export async function spawnLogged(options: SpawnOptions): Promise<ProcessIdentity> {
  const log = openSync(options.logFile, 'a');
  try {
    const child = spawn(options.command, options.args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...options.env },
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('spawn', () => resolve(child.pid ?? 0));
      child.once('error', reject);
    });
    child.unref();
    const identity = identify(pid);
    if (!identity) {
      throw new ClusterError('PROGRAM_EXITED', `${options.command} exited at once. ${quoteLog(options.logFile)}`);
    }
    return identity;
  } finally {
    closeSync(log);
  }
}

/** Sends SIGKILL to those that still run, and resolves when all are gone. */
export async function killAll(identities: readonly ProcessIdentity[]): Promise<void> {
  for (const identity of identities) {
    if (!isAlive(identity)) continue;
    try {
      process.kill(identity.pid, 'SIGKILL');
    } catch (error) {
      if (systemCode(error) !== 'ESRCH') throw error;
    }
  }
  await waitFor(async () => (identities.some(isAlive) ? undefined : true), {
    what: `processes ${identities.map(({ pid }) => pid).join(', ')} to end`,
    timeoutMs: 10_000,
    intervalMs: 10,
    signal: new AbortController().signal,
  });
}
