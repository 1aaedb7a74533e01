import { isRefusal } from '../kube/errors.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Tells in the log of each watch that is refused, once until it is allowed again. For kinds that the operator cannot do without. */
export class RefusedWatches {
  readonly #log: Pick<Logger, 'info' | 'warn'>;
  readonly #refused = new Set<string>();

  constructor(log: Pick<Logger, 'info' | 'warn'>) {
    this.#log = log;
  }

  /** Takes what a reflector has met; `namespace`: the one that it follows, undefined: all. */
  on(kind: string, event: ReflectorEvent, namespace: string | undefined): void {
    const id = `${kind}/${namespace ?? ''}`;
    const what = { kind, ...(namespace !== undefined && { namespace }) };
    if (event.type === 'watching' && this.#refused.delete(id))
      this.#log.info('changes of a kind are told of again', what);
    if (event.type !== 'watch-failed' || !isRefusal(event.error) || this.#refused.has(id)) return;
    this.#refused.add(id);
    const { error } = event;
    this.#log.warn('changes of a kind are not told of: after a minute models are left alone until they are', {
      ...what,
      error,
    });
  }
}
