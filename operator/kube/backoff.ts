export interface BackoffOptions {
  /** Upper limit of the second delay, milliseconds. */
  readonly baseMs: number;
  /** Upper limit of every delay, milliseconds. */
  readonly maxMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Delays between attempts: the first retry is at once (most failures are a cut connection), then they double up to a
 * limit, each drawn from the upper half of its range so that a thousand clients do not come back together.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Counts one more failure; the milliseconds to wait before the next attempt. */
  next(): number {
    this.#failures += 1;
    return this.#failures === 1 ? 0 : exponentialDelay(this.#failures - 2, this.#options);
  }

  reset(): void {
    this.#failures = 0;
  }

  /** Failures since the last reset. */
  get failures(): number {
    return this.#failures;
  }
}

/** `baseMs` x 2^`step`, at most `maxMs`, drawn from its upper half. Milliseconds. */
export function exponentialDelay(step: number, { baseMs, maxMs, random }: BackoffOptions): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(step, 30));
  return ceiling * (0.5 + random() / 2);
}
