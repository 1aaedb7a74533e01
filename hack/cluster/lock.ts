import { readFile, rm, writeFile } from 'node:fs/promises';
import { ClusterError, systemCode } from './errors.ts';
import { identify, isAlive, ProcessIdentity } from './process.ts';
import { waitFor } from './wait.ts';

export interface LockOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called once, when another process holds the lock. */
  readonly onWait?: (holder: ProcessIdentity) => void;
}

/**
 * Runs `work` while this process holds the lock file. A lock whose holder died is broken; two that break it at the same
 * moment may both go on, so `work` must be safe to run twice: the lock saves work, it does not guard data.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  let waited = false;
  const self = ownIdentity();
  await waitFor(
    async () => {
      if (await tryLock(path, self)) return true;
      const holder = await readHolder(path);
      if (!holder || !isAlive(holder)) {
        await rm(path, { force: true });
        return undefined;
      }
      if (!waited) options.onWait?.(holder);
      waited = true;
      return undefined;
    },
    { what: `the lock ${path}`, timeoutMs: options.timeoutMs, intervalMs: 200, signal: options.signal },
  );
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  const self = identify(process.pid);
  if (!self) throw new ClusterError('NOT_READY', 'Cannot read the start time of this process.');
  return self;
}

async function tryLock(path: string, self: ProcessIdentity): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(self), { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<ProcessIdentity | undefined> {
  try {
    return ProcessIdentity.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // Gone meanwhile, or its writer died in the middle.
  }
}
