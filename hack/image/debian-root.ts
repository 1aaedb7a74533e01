import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareApt } from '../engine-check/apt.ts';
import { fillOnce } from '../engine-check/cache.ts';
import { runCommand } from '../engine-check/command.ts';
import { imageCache } from './cache.ts';

const MINUTE_MS = 60_000;

/** Folders that Debian has merged into /usr. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];

/** What a program at work never reads. Licences (usr/share/doc/PACKAGE/copyright) stay. */
const PRUNED = ['man', 'locale', 'lintian', 'bug', 'info', 'bash-completion', 'zsh', 'fish'].map(
  (name) => `usr/share/${name}`,
);

export interface DebianRootOptions {
  readonly suite: 'bookworm' | 'sid';
  /** These and all that they depend on, without what they merely recommend. */
  readonly packages: readonly string[];
  readonly onProgress: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * The root folder of a container: packages of Debian (amd64) with what they depend on, unpacked and not configured, with
 * the users root and nonroot (65532). From the cache, or made from the archive that this machine's apt uses; no root.
 *
 * @throws EngineCheckError when there is no such archive.
 */
export async function debianRoot({ suite, packages, onProgress, signal }: DebianRootOptions): Promise<string> {
  const key = createHash('sha256')
    .update([LAYOUT, suite, ...packages].join(' '))
    .digest('hex')
    .slice(0, 12);
  const dir = join(imageCache(process.env), `${suite}-${key}`);
  await fillOnce(dir, { timeoutMs: 10 * MINUTE_MS, signal, onProgress }, async (target) => {
    onProgress(`Unpacking ${packages.join(', ')} of Debian's ${suite}`);
    const work = await mkdtemp(join(tmpdir(), 'debian-root-'));
    try {
      const env = await prepareApt(work, suite, signal);
      await runCommand('apt-get', ['update', '-q'], { env, timeoutMs: 3 * MINUTE_MS, signal });
      const download = ['install', '-qq', '-y', '--no-install-recommends', '--download-only', ...packages];
      await runCommand('apt-get', download, { env, timeoutMs: 5 * MINUTE_MS, signal });
      for (const name of MERGED) {
        await mkdir(join(target, 'usr', name), { recursive: true });
        await symlink(`usr/${name}`, join(target, name));
      }
      const archives = join(work, 'archives');
      const debs = (await readdir(archives)).filter((file) => file.endsWith('.deb')).toSorted();
      for (const deb of debs) {
        // Older packages have files in /lib: they go where the link leads.
        const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"';
        const args = ['-c', unpack, 'unpack', join(archives, deb), target];
        await runCommand('/bin/sh', args, { timeoutMs: MINUTE_MS, signal });
      }
      await finish(target, debs);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
  return dir;
}

/** Goes into the key of the cache: to be raised when `finish` changes. */
const LAYOUT = '2';

async function finish(root: string, debs: readonly string[]): Promise<void> {
  for (const path of PRUNED) await rm(join(root, path), { recursive: true, force: true });
  for (const folder of await readdir(join(root, 'usr', 'lib'))) {
    await rm(join(root, 'usr', 'lib', folder, 'gconv'), { recursive: true, force: true });
  }
  await mkdir(join(root, 'etc'), { recursive: true });
  for (const name of ['tmp', 'home/nonroot']) await mkdir(join(root, name), { recursive: true });
  const texts: Readonly<Record<string, string>> = {
    'etc/passwd': 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
    'etc/group': 'root:x:0:\nnonroot:x:65532:\n',
    'etc/nsswitch.conf': 'hosts: files dns\n',
    'usr/share/sbom/packages.txt': `${debs.map((deb) => decodeURIComponent(deb.replace(/\.deb$/, ''))).join('\n')}\n`,
  };
  await mkdir(join(root, 'usr/share/sbom'), { recursive: true });
  for (const [path, text] of Object.entries(texts)) await writeFile(join(root, path), text);
}
