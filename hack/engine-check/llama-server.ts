import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareApt } from './apt.ts';
import { engineCache, exists, fillOnce } from './cache.ts';
import { runCommand } from './command.ts';
import { EngineCheckError } from './errors.ts';

/** The version of Debian's llama.cpp-tools that the simulator's copy of its flags and answers comes from. */
export const LLAMA_VERSION = '1:0.7.0+dfsg-2';

/** llama-server and everything that it loads, the C library included: Debian's unstable is newer than this machine. */
const PACKAGES = [
  'llama.cpp-tools',
  'libllama0',
  'libggml0',
  'libc6',
  'libgcc-s1',
  'libgomp1',
  'libssl3t64',
  'libstdc++6',
  'libzstd1',
  'zlib1g',
] as const;

const MINUTE_MS = 60_000;
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

export interface FetchOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly onProgress?: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A program that can be started: these words, followed by its arguments. */
export interface Program {
  readonly version: string;
  readonly command: readonly string[];
  /** Where it has to be started: llama.cpp looks for its backends there. */
  readonly cwd: string;
}

/**
 * The real llama-server, from the cache or, on first use, from Debian's archive (13 MB): the archive that this machine's
 * apt uses, its suite `sid`, unpacked beside the system. Needs Debian (or what has its keys) on amd64; no root.
 *
 * @throws EngineCheckError that says what this machine lacks.
 */
export async function findLlamaServer({ env = process.env, onProgress, signal }: FetchOptions): Promise<Program> {
  const report = onProgress ?? (() => undefined);
  const pinned = folderOf(env, LLAMA_VERSION);
  if (await exists(pinned)) return programIn(pinned, LLAMA_VERSION);
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new EngineCheckError(
      'UNSUPPORTED_MACHINE',
      `The real llama-server comes from Debian's packages for amd64; this is ${process.platform} on ${process.arch}. ` +
        'Run this suite on Debian on amd64, as CI does.',
    );
  }
  const work = await mkdtemp(join(tmpdir(), 'engine-packages-'));
  try {
    report("Reading the package list of Debian's sid");
    const apt = await prepareApt(work, 'sid', signal);
    await runCommand('apt-get', ['update', '-q'], { env: apt, timeoutMs: 3 * MINUTE_MS, signal });
    const policy = await runCommand('apt-cache', ['policy', PACKAGES[0]], { env: apt, timeoutMs: MINUTE_MS, signal });
    const version = /Candidate: (\S+)/.exec(policy)?.[1];
    if (version === undefined || version === '(none)') {
      throw new EngineCheckError('NO_DEBIAN_SOURCE', `Debian's sid has no ${PACKAGES[0]} for amd64.`);
    }
    if (version !== LLAMA_VERSION) report(`Debian now has ${version} instead of ${LLAMA_VERSION}; using that`);
    const dir = folderOf(env, version);
    await fillOnce(dir, { timeoutMs: 10 * MINUTE_MS, signal, onProgress: report }, async (target) => {
      report(`Downloading ${PACKAGES.length} packages: ${PACKAGES[0]} ${version} and its libraries`);
      const downloads = join(work, 'debs');
      await mkdir(downloads);
      await runCommand('apt-get', ['download', '-q', ...PACKAGES], {
        cwd: downloads,
        env: apt,
        timeoutMs: 5 * MINUTE_MS,
        signal,
      });
      for (const file of await readdir(downloads)) {
        await runCommand('dpkg-deb', ['-x', join(downloads, file), target], { timeoutMs: MINUTE_MS, signal });
      }
    });
    return programIn(dir, version);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function folderOf(env: Readonly<Record<string, string | undefined>>, version: string): string {
  return join(engineCache(env), `llama-server-${version.replaceAll(/[^\w.+-]/g, '_')}`);
}

function programIn(dir: string, version: string): Program {
  const library = join(dir, LIBRARIES);
  return {
    version,
    command: [
      join(library, 'ld-linux-x86-64.so.2'),
      '--library-path',
      [library, join(library, 'llama'), join(library, 'ggml')].join(':'),
      join(dir, 'usr', 'bin', 'llama-server'),
    ],
    cwd: join(library, 'ggml', 'backends0'),
  };
}
