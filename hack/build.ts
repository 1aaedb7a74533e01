/**
 * `make build`: bundles the operator and the kubectl plugin, one file each with its source map. They run with
 * `node_modules/.bin/node dist/operator.mjs`, without node_modules beside them. `dist/deepseek-operator` starts the operator with
 * the settings of Node that keep it small.
 */
import { chmod, copyFile, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions, BUNDLES } from './bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as { version: string };

for (const bundle of BUNDLES) {
  const { out, executable } = bundle;
  await build(bundleOptions(bundle, root, version));
  if (executable) await chmod(`${root}/${out}`, 0o755);
  const { size } = await stat(`${root}/${out}`);
  console.log(`${out}  ${(size / 1e6).toFixed(1)} MB`);
}
// A copy keeps the mode of its source.
await copyFile(`${root}/operator/launcher.sh`, `${root}/dist/deepseek-operator`);
