import type { Clock } from '../clock.ts';

/** The machine's time. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, ms) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until a test moves it; its timers fire when they are waited for, and time is then theirs. */
export class ManualClock implements Clock {
  elapsed = 0;

  now(): number {
    return Date.UTC(2026, 0, 1) + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  setTimeout(callback: () => void, ms: number): () => void {
    const immediate = setImmediate(() => {
      this.elapsed += ms;
      callback();
    });
    return () => clearImmediate(immediate);
  }
}
