import { readFile } from 'node:fs/promises';
import { CredentialsError } from './errors.ts';
import type { Clock } from './types.ts';

/**
 * A file whose content changes under us (a projected token, a mounted CA). It is read again when it is older than
 * `maxAgeMs` at the time of use, so an idle process reads nothing. A failing read keeps the content that we have: kubelet
 * and cert-manager replace files, and a gap of a millisecond is no reason to fail a request.
 */
export class RefreshedFile {
  readonly path: string;
  readonly #maxAgeMs: number;
  readonly #clock: Clock;
  #content: Buffer | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, maxAgeMs: number, clock: Clock) {
    this.path = path;
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
  }

  /** The content; the same Buffer as before when the bytes have not changed. */
  async read(): Promise<Buffer> {
    const now = this.#clock.monotonic();
    if (this.#content !== undefined && now - this.#readAt < this.#maxAgeMs) return this.#content;
    try {
      const content = await readFile(this.path);
      if (this.#content?.equals(content) !== true) this.#content = content;
      this.#readAt = now;
    } catch (error) {
      if (this.#content === undefined) throw new CredentialsError(`cannot read ${this.path}`, { cause: error });
    }
    return this.#content;
  }

  /** The next `read` goes to the file, whatever its age. */
  invalidate(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
  }
}
