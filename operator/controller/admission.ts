import type { Clock } from '../kube/types.ts';
import { until } from '../kube/until.ts';

export interface AdmissionOptions {
  readonly clock: Clock;
  /** How long one holder may take, milliseconds. */
  readonly limitMs?: number;
}

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
  #last: Promise<unknown> = Promise.resolve();
  #inside = 0;

  constructor({ clock, limitMs = LIMIT_MS }: AdmissionOptions) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** How many are in or wait for their turn. Each of them holds a worker, which flips and rollbacks of others need. */
  get size(): number {
    return this.#inside;
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
      this.#inside--;
      // Those behind still wait for whoever is in.
      void before.then(() => leave(undefined));
      throw error;
    }
    try {
      return await this.#hold(work, signal);
    } finally {
      this.#inside--;
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
