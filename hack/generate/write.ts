import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GeneratedFile } from './file.ts';

/** Paths of the files below `root` that are not what they should be. */
export async function staleFiles(files: readonly GeneratedFile[], root: string): Promise<string[]> {
  const stale = await Promise.all(
    files.map(async ({ path, render }) => ((await read(join(root, path))) === (await render()) ? [] : [path])),
  );
  return stale.flat();
}

/** Writes the files below `root` that are not what they should be, in order: some are made of others. Returns their paths. */
export async function writeFiles(files: readonly GeneratedFile[], root: string): Promise<string[]> {
  const written: string[] = [];
  for (const { path, render } of files) {
    const content = await render();
    if ((await read(join(root, path))) === content) continue;
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    written.push(path);
  }
  return written;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
