import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Buildah } from './buildah.ts';

/** A file of an image. */
export interface ImageFile {
  /** From the image's root, without a leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly bytes: number;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

export interface Inspection {
  readonly digest: string;
  /** Of its files, unpacked. */
  readonly bytes: number;
  /** Until its program has answered `--version` and ended, milliseconds. */
  readonly startMs: number;
  readonly files: readonly ImageFile[];
  readonly user: string;
  readonly entrypoint: readonly string[];
}

const Config = z.object({
  OCIv1: z.object({ config: z.object({ User: z.string(), Entrypoint: z.array(z.string()) }) }),
});

/** What an image holds, and how long its program takes to start. */
export async function inspectImage(buildah: Buildah, tag: string, signal: AbortSignal): Promise<Inspection> {
  const digest = await buildah.digest(tag, signal);
  const { OCIv1 } = Config.parse(JSON.parse(await buildah.run(['inspect', '--type=image', tag], signal)));
  const { User: user, Entrypoint: entrypoint } = OCIv1.config;
  const files = await buildah.mounted(tag, async (dir) => filesBelow(dir, ''), signal);
  const bytes = files.reduce((sum, file) => sum + (file.kind === 'file' ? file.bytes : 0), 0);
  const container = (await buildah.run(['from', '--pull=false', tag], signal)).trim();
  try {
    const begun = performance.now();
    await buildah.run(['run', container, '--', ...entrypoint, '--version'], signal);
    return { digest, bytes, startMs: performance.now() - begun, files, user, entrypoint };
  } finally {
    await buildah.run(['rm', container], signal);
  }
}

async function filesBelow(root: string, folder: string): Promise<ImageFile[]> {
  const files: ImageFile[] = [];
  for (const name of (await readdir(join(root, folder))).toSorted()) {
    const path = join(folder, name);
    const stats = await lstat(join(root, path));
    const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other';
    files.push({ path, mode: stats.mode & 0o7777, uid: stats.uid, bytes: stats.size, kind });
    if (kind === 'folder') files.push(...(await filesBelow(root, path)));
  }
  return files;
}
