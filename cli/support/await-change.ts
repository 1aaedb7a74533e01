import { aborted } from '../../operator/kube/deadline.ts';
import type { Followed } from '../get/follow.ts';
import type { AnswerInTime } from './answer-in-time.ts';
import type { CommandContext } from './context.ts';

export interface AwaitOptions<T> {
  readonly followed: Followed<T>;
  readonly context: Pick<CommandContext, 'clock' | 'signal'>;
  /** Milliseconds, from now. */
  readonly timeoutMs: number;
  readonly answerInTime: AnswerInTime;
  /** Looks at what is known: at first, after each change, and every second. True ends the wait. What it throws does, too. */
  readonly look: (current: T, trouble: string | undefined) => boolean;
}

/** Done: `look` said so. Interrupted: the user did not want to wait longer. */
export type AwaitOutcome = 'done' | 'timeout' | 'interrupted';

const TICK_MS = 1_000;

/** Follows a part of the cluster until `look` has seen enough, the time is over, or the user stops it. */
export async function awaitChange<T>(options: AwaitOptions<T>): Promise<AwaitOutcome> {
  const { followed, context, timeoutMs, look } = options;
  const { clock, signal } = context;
  const stop = new AbortController();
  const outcome = Promise.withResolvers<AwaitOutcome>();
  const onStop = (): void => outcome.resolve('interrupted');
  signal.addEventListener('abort', onStop, { once: true });
  if (signal.aborted) onStop();
  const cancelTimeout = clock.setTimeout(() => outcome.resolve('timeout'), timeoutMs);
  let cancelTick: (() => void) | undefined;
  const onChange = (): void => {
    if (stop.signal.aborted) return;
    cancelTick?.();
    try {
      if (look(followed.current(), followed.trouble())) {
        outcome.resolve('done');
        return;
      }
    } catch (error) {
      outcome.reject(error);
      return;
    }
    cancelTick = clock.setTimeout(onChange, TICK_MS);
  };
  const running = followed.run(stop.signal);
  try {
    await Promise.race([
      options.answerInTime(() => Promise.race([followed.complete(), aborted(stop.signal)])),
      outcome.promise,
    ]);
    followed.onChange(onChange);
    onChange();
    return await outcome.promise;
  } finally {
    signal.removeEventListener('abort', onStop);
    cancelTimeout();
    stop.abort();
    await running;
    cancelTick?.();
  }
}
