import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';

/** Writes a file that goes with the test; gives its path. */
export type Scratch = (name: string, content: string) => Promise<string>;

/** Files for each test of a file. */
export function scratchFiles(): Scratch {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });
  return async (name, content) => {
    const folder = await mkdtemp(join(tmpdir(), 'install-'));
    folders.push(folder);
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
}
