import type { Clock } from './types.ts';

/** A signal with an end of its own. `cancel` must be called when the work is over. */
export interface Deadline {
  readonly signal: AbortSignal;
  cancel(): void;
}

/**
 * A signal that aborts with `parent`, or after `ms` with what `expired` makes. (`AbortSignal.timeout` knows no fake
 * clock, and `AbortSignal.any` keeps its parents' lists growing for as long as they live.)
 */
export function deadline(clock: Clock, ms: number, parent: AbortSignal, expired: () => Error): Deadline {
  const controller = new AbortController();
  const abort = (): void => controller.abort(parent.reason);
  if (parent.aborted) abort();
  else parent.addEventListener('abort', abort, { once: true });
  const stop = clock.setTimeout(() => controller.abort(expired()), ms);
  return {
    signal: controller.signal,
    cancel: () => {
      stop();
      parent.removeEventListener('abort', abort);
    },
  };
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Waits until `work` settles, at most `ms`; says whether it did. What `work` rejects with is not this function's. */
export function settledWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.setTimeout(() => resolve(false), ms);
    const settled = (): void => {
      cancel();
      resolve(true);
    };
    work.then(settled, settled);
  });
}
