import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { ClusterError } from './errors.ts';
import { recordProcess, WATCHDOG } from './folder.ts';
import { layout } from './layout.ts';
import { identify } from './process.ts';

/**
 * Ties a cluster to the life of this process. The programs run in sessions of their own and would outlive us; Node.js
 * offers no parent-death signal, and an 'exit' handler does not run on SIGKILL. So a shell waits for the end of a pipe
 * whose other end only we hold: the kernel closes it however we die, and the shell then becomes reap.ts. Until that
 * moment it costs one idle `sh`.
 */
export async function startWatchdog(dir: string): Promise<void> {
  const log = openSync(join(layout(dir).logs, 'watchdog.log'), 'a');
  try {
    const reap = [process.execPath, '--no-warnings', join(import.meta.dirname, 'reap.ts'), dir];
    const child = spawn('/bin/sh', ['-c', 'while read -r _; do :; done; exec "$@"', WATCHDOG, ...reap], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', log, log],
    });
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    (child.stdin as Socket).unref();
    const identity = identify(child.pid ?? 0);
    if (!identity) throw new ClusterError('PROGRAM_EXITED', `The watchdog of ${dir} exited at once.`);
    await recordProcess(dir, WATCHDOG, identity);
  } finally {
    closeSync(log);
  }
}
