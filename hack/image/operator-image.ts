import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, readFile, realpath, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { fillOnce } from '../engine-check/cache.ts';
import type { Buildah } from './buildah.ts';
import { imageCache } from './cache.ts';
import { debianRoot } from './debian-root.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export interface ImageOptions {
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Libraries that the binary of Node.js links. */
export const NODE_LIBRARIES = ['libstdc++6'] as const;

/** The Node.js of this work tree: that of package.json. */
export const nodeBinary = async (): Promise<string> => realpath(join(ROOT, 'node_modules', 'node', 'bin', 'node'));

/**
 * Builds the operator's image from the Containerfile, on bases made of Debian's packages and of the Node.js in node_modules
 * instead of a registry's. Its packages are those of node_modules: what `npm ci` has put there.
 */
export async function buildOperatorImage(buildah: Buildah, tag: string, options: ImageOptions): Promise<void> {
  const { signal, onProgress } = options;
  const { version, timestamp, revision } = await aboutSources();
  const base = await debianRoot({ suite: 'bookworm', packages: NODE_LIBRARIES, ...options });
  await buildah.fromFolder('localhost/base:local', base, 0, signal);
  await buildah.fromFolder('localhost/build:local', await buildRoot(options), 0, signal);
  onProgress('Building the image of the operator');
  await buildah.build({
    tag,
    containerfile: join(ROOT, 'Containerfile'),
    context: ROOT,
    args: {
      BUILD_IMAGE: 'localhost/build:local',
      NODE_IMAGE: 'localhost/build:local',
      BASE_IMAGE: 'localhost/base:local',
      BUILDPLATFORM: `linux/${architecture()}`,
      VERSION: version,
      REVISION: revision,
    },
    volumes: { '/src/node_modules': join(ROOT, 'node_modules') },
    timestamp,
    signal,
  });
}

/** What a container platform calls this machine. */
const architecture = (): string => (process.arch === 'x64' ? 'amd64' : process.arch);

/** Debian's shell and file tools, Node.js, and the npm of this machine. */
async function buildRoot(options: ImageOptions): Promise<string> {
  const system = await debianRoot({
    suite: 'bookworm',
    packages: ['dash', 'coreutils', ...NODE_LIBRARIES],
    ...options,
  });
  const npm = dirname(dirname(await realpath(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim())));
  const { version } = Package.parse(JSON.parse(await readFile(join(npm, 'package.json'), 'utf8')));
  const dir = join(imageCache(process.env), `build-${process.versions.node}-npm-${version}`);
  const { signal, onProgress } = options;
  await fillOnce(dir, { timeoutMs: 60_000, signal, onProgress }, async (target) => {
    await cp(system, target, { recursive: true, verbatimSymlinks: true });
    const local = join(target, 'usr', 'local');
    await mkdir(join(local, 'bin'), { recursive: true });
    await cp(await nodeBinary(), join(local, 'bin', 'node'));
    await chmod(join(local, 'bin', 'node'), 0o755);
    await cp(npm, join(local, 'lib', 'node_modules', 'npm'), { recursive: true, verbatimSymlinks: true });
    await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm'));
  });
  return dir;
}

const Package = z.object({ version: z.string() });

/** Version and commit of the sources, and the time that the image bears: SOURCE_DATE_EPOCH, else the commit's. */
export async function aboutSources(): Promise<{ version: string; revision: string; timestamp: number }> {
  const { version } = Package.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  return {
    version,
    revision: git('rev-parse', 'HEAD'),
    timestamp: Number(epoch !== undefined && epoch !== '' ? epoch : git('log', '-1', '--format=%ct')),
  };
}
