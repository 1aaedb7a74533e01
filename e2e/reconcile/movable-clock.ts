import { systemClock, toError } from '../../operator/kube/clock.ts';
import type { Clock } from '../../operator/kube/types.ts';

interface Timer {
  readonly dueAt: number;
  readonly callback: () => void;
  cancel: () => void;
}

/**
 * The machine's time, which a test can move: windows of hours pass without waiting. Every wait that ends in the time
 * that is jumped over ends at once, in the order of their times; all others end so much sooner.
 */
export class MovableClock implements Clock {
  readonly #timers = new Set<Timer>();
  #passed = 0;
  #wall = 0;

  now(): number {
    return systemClock.now() + this.#passed + this.#wall;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#passed;
  }

  setTimeout(callback: () => void, ms: number): () => void {
    const timer: Timer = { dueAt: this.monotonic() + ms, callback, cancel: () => undefined };
    this.#timers.add(timer);
    this.#arm(timer);
    return () => {
      this.#timers.delete(timer);
      timer.cancel();
    };
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

  /** So much time has passed, milliseconds. */
  advance(ms: number): void {
    if (ms < 0) throw new RangeError(`Time does not pass backwards (${ms} ms): set the wall clock with jumpWall().`);
    this.#passed += ms;
    const pending = [...this.#timers].sort((a, b) => a.dueAt - b.dueAt);
    for (const timer of pending) {
      timer.cancel();
      this.#arm(timer);
    }
  }

  /** The wall clock is set to another time, either way; no time passes. */
  jumpWall(ms: number): void {
    this.#wall += ms;
  }

  #arm(timer: Timer): void {
    const fire = (): void => {
      this.#timers.delete(timer);
      timer.callback();
    };
    timer.cancel = systemClock.setTimeout(fire, Math.max(0, timer.dueAt - this.monotonic()));
  }
}
