import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MANAGER } from '../../operator/api/index.ts';
import { CATALOG } from '../../operator/catalog/index.ts';
import { DRAIN_PROXY_IMAGE } from '../../operator/resources/drain-proxy.ts';
import { exists } from '../engine-check/cache.ts';
import { runCommand } from '../engine-check/command.ts';
import { Buildah } from './buildah.ts';
import { imageCache } from './cache.ts';
import { debianRoot } from './debian-root.ts';
import { aboutSources, buildOperatorImage, type ImageOptions } from './operator-image.ts';
import { digestOf, simulatorBundle, withSimulatorRoot } from './simulator-image.ts';

/** An image in a file, and the names that a node is to know it by. */
export interface NodeImage {
  readonly archive: string;
  readonly names: readonly [string, ...string[]];
}

/** What the sandbox of every pod runs; hack/cluster/node names it to containerd. */
export const PAUSE_IMAGE = 'localhost/pause:local';
export const OPERATOR_IMAGE = 'localhost/deepseek-operator:local';
/** The same image under another tag, to be upgraded to. */
export const NEXT_OPERATOR_IMAGE = 'localhost/deepseek-operator:next';

/** Each image that the catalogue starts engines from on a GPU: the simulator plays them. */
const simulated = (): string[] => [
  ...new Set(
    CATALOG.engines
      .filter(({ type }) => type !== 'llama.cpp')
      .flatMap(({ versions }) => versions.flatMap(({ images }) => Object.values(images))),
  ),
];

/** The images of llama.cpp for a CPU: the real llama-server, of Debian's packages. */
const llama = (): string[] =>
  CATALOG.engines
    .filter(({ type }) => type === 'llama.cpp')
    .flatMap(({ versions }) => versions.flatMap(({ images }) => images.CPU ?? []));

/**
 * Every image of the suites on a real node, from the cache or built: pause, the engine simulator under the engines' names,
 * the real llama-server, and the operator, which is always built.
 */
export async function nodeImages(options: ImageOptions): Promise<NodeImage[]> {
  await mkdir(imageCache(process.env), { recursive: true });
  await using buildah = await Buildah.open();
  const bundle = await simulatorBundle();
  const images: NodeImage[] = [];
  const add = async (names: readonly string[], key: string, make: (tag: string, name: string) => Promise<void>) => {
    const [first, ...others] = names;
    if (first === undefined) return;
    const tag = `localhost/${key}`;
    const archive = join(imageCache(process.env), `${key.replaceAll(':', '-')}.tar`);
    if (!(await exists(archive))) {
      options.onProgress(`Making the image ${first}`);
      await make(tag, first);
      const draft = `${archive}.${process.pid}`;
      await buildah.save(tag, draft, first, options.signal);
      await rename(draft, archive);
    }
    images.push({ archive, names: [first, ...others] });
  };
  const { signal } = options;
  await add([PAUSE_IMAGE], `pause:${await hashOfFile(PAUSE_SOURCE)}`, (tag) => makePause(buildah, tag, options));
  await add(simulated(), `engine-simulator:${digestOf(bundle)}`, (tag) =>
    withSimulatorRoot(bundle, options, (dir) => buildah.fromFolder(tag, dir, 0, signal)),
  );
  await add(llama(), 'llama-server:2', (tag) => makeLlamaServer(buildah, tag, options));
  await add([DRAIN_PROXY_IMAGE], 'haproxy:1', (tag) => makeHaproxy(buildah, tag, options));
  await buildOperatorImage(buildah, OPERATOR_IMAGE, options);
  const digest = (await buildah.digest(OPERATOR_IMAGE, signal)).replace(/^sha256:/, '').slice(0, 12);
  await dropOld(imageCache(process.env));
  const archive = join(imageCache(process.env), `operator-${digest}.tar`);
  if (!(await exists(archive))) {
    const draft = `${archive}.${process.pid}`;
    await buildah.save(OPERATOR_IMAGE, draft, OPERATOR_IMAGE, signal);
    await rename(draft, archive);
  }
  // The last is what the manifests name.
  const released = `docker.io/library/${MANAGER}:${(await aboutSources()).version}`;
  return [...images, { archive, names: [OPERATOR_IMAGE, NEXT_OPERATOR_IMAGE, released] }];
}

/** Images of the operator that nobody has made for a day: each change of a line is another. */
async function dropOld(cache: string): Promise<void> {
  const yesterday = Date.now() - 86_400_000;
  for (const name of (await readdir(cache)).filter((file) => file.startsWith('operator-'))) {
    const path = join(cache, name);
    const made = await stat(path).catch(() => undefined);
    if (made !== undefined && made.mtimeMs < yesterday) await rm(path, { force: true });
  }
}

const PAUSE_SOURCE = join(import.meta.dirname, '..', 'cluster', 'tools', 'pause', 'main.go');

async function hashOfFile(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
    .slice(0, 12);
}

async function makePause(buildah: Buildah, tag: string, { signal }: ImageOptions): Promise<void> {
  await inFolder('pause-image-', async (dir) => {
    const flags = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', join(dir, 'pause'), PAUSE_SOURCE];
    await runCommand('go', ['build', ...flags], { env: { CGO_ENABLED: '0', GOFLAGS: '' }, timeoutMs: 300_000, signal });
    const program = await buildah.run(['from', 'scratch'], signal).then((name) => name.trim());
    await buildah.run(['copy', '--quiet', program, dir, '/'], signal);
    await buildah.run(['config', '--entrypoint', '["/pause"]', '--user', '65535:65535', program], signal);
    await buildah.run(['commit', '--quiet', '--timestamp', '0', program, tag], signal);
  });
}

/** llama-server where the image of llama.cpp has it, with the shell and curl that its preStop runs (operator/engines). */
async function makeLlamaServer(buildah: Buildah, tag: string, options: ImageOptions): Promise<void> {
  const packages = ['llama.cpp-tools', 'dash', 'coreutils', 'curl'];
  const root = await debianRoot({ suite: 'sid', packages, ...options });
  await inFolder('llama-image-', async (dir) => {
    await cp(root, dir, { recursive: true, verbatimSymlinks: true });
    await mkdir(join(dir, 'app'));
    await symlink('/usr/bin/llama-server', join(dir, 'app', 'llama-server'));
    if (!(await exists(join(dir, 'usr/bin/sh')))) await symlink('dash', join(dir, 'usr/bin/sh'));
    const { signal } = options;
    const name = (await buildah.run(['from', 'scratch'], signal)).trim();
    await buildah.run(['copy', '--quiet', name, dir, '/'], signal);
    // Debian keeps its libraries and its backends apart from the program.
    const libraries = '/usr/lib/x86_64-linux-gnu';
    const path = `LD_LIBRARY_PATH=${libraries}:${libraries}/llama:${libraries}/ggml`;
    await buildah.run(['config', '--env', path, '--env', 'PATH=/usr/bin', name], signal);
    await buildah.run(['config', '--workingdir', `${libraries}/ggml/backends0`, name], signal);
    await buildah.run(['commit', '--quiet', '--timestamp', '0', name, tag], signal);
  });
}

/** HAProxy of Debian's packages, where Docker's official image has it. */
async function makeHaproxy(buildah: Buildah, tag: string, options: ImageOptions): Promise<void> {
  const root = await debianRoot({ suite: 'sid', packages: ['haproxy'], ...options });
  await inFolder('haproxy-image-', async (dir) => {
    await cp(root, dir, { recursive: true, verbatimSymlinks: true });
    await mkdir(join(dir, 'usr/local/sbin'), { recursive: true });
    await symlink('/usr/sbin/haproxy', join(dir, 'usr/local/sbin/haproxy'));
    await buildah.fromFolder(tag, dir, 0, options.signal);
  });
}

async function inFolder(prefix: string, use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  try {
    execFileSync('chmod', ['755', dir]);
    await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
