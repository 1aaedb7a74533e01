import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Bytes; a working tree that differs by more is told by an error. */
const MOST = 64 * 1024 * 1024;

/** The commit of the working tree `dir`, and what tells its changes from others. */
export async function sourcesOf(dir: string): Promise<string> {
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run('git', args, { cwd: dir, maxBuffer: MOST })).stdout.trim();
  const commit = await git('rev-parse', 'HEAD');
  const status = await git('status', '--porcelain');
  if (status === '') return commit;
  const changes = createHash('sha256')
    .update(`${status}\n${await git('diff', 'HEAD')}`)
    .digest('hex');
  return `${commit} with changes ${changes.slice(0, 8)}`;
}
