import type { Clock } from './types.ts';

export interface LimitedSignal {
  readonly signal: AbortSignal;
  /** True when the limit, not the parent, aborted. */
  readonly expired: boolean;
  /** Must be called when the work is over: lets the timer and the parent go. */
  release(): void;
}

/** Aborts with `parent`, or with `reason()` after `ms`. (AbortSignal.any would leave a trace on a parent that lives long.) */
export function limitSignal(
  parent: AbortSignal,
  clock: Pick<Clock, 'setTimeout'>,
  ms: number,
  reason: () => Error,
): LimitedSignal {
  const controller = new AbortController();
  let expired = false;
  const onParent = (): void => controller.abort(parent.reason);
  const cancel = clock.setTimeout(() => {
    expired = true;
    controller.abort(reason());
  }, ms);
  if (parent.aborted) onParent();
  else parent.addEventListener('abort', onParent, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    release: () => {
      cancel();
      parent.removeEventListener('abort', onParent);
    },
  };
}
