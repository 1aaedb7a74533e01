import type { Clock } from '../kube/types.ts';

/** Changes of a spec that are followed at once, */
const BURST = 10;
/** and then one in this time, milliseconds: a person, a GitOps tool and an autoscaler make fewer. */
const REFILL_MS = 1_000;

interface Bucket {
  /** The last that a pass has looked at. */
  version: string | undefined;
  tokens: number;
  /** Monotonic: when the tokens were counted. */
  at: number;
}

/**
 * Keeps objects whose spec changes all the time from taking the operator's time from others: each change is a version of its
 * own, with children to make and to take away. Nothing else that happens to an object is held back.
 */
export class Restless {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By key. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /**
   * How long a pass for this version of a spec (UID and generation) has to wait, milliseconds; 0: it may begin, and is counted if
   * it is the first.
   */
  waitMs(key: string, version: string): number {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { version: undefined, tokens: BURST, at: now };
    if (bucket.version === version) return 0;
    const refilled = Math.floor((now - bucket.at) / REFILL_MS);
    const tokens = Math.min(BURST, bucket.tokens + refilled);
    const at = tokens === BURST ? now : bucket.at + refilled * REFILL_MS;
    const isDue = tokens > 0;
    this.#buckets.set(key, { version: isDue ? version : bucket.version, tokens: tokens - Number(isDue), at });
    return isDue ? 0 : at + REFILL_MS - now;
  }

  /** It is gone. */
  forget(key: string): void {
    this.#buckets.delete(key);
  }
}
