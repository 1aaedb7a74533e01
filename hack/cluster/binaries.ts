import { createHash } from 'node:crypto';
import { access, constants, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildTools, checkGo } from './build.ts';
import { ClusterError, systemCode } from './errors.ts';
import { withLock } from './lock.ts';
import type { Profile, Program } from './types.ts';

export type Binary = Program | 'kubectl';

const NEEDED: Readonly<Record<Profile, readonly Binary[]>> = {
  'control-plane': ['etcd', 'kube-apiserver', 'kubectl'],
  simulated: ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager', 'kube-scheduler', 'kwok'],
};

/** The Go module that pins every binary and its checksums. */
const TOOLS = join(import.meta.dirname, 'tools');

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
  const dir = join(cacheRoot(env), await toolsHash());
  if ((await missingIn(dir, NEEDED.simulated)).length === 0) return dir;
  await buildInto(dir, options);
  return dir;
}

/** Outside the work tree, so that a fresh clone finds what another has built. */
export function cacheRoot(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'deepseek-operator', 'bin');
}

/** Names a set of binaries: any change of a version or a checksum gives another folder. */
async function toolsHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(join(TOOLS, file)));
  return hash.digest('hex').slice(0, 16);
}

async function missingIn(dir: string, names: readonly Binary[]): Promise<Binary[]> {
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
async function buildInto(dir: string, options: BinariesOptions): Promise<void> {
  const progress = options.onProgress ?? (() => undefined);
  await checkGo(options.signal);
  await mkdir(join(dir, '..'), { recursive: true });
  const onWait = ({ pid }: { pid: number }) => progress(`Process ${pid} is building the binaries; waiting for it`);
  await withLock(`${dir}.lock`, { timeoutMs: 30 * 60_000, signal: options.signal, onWait }, async () => {
    if ((await missingIn(dir, NEEDED.simulated)).length === 0) return;
    const temporary = `${dir}.${process.pid}`;
    try {
      await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary);
      await buildTools({ module: TOOLS, output: temporary, onProgress: progress, signal: options.signal });
      await rename(join(temporary, 'server'), join(temporary, 'etcd')); // Go names it after its package, .../etcd/server.
      await rm(dir, { recursive: true, force: true });
      await rename(temporary, dir);
    } catch (error) {
      if (systemCode(error) !== 'ENOTEMPTY') throw error; // Else another process was faster: its build is as good.
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}
