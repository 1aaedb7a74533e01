/**
 * `npm run generate` writes every generated file; `npm run generate -- --check` writes nothing and fails when one is
 * stale. Exit status: 0 done or current, 1 stale, 2 usage.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generatedFiles } from './generate/files.ts';

const root = new URL('..', import.meta.url);

async function read(url: URL): Promise<string | undefined> {
  try {
    return await readFile(url, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function main(): Promise<number> {
  let check: boolean;
  try {
    check = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values.check;
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: npm run generate [-- --check]`);
    return 2;
  }

  const stale: string[] = [];
  for (const { path, render } of generatedFiles) {
    const url = new URL(path, root);
    const wanted = await render();
    if ((await read(url)) === wanted) continue;
    stale.push(path);
    if (check) continue;
    await mkdir(dirname(fileURLToPath(url)), { recursive: true });
    await writeFile(url, wanted);
    console.log(`wrote ${path}`);
  }
  if (!check || stale.length === 0) {
    console.log(`${generatedFiles.length} generated files are current`);
    return 0;
  }
  console.error(`stale: ${stale.join(', ')}\nRun \`npm run generate\` and commit the result.`);
  return 1;
}

process.exitCode = await main();
