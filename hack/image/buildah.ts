import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runCommand } from '../engine-check/command.ts';

const MINUTE_MS = 60_000;

export interface BuildOptions {
  readonly tag: string;
  readonly containerfile: string;
  /** Folder that COPY reads. */
  readonly context: string;
  readonly args?: Readonly<Record<string, string>>;
  /** Folders of this machine that RUN sees, read-only, by their path there. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Seconds since 1970: the time of the image and of every file that the build adds. */
  readonly timestamp: number;
  readonly signal: AbortSignal;
}

const Inspected = z.object({ FromImageDigest: z.string(), FromImageID: z.string() });

/**
 * buildah with a store of its own, which `dispose` removes. No daemon, no registry: what a build starts from is in the
 * store (`fromFolder`) or named in full.
 */
export class Buildah implements AsyncDisposable {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async open(): Promise<Buildah> {
    const dir = await mkdtemp(join(tmpdir(), 'deepseek-images-'));
    await mkdir(join(dir, 'tmp'));
    return new Buildah(dir);
  }

  /** Makes an image of a folder, as it is. */
  async fromFolder(tag: string, folder: string, timestamp: number, signal: AbortSignal): Promise<void> {
    const name = (await this.run(['from', 'scratch'], signal)).trim();
    try {
      await this.run(['copy', '--quiet', name, folder, '/'], signal);
      await this.run(['commit', '--quiet', '--timestamp', String(timestamp), name, tag], signal);
    } finally {
      await this.run(['rm', name], signal);
    }
  }

  /** Builds from a Containerfile. The same inputs give the same digest. */
  async build(options: BuildOptions): Promise<void> {
    const { tag, containerfile, context, args = {}, volumes = {}, timestamp, signal } = options;
    await this.run(
      [
        'build',
        '--quiet',
        '--format=oci',
        '--no-cache',
        '--layers=false',
        `--timestamp=${timestamp}`,
        ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
        ...Object.entries(volumes).map(([to, from]) => `--volume=${from}:${to}:ro`),
        `--file=${containerfile}`,
        `--tag=${tag}`,
        context,
      ],
      signal,
    );
  }

  /** Digest of an image's manifest: what a registry would call it. */
  async digest(tag: string, signal: AbortSignal): Promise<string> {
    return Inspected.parse(JSON.parse(await this.run(['inspect', '--type=image', tag], signal))).FromImageDigest;
  }

  /** Writes an image as `docker save` does, under the name that it has in `name`. */
  async save(tag: string, file: string, name: string, signal: AbortSignal): Promise<void> {
    await rm(file, { force: true });
    await this.run(['push', '--quiet', tag, `docker-archive:${file}:${name}`], signal);
  }

  /** Calls `look` with the folder of an image's files, which is read-only. */
  async mounted<T>(tag: string, look: (dir: string) => Promise<T>, signal: AbortSignal): Promise<T> {
    const name = (await this.run(['from', '--pull=false', tag], signal)).trim();
    try {
      return await look((await this.run(['mount', name], signal)).trim());
    } finally {
      await this.run(['umount', name], signal);
      await this.run(['rm', name], signal);
    }
  }

  async run(args: readonly string[], signal: AbortSignal): Promise<string> {
    const driver = process.env['STORAGE_DRIVER'] ?? 'vfs';
    const store = ['--root', join(this.#dir, 'root'), '--runroot', join(this.#dir, 'run'), '--storage-driver', driver];
    return runCommand('buildah', [...store, ...args], {
      env: { BUILDAH_ISOLATION: 'chroot', TMPDIR: join(this.#dir, 'tmp') },
      timeoutMs: 10 * MINUTE_MS,
      signal,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 3 });
  }
}
