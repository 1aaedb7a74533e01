/**
 * `npm run generate` writes every generated file; `npm run generate -- --check` writes nothing and fails when one is
 * stale. Exit status: 0 done or current, 1 stale, 2 usage.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generatedFiles } from './generate/files.ts';
import { staleFiles, writeFiles } from './generate/write.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

async function main(): Promise<number> {
  let check: boolean;
  try {
    check = parseArgs({ options: { check: { type: 'boolean', default: false } } }).values.check;
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: npm run generate [-- --check]`);
    return 2;
  }
  if (!check) {
    for (const path of await writeFiles(generatedFiles, root)) console.log(`wrote ${path}`);
  }
  const stale = await staleFiles(generatedFiles, root);
  if (stale.length > 0) {
    console.error(`stale: ${stale.join(', ')}\nRun \`npm run generate\` and commit the result.`);
    return 1;
  }
  console.log(`${generatedFiles.length} generated files are current`);
  return 0;
}

process.exitCode = await main();
