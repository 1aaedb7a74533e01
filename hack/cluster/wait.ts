import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from './errors.ts';

export interface WaitOptions {
  /** What is waited for, as it continues "Timed out waiting for". */
  readonly what: string;
  readonly timeoutMs: number;
  /** Default 50. */
  readonly intervalMs?: number;
  readonly signal: AbortSignal;
  /** Added to the message of the timeout, e.g. the end of a log. */
  readonly details?: () => string;
}

/**
 * Polls `probe` until it returns something other than undefined, and returns that. An error that `probe` throws ends the
 * wait. Throws NOT_READY at the timeout, and the signal's reason when it aborts.
 */
export async function waitFor<T>(probe: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal.throwIfAborted();
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() >= deadline) {
      const details = options.details?.();
      throw new ClusterError(
        'NOT_READY',
        `Timed out after ${Math.round(options.timeoutMs / 1000)} s waiting for ${options.what}.${details ? `\n${details}` : ''}`,
      );
    }
    await sleep(options.intervalMs ?? 50, undefined, { signal: options.signal });
  }
}
