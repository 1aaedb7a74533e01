import { access, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { withLock } from '../cluster/lock.ts';

/** Where engines are kept, outside the work tree: a fresh clone finds what another has fetched. */
export function engineCache(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'deepseek-operator', 'engines');
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Makes `dir` with `fill`, unless it is there: beside its final place, and moved in one step, so that a killed fetch
 * leaves nothing that looks complete. Others that want the same folder wait.
 */
export async function fillOnce(
  dir: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly onProgress: (line: string) => void },
  fill: (dir: string) => Promise<void>,
): Promise<void> {
  await mkdir(dirname(dir), { recursive: true });
  const onWait = ({ pid }: { pid: number }): void => options.onProgress(`Process ${pid} is making it; waiting`);
  await withLock(`${dir}.lock`, { timeoutMs: options.timeoutMs, signal: options.signal, onWait }, async () => {
    if (await exists(dir)) return;
    const temporary = `${dir}.${process.pid}`;
    try {
      await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary);
      await fill(temporary);
      await rename(temporary, dir);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}
