import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetProcess, recordProcess } from './folder.ts';
import { ClusterError } from './errors.ts';
import { layout } from './layout.ts';
import { quoteLog } from './logs.ts';
import { isAlive, killAll, spawnLogged } from './process.ts';
import type { Cluster } from './types.ts';
import { waitFor } from './wait.ts';

/** Generous, as for the cluster's own programs: a busy machine takes tens of seconds instead of one. */
const START_TIMEOUT_MS = 60_000;

/** A program that a suite runs beside a cluster. It goes with the cluster at the latest, however that ends. */
export interface Companion extends AsyncDisposable {
  /** A folder of its own, removed by `stop`. */
  readonly dir: string;
  readonly logFile: string;
  /** Kills the program. Idempotent. */
  stop(): Promise<void>;
}

export interface CompanionOptions {
  /** What it is called in the cluster's folder and in errors. Several of a name may run. */
  readonly name: string;
  readonly command: string;
  /** The arguments, given its folder. */
  readonly args: (dir: string) => Promise<readonly string[]>;
  readonly env?: Readonly<Record<string, string>>;
  /** A URL that answers 200 once it can be used; absent: whoever starts it finds out. */
  readonly readyUrl?: string;
  readonly signal: AbortSignal;
}

/**
 * Starts a program beside a cluster (in the network namespace of this process) and waits until it is ready. Throws
 * PROGRAM_EXITED or NOT_READY with the end of its log; nothing is left then.
 */
export async function startCompanion(cluster: Pick<Cluster, 'dir'>, options: CompanionOptions): Promise<Companion> {
  const { name, command, env, readyUrl, signal } = options;
  const id = `${name}-${randomUUID().slice(0, 8)}`;
  const dir = join(cluster.dir, id);
  const logFile = join(layout(cluster.dir).logs, `${id}.log`);
  await mkdir(dir, { mode: 0o700 });
  const args = await options.args(dir);
  const identity = await spawnLogged({ command, args, logFile, ...(env && { env }) });
  await recordProcess(cluster.dir, id, identity);
  const stop = async (): Promise<void> => {
    await killAll([identity]);
    await forgetProcess(cluster.dir, id);
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  const details = (): string => quoteLog(logFile);
  const probe = async (): Promise<true | undefined> => {
    if (readyUrl === undefined || (await answersOk(readyUrl, signal))) return true;
    if (!isAlive(identity)) throw new ClusterError('PROGRAM_EXITED', `${name} exited. ${details()}`);
    return undefined;
  };
  try {
    await waitFor(probe, { what: `${name} to be ready`, timeoutMs: START_TIMEOUT_MS, signal, details });
  } catch (error) {
    await stop();
    throw error;
  }
  return { dir, logFile, stop, [Symbol.asyncDispose]: stop };
}

async function answersOk(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
