import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/**
 * A module that is loaded before an operator (`node --import`), as JavaScript in `folder`; returns its URL. Node reads
 * TypeScript with a compiler of 13 MB, which the memory of a measured process must not have.
 */
export async function compilePreload(name: string, source: URL, folder: string): Promise<string> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    ...{ entryPoints: [fileURLToPath(source)], outfile },
    ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' },
  });
  return pathToFileURL(outfile).href;
}
