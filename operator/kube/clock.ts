import type { Clock } from './types.ts';

/** The longest delay a Node timer can hold; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's time. Timers set with `setTimeout` never hold the process; a `sleep` does, because somebody waits for it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, ms) => startTimer(callback, ms, false),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const cancel = startTimer(
        () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
        ms,
        true,
      );
      const abort = (): void => {
        cancel();
        reject(toError(signal.reason));
      };
      signal.addEventListener('abort', abort, { once: true });
    }),
};

function startTimer(callback: () => void, ms: number, holdsProcess: boolean): () => void {
  let timer: NodeJS.Timeout;
  const arm = (remaining: number): void => {
    const step = Math.min(Math.max(remaining, 0), MAX_TIMER_MS);
    timer = setTimeout(() => (remaining > step ? arm(remaining - step) : callback()), step);
    if (!holdsProcess) timer.unref();
  };
  arm(ms);
  return () => clearTimeout(timer);
}

/** What was thrown, as an Error: code may throw anything. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
