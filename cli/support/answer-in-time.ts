import { TimeoutError } from '../../operator/kube/errors.ts';
import { limitSignal } from '../../operator/kube/limited-signal.ts';
import type { CommandContext } from './context.ts';

/** Longest time until there is an answer or an error, milliseconds. */
const ANSWER_LIMIT_MS = 9_000;

/** Runs calls to the cluster that a person waits for: all of them together have nine seconds, or as long as is said, milliseconds. */
export type AnswerInTime = <T>(work: (signal: AbortSignal) => Promise<T>, limitMs?: number) => Promise<T>;

/** Bounds everything that a person waits for: all its calls together, and a credentials plugin too. */
export function answerInTime({ signal, clock }: Pick<CommandContext, 'signal' | 'clock'>): AnswerInTime {
  return async (work, limitMs = ANSWER_LIMIT_MS) => {
    const limit = limitSignal(signal, clock, limitMs, () => {
      return new TimeoutError(`no answer within ${limitMs / 1000} s`);
    });
    const expired = Promise.withResolvers<never>();
    const onAbort = (): void => expired.reject(limit.signal.reason as Error);
    limit.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work(limit.signal), expired.promise]);
    } finally {
      limit.signal.removeEventListener('abort', onAbort);
      limit.release();
    }
  };
}
