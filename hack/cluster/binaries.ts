import { createHash } from 'node:crypto';
import { access, constants, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Binary, BINARY_SETS, type BinarySet, type Tool } from './binary-sets.ts';
import { buildTools, checkGo } from './build.ts';
import { ClusterError, systemCode } from './errors.ts';
import { withLock } from './lock.ts';
import type { Profile } from './types.ts';

/** What a profile can do with, where somebody else provides it. */
const NEEDED: Readonly<Record<Profile, readonly string[]>> = {
  'control-plane': ['etcd', 'kube-apiserver', 'kubectl'] satisfies Binary[],
  simulated: BINARY_SETS.kubernetes.names,
  real: BINARY_SETS.kubernetes.names,
};

/** Builds queue up: two at once would take longer than one after the other. */
const LOCK_TIMEOUT_MS = 45 * 60_000;

export interface BinariesOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly onProgress?: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * The folder that holds the binaries of a profile: `KUBEBUILDER_ASSETS` if it is set and the profile needs no more than
 * it has; else the cache, which is filled on first use (minutes; later folders share Go's build cache: half a minute).
 */
export async function findBinaries(profile: Profile, options: BinariesOptions): Promise<string> {
  const env = options.env ?? process.env;
  const assets = env['KUBEBUILDER_ASSETS'];
  if (assets && profile === 'control-plane') {
    const missing = await missingIn(assets, NEEDED[profile]);
    if (missing.length === 0) return assets;
    throw new ClusterError(
      'BINARIES_MISSING',
      `KUBEBUILDER_ASSETS=${assets} lacks ${missing.join(', ')}. Complete it, or unset the variable to build them.`,
    );
  }
  return findSet(BINARY_SETS.kubernetes, options);
}

/**
 * Path of a program beside the cluster, from the same cache. Building one takes minutes the first time, so only a suite
 * that uses it asks for it.
 */
export async function findTool(name: Tool, options: BinariesOptions): Promise<string> {
  return join(await findSet(BINARY_SETS[name], options), name);
}

async function findSet(set: BinarySet, options: BinariesOptions): Promise<string> {
  const root = cacheRoot(options.env ?? process.env);
  const dir = join(root, await hashOf(set));
  if ((await missingIn(dir, set.names)).length > 0) await buildInto(root, dir, set, options);
  return dir;
}

/** Outside the work tree, so that a fresh clone finds what another has built. */
export function cacheRoot(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'deepseek-operator', 'bin');
}

/** Names a set of binaries: any change of a version, a checksum or a build tag gives another folder. */
async function hashOf({ module, tags, packages }: BinarySet): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(join(module, file)));
  hash.update(tags.join());
  if (packages.join() !== 'tool') hash.update(`packages ${packages.join()}`);
  return hash.digest('hex').slice(0, 16);
}

async function missingIn(dir: string, names: readonly string[]): Promise<string[]> {
  const present = await Promise.all(
    names.map((name) =>
      access(join(dir, name), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return names.filter((_, index) => present[index] !== true);
}

/** Builds beside the final folder and moves it there in one step: a killed build leaves nothing that looks complete. */
async function buildInto(root: string, dir: string, set: BinarySet, options: BinariesOptions): Promise<void> {
  const { onProgress = () => undefined, signal } = options;
  await checkGo(signal);
  await mkdir(root, { recursive: true });
  const onWait = ({ pid }: { pid: number }) => onProgress(`Process ${pid} is building binaries; waiting for it`);
  await withLock(join(root, 'build.lock'), { timeoutMs: LOCK_TIMEOUT_MS, signal, onWait }, async () => {
    if ((await missingIn(dir, set.names)).length === 0) return;
    const temporary = `${dir}.${process.pid}`;
    const { module, what, tags, packages } = set;
    try {
      await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary);
      const linkerFlags = await set.linkerFlags();
      await buildTools({ module, what, tags, packages, linkerFlags, output: temporary, onProgress, signal });
      for (const [from, to] of Object.entries(set.renamed)) await rename(join(temporary, from), join(temporary, to));
      await rm(dir, { recursive: true, force: true });
      await rename(temporary, dir);
    } catch (error) {
      if (systemCode(error) !== 'ENOTEMPTY') throw error; // Else another process was faster: its build is as good.
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}
