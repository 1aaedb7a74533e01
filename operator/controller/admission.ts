import type { Clock } from '../kube/types.ts';
import { until } from '../kube/until.ts';

export interface AdmissionOptions {
  readonly clock: Clock;
  /** Called with the key of a deployment that was not let in and may come now: its pass is to be run. */
  readonly onTurn: (key: string) => void;
  /** How long one holder may take, milliseconds. */
  readonly limitMs?: number;
}

/** Passes that may be in or wait right behind: the other workers stay free for what moves traffic. */
const PLACES = 2;

const LIMIT_MS = 60_000;
/** How long a holder that was told to stop may take to do so. */
const GRACE_MS = 5_000;

/** A holder took too long: what it was about to do is undone or repeated by its next pass. */
export class AdmissionTimeoutError extends Error {
  readonly code = 'ADMISSION_TIMEOUT';
  override readonly name = 'AdmissionTimeoutError';
}

/**
 * Lets rollouts count and take GPUs one after the other, in the order in which they came: whoever is in reads what is
 * free, decides, and writes down what it takes before the next one reads. One process leads, so this is for the cluster.
 */
export class Admission {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onTurn: (key: string) => void;
  /** Keys that were not let in, in the order in which they came. */
  readonly #line = new Set<string>();
  /** Keys whose turn it is: a place is kept for each until its next pass is over. */
  readonly #called = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #inside = 0;

  constructor({ clock, onTurn, limitMs = LIMIT_MS }: AdmissionOptions) {
    this.#clock = clock;
    this.#onTurn = onTurn;
    this.#limitMs = limitMs;
  }

  /**
   * Whether the pass over `key` may call `run` now, which it then does at once. If not, the key stands in line and is called when
   * there is a place: nobody has to come back and ask, which a hundred rollouts that begin together would do all the time.
   */
  admits(key: string): boolean {
    if (this.#called.delete(key)) return true;
    if (this.#line.size === 0 && this.#inside + this.#called.size < PLACES) return true;
    this.#line.add(key);
    return false;
  }

  /** The pass over `key` is over, however it ended: a place that was kept for it, and that it had no use for, is the next one's. */
  passed(key: string): void {
    if (this.#called.delete(key)) this.#callNext();
  }

  #callNext(): void {
    for (const key of this.#line) {
      if (this.#inside + this.#called.size >= PLACES) return;
      this.#line.delete(key);
      this.#called.add(key);
      this.#onTurn(key);
    }
  }

  #leave(): void {
    this.#inside--;
    this.#callNext();
  }

  /**
   * Runs `work` when it is its turn. The signal that it is given aborts with `signal`, and after the limit: it has to be
   * passed on to every call. Rejects with the reason of `signal` when that aborts before its turn, and with an
   * AdmissionTimeoutError after the limit. A holder that does not heed the signal is left behind shortly after.
   */
  async run<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#last;
    const { promise, resolve: leave } = Promise.withResolvers<undefined>();
    this.#last = promise;
    this.#inside++;
    try {
      await until(before, signal);
    } catch (error) {
      this.#leave();
      // Those behind still wait for whoever is in.
      void before.then(() => leave(undefined));
      throw error;
    }
    try {
      return await this.#hold(work, signal);
    } finally {
      this.#leave();
      leave(undefined);
    }
  }

  async #hold<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const limit = new AbortController();
    const abandoned = Promise.withResolvers<never>();
    const seconds = Math.round(this.#limitMs / 1000);
    const error = new AdmissionTimeoutError(`Counting and reserving GPUs took longer than ${seconds} s.`);
    const cancelLimit = this.#clock.setTimeout(() => limit.abort(error), this.#limitMs);
    let cancelGrace = (): void => undefined;
    const both = AbortSignal.any([signal, limit.signal]);
    const onAbort = (): void => {
      cancelGrace = this.#clock.setTimeout(() => abandoned.reject(both.reason as Error), GRACE_MS);
    };
    both.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work(both), abandoned.promise]);
    } finally {
      both.removeEventListener('abort', onAbort);
      cancelLimit();
      cancelGrace();
    }
  }
}
