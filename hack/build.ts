/**
 * `make build`: bundles the operator and the kubectl plugin, one file each with its source map, and beside them the licences of the
 * packages that are in them. They run with `node_modules/.bin/node dist/operator.mjs`, without node_modules beside them. `dist/deepseek-operator` starts the operator with
 * the settings of Node that keep it small.
 */
import { chmod, copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions, BUNDLES } from './bundle.ts';
import { licencesText, packageFolders, THIRD_PARTY, thirdParties } from './third-party.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as { version: string };

const folders = new Set<string>();
for (const bundle of BUNDLES) {
  const { out, executable } = bundle;
  const { metafile } = await build({ ...bundleOptions(bundle, root, version), metafile: true });
  for (const folder of packageFolders(metafile.outputs)) folders.add(folder);
  if (executable) await chmod(`${root}/${out}`, 0o755);
  const { size } = await stat(`${root}/${out}`);
  console.log(`${out}  ${(size / 1e6).toFixed(1)} MB`);
}
const packages = await thirdParties(root, [...folders]);
await writeFile(`${root}/${THIRD_PARTY}`, licencesText(packages));
console.log(`${THIRD_PARTY}  ${packages.length} packages`);
// A copy keeps the mode of its source.
await copyFile(`${root}/operator/launcher.sh`, `${root}/dist/deepseek-operator`);
