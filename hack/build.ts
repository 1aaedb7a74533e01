/**
 * `npm run build`: bundles the operator and the kubectl plugin, one file each with its source map. They run with
 * `node_modules/.bin/node dist/operator.mjs`, without node_modules beside them. `dist/deepseek-operator` starts the operator with
 * the settings of Node that keep it small.
 */
import { chmod, copyFile, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as { version: string };

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  // Names stay as they are: an error's name is part of what a user reads.
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  define: { 'process.env.DEEPSEEK_OPERATOR_VERSION': JSON.stringify(version) },
  // Some packages are CommonJS and call require() for Node's own modules.
  banner: {
    js: "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);",
  },
  logLevel: 'warning',
};

const bundles: readonly { readonly entry: string; readonly out: string; readonly executable?: boolean }[] = [
  { entry: 'operator/main.ts', out: 'dist/operator.mjs' },
  { entry: 'cli/main.ts', out: 'dist/kubectl-deepseek.mjs', executable: true },
];

for (const { entry, out, executable } of bundles) {
  const banner = executable === true ? { js: `#!/usr/bin/env node\n${common.banner?.['js'] ?? ''}` } : common.banner;
  await build({ ...common, entryPoints: [entry], outfile: out, ...(banner ? { banner } : {}) });
  if (executable === true) await chmod(`${root}/${out}`, 0o755);
  const { size } = await stat(`${root}/${out}`);
  console.log(`${out}  ${(size / 1e6).toFixed(1)} MB`);
}
// A copy keeps the mode of its source.
await copyFile(`${root}/operator/launcher.sh`, `${root}/dist/deepseek-operator`);
