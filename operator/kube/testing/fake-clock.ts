import { toError } from '../clock.ts';
import { IndexedHeap } from '../heap.ts';
import type { Clock } from '../types.ts';

interface Timer {
  readonly dueAt: number;
  readonly sequence: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  readonly #epoch: number;
  readonly #timers = new IndexedHeap<Timer>(
    (a, b) => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.sequence < b.sequence),
  );
  #elapsed = 0;
  #sequence = 0;

  /** `epoch`: the wall clock at the start, milliseconds. */
  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#epoch + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimeout(callback: () => void, ms: number): () => void {
    const timer = { dueAt: this.#elapsed + Math.max(ms, 0), sequence: this.#sequence++, callback };
    this.#timers.push(timer);
    return () => void this.#timers.delete(timer);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = (): void => {
        cancel();
        reject(toError(signal.reason));
      };
      const cancel = this.setTimeout(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** Timers that have not fired: a test may assert that nothing is left behind. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer, or undefined when none is set. */
  get nextTimerIn(): number | undefined {
    const next = this.#timers.peek();
    return next === undefined ? undefined : next.dueAt - this.#elapsed;
  }

  /** Time passes and nothing happens, as when the event loop stands still. Timers that are due fire at the next `advance`. */
  stall(ms: number): void {
    this.#elapsed += ms;
  }

  /**
   * Moves time forward by `ms`. Timers fire in order, each at its own time, and whatever a timer's promises lead to
   * has happened before the next one fires (real I/O excepted).
   */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let next = this.#timers.peek(); next !== undefined && next.dueAt <= end; next = this.#timers.peek()) {
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.dueAt);
      next.callback();
      await settle();
    }
    this.#elapsed = end;
  }
}

/** Resolves when every promise that could settle without time passing has settled. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
