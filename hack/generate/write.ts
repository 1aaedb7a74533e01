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

/** Writes the files below `root` that are not what they should be; returns their paths. */
export async function writeFiles(files: readonly GeneratedFile[], root: string): Promise<string[]> {
  const stale = await staleFiles(files, root);
  for (const { path, render } of files.filter((file) => stale.includes(file.path))) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), await render());
  }
  return stale;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
