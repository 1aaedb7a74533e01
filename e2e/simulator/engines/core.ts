import type { Clock } from '../../../operator/kube/types.ts';

/** Seconds that one request takes in its phases. */
export interface Pace {
  readonly timeToFirstToken: number;
  readonly interTokenLatency: number;
}

/** What became of a request: the four times that engines make their histograms of, in seconds. */
export interface Timing {
  readonly queued: number;
  /** From arrival to the first token; undefined when none was made. */
  readonly timeToFirstToken?: number;
  readonly prefill: number;
  readonly decode: number;
  readonly total: number;
  readonly tokens: number;
}

export interface CoreObserver {
  /** `sinceLast`: seconds since the request's previous token; undefined for its first. */
  onToken(sinceLast: number | undefined): void;
  onEnd(timing: Timing, completed: boolean): void;
}

/**
 * The scheduler of an inference engine: `slots` sequences run at once (continuous batching), the others wait in order
 * of arrival. Every token takes its time on the clock; nothing else does.
 */
export class EngineCore {
  readonly #clock: Clock;
  readonly #slots: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #heldTokens = 0;

  constructor(clock: Clock, slots: number) {
    this.#clock = clock;
    this.#slots = slots;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Tokens (prompt and output) of the sequences that run: what fills the KV cache. */
  get heldTokens(): number {
    return this.#heldTokens;
  }

  /**
   * Yields `tokens` at the pace of the engine, which is asked before each of them. Ends early, without an error, when `signal` aborts; the slot is free
   * again when the generator has ended or was left.
   */
  async *generate(
    tokens: readonly string[],
    promptTokens: number,
    pace: (made: number) => Pace,
    observer: CoreObserver,
    signal: AbortSignal,
  ): AsyncGenerator<string, void, void> {
    const arrived = this.#clock.monotonic();
    const seconds = (since: number): number => (this.#clock.monotonic() - since) / 1000;
    if (!(await this.#acquire(signal))) {
      observer.onEnd({ queued: seconds(arrived), prefill: 0, decode: 0, total: seconds(arrived), tokens: 0 }, false);
      return;
    }
    const started = this.#clock.monotonic();
    const queued = (started - arrived) / 1000;
    let firstAt: number | undefined;
    let lastAt = started;
    let made = 0;
    this.#heldTokens += promptTokens;
    try {
      for (const token of tokens) {
        const { timeToFirstToken, interTokenLatency } = pace(made);
        if (!(await this.#sleep(firstAt === undefined ? timeToFirstToken : interTokenLatency, signal))) return;
        observer.onToken(firstAt === undefined ? undefined : seconds(lastAt));
        lastAt = this.#clock.monotonic();
        firstAt ??= lastAt;
        made++;
        this.#heldTokens++;
        yield token;
      }
    } finally {
      this.#heldTokens -= promptTokens + made;
      this.#release();
      const timeToFirstToken = firstAt === undefined ? {} : { timeToFirstToken: (firstAt - arrived) / 1000 };
      const prefill = ((firstAt ?? lastAt) - started) / 1000;
      const decode = firstAt === undefined ? 0 : (lastAt - firstAt) / 1000;
      const timing = { queued, ...timeToFirstToken, prefill, decode, total: seconds(arrived), tokens: made };
      observer.onEnd(timing, made === tokens.length && !signal.aborted);
    }
  }

  /** Resolves true with a slot in hand, false when the signal aborted first. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#running < this.#slots) {
      this.#running++;
      return true;
    }
    return new Promise((resolve) => {
      const grant = (): void => {
        signal.removeEventListener('abort', leave);
        this.#running++;
        resolve(true);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(grant), 1);
        resolve(false);
      };
      this.#waiting.push(grant);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #release(): void {
    this.#running--;
    this.#waiting.shift()?.();
  }

  async #sleep(secondsToSleep: number, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#clock.sleep(secondsToSleep * 1000, signal);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }
}
