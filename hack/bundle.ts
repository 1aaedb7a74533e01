/** How the programs are bundled: one file each, which runs without node_modules beside it. */
import type { BuildOptions, Plugin } from 'esbuild';

export interface Bundle {
  readonly entry: string;
  readonly out: string;
  /** How its user calls it. */
  readonly program: string;
  readonly executable: boolean;
}

export const BUNDLES: readonly Bundle[] = [
  { entry: 'operator/main.ts', out: 'dist/operator.mjs', program: 'deepseek-operator', executable: false },
  { entry: 'cli/main.ts', out: 'dist/kubectl-deepseek.mjs', program: 'kubectl-deepseek', executable: true },
];

/** The oldest major version of Node.js that the bundles run on. */
export const OLDEST_NODE = 24;

/** Options of esbuild for one of them; `root` is the folder of the repository. */
export function bundleOptions({ entry, out, program, executable }: Bundle, root: string, version: string) {
  return {
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: out,
    bundle: true,
    platform: 'node',
    target: `node${OLDEST_NODE}`,
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    // Names stay as they are: an error's name is part of what a user reads.
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    define: { 'process.env.DEEPSEEK_OPERATOR_VERSION': JSON.stringify(version) },
    banner: { js: [...(executable ? ['#!/usr/bin/env node'] : []), nodeCheck(program), REQUIRE].join('\n') },
    plugins: [withoutGeneratedClients],
    logLevel: 'warning',
  } satisfies BuildOptions;
}

/**
 * The reader of kubeconfigs in @kubernetes/client-node can also make clients of every generated kind, which nobody asks it
 * for: 840 modules, 6 MB of the memory of an operator with a kubeconfig. What it imports of them is undefined.
 */
const withoutGeneratedClients: Plugin = {
  name: 'without-generated-clients',
  setup(build) {
    const namespace = 'generated-clients';
    build.onResolve({ filter: /^\.\/gen\// }, ({ path, importer }) =>
      /@kubernetes[\\/]client-node[\\/]dist[\\/][^\\/]+$/.test(importer) ? { path, namespace } : undefined,
    );
    build.onLoad({ filter: /./, namespace }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

/** Some packages are CommonJS and call require() for Node's own modules. */
export const REQUIRE =
  "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);";

/**
 * Ends the program with one sentence where Node.js is too old, with 2: wrong usage. Packages are in the same file below it
 * and so are not evaluated before; only Node's own modules are.
 */
function nodeCheck(program: string): string {
  const advice = `start it with such a node, which \`npm ci\` puts at node_modules/.bin/node, or put one first on the PATH`;
  return [
    `if (Number(process.versions.node.split('.')[0]) < ${OLDEST_NODE}) {`,
    `  process.stderr.write('error: ${program} needs Node.js ${OLDEST_NODE} or later, this is ' + process.versions.node + '; ${advice}\\n');`,
    '  process.exit(2);',
    '}',
  ].join('\n');
}
