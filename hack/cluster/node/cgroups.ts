import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import { nodeLayout } from './configuration.ts';

/** Removes what a node leaves in the cgroup hierarchies: empty branches, once its processes are gone. */
export async function removeCgroups(clusterDir: string): Promise<void> {
  const cgroup = await readFile(join(nodeLayout(clusterDir).dir, 'cgroup'), 'utf8').catch(() => undefined);
  if (cgroup === undefined || !/^deepseek-[0-9a-f]+$/.test(cgroup)) return;
  const root = '/sys/fs/cgroup';
  const hierarchies = [root, ...(await readdir(root)).map((name) => join(root, name))];
  for (const hierarchy of hierarchies) await removeBranch(join(hierarchy, cgroup));
}

async function removeBranch(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeBranch(join(dir, entry.name));
  await rmdir(dir).catch((error: unknown) => {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw error;
  });
}
