import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** How long the condition may take; generous, since it is only used up by a failing test. */
  readonly timeoutMs: number;
  /** Default 50. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs `attempt`, which asserts something, until it does not throw, and returns its value. At the timeout it throws the
 * last failure, with how long and how often was tried, so that a test reads as if it had asserted at that moment.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, options: EventuallyOptions): Promise<T> {
  const { timeoutMs, intervalMs = 50, signal } = options;
  const deadline = performance.now() + timeoutMs;
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (failure) {
      signal?.throwIfAborted();
      if (performance.now() >= deadline) throw describe(failure, timeoutMs, attempts);
    }
    await sleep(intervalMs, undefined, signal ? { signal } : {});
  }
}

/** A new error keeps the matcher's colours and diff in its message; the cause has its stack. */
function describe(failure: unknown, timeoutMs: number, attempts: number): Error {
  const message = failure instanceof Error ? failure.message : String(failure);
  return new Error(`Still failing after ${timeoutMs} ms (${attempts} attempts):\n${message}`, { cause: failure });
}
