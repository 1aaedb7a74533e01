import { TimeoutError } from '../../operator/kube/errors.ts';
import { limitSignal } from '../../operator/kube/limited-signal.ts';
import type { CommandContext } from './context.ts';

/** Longest time until there is an answer or an error, milliseconds. */
const ANSWER_LIMIT_MS = 9_000;

/** Runs calls to the cluster that a person waits for: all of them together have nine seconds. */
export type AnswerInTime = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** Bounds everything that a person waits for: all its calls together, and a credentials plugin too. */
export function answerInTime({ signal, clock }: Pick<CommandContext, 'signal' | 'clock'>): AnswerInTime {
  return async (work) => {
    const limit = limitSignal(signal, clock, ANSWER_LIMIT_MS, () => {
      return new TimeoutError(`no answer within ${ANSWER_LIMIT_MS / 1000} s`);
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
