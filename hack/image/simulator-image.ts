import { createHash } from 'node:crypto';
import { chmod, cp, glob, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { OLDEST_NODE, REQUIRE } from '../bundle.ts';
import { exists } from '../engine-check/cache.ts';
import { debianRoot } from './debian-root.ts';
import { type ImageOptions, NODE_LIBRARIES, nodeBinary } from './operator-image.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Programs that the engines' images are started by (operator/engines). */
const PROGRAMS = ['vllm', 'python3', 'trtllm-serve'] as const;
/** The engines' images have a shell: init containers write settings with it (operator/engines/config-file.ts). */
const PACKAGES = [...NODE_LIBRARIES, 'dash'] as const;

/** The engine simulator in one file: the same code that plays the pods of a simulated cluster. */
export async function simulatorBundle(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['e2e/simulator/container/main.ts'],
    bundle: true,
    platform: 'node',
    target: `node${OLDEST_NODE}`,
    format: 'esm',
    write: false,
    banner: { js: `#!/usr/local/bin/node\n${REQUIRE}` },
    logLevel: 'warning',
  });
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error('esbuild wrote no bundle of the simulator.');
  return bundle.text;
}

/** What an image of this bundle is known by. */
export const digestOf = (bundle: string): string =>
  createHash('sha256')
    .update([bundle, process.version, ...PACKAGES].join(' '))
    .digest('hex')
    .slice(0, 12);

/** Calls `use` with a folder of the image's files: Node.js, its libraries, and the bundle under each engine's name. */
export async function withSimulatorRoot<T>(
  bundle: string,
  options: ImageOptions,
  use: (dir: string) => Promise<T>,
): Promise<T> {
  const base = await debianRoot({ suite: 'bookworm', packages: PACKAGES, ...options });
  const dir = await mkdtemp(join(tmpdir(), 'simulator-image-'));
  try {
    await chmod(dir, 0o755);
    await cp(base, dir, { recursive: true, verbatimSymlinks: true });
    const shell = join(dir, 'usr', 'bin', 'sh');
    if (!(await exists(shell))) await symlink('dash', shell);
    const bin = join(dir, 'usr', 'local', 'bin');
    await mkdir(bin, { recursive: true });
    await cp(await nodeBinary(), join(bin, 'node'));
    await mkdir(join(dir, 'simulator'));
    await writeFile(join(dir, 'simulator', 'main.mjs'), bundle);
    for (const name of ['node', '../../../simulator/main.mjs']) await chmod(join(bin, name), 0o755);
    for (const program of PROGRAMS) await symlink('/simulator/main.mjs', join(bin, program));
    // The flags that each engine knows: the bundle reads them beside itself.
    for await (const file of glob('e2e/simulator/engines/*/flags-*.txt', { cwd: ROOT }))
      await cp(join(ROOT, file), join(dir, 'simulator', basename(file)));
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
