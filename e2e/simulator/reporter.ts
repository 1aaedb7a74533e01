import { isConflict, isNotFound } from '../../operator/kube/errors.ts';
import type { Clock } from '../../operator/kube/types.ts';
import type { Annotations } from './cluster.ts';

/** Milliseconds between attempts to write a pod's state. */
const retryDelay = 500;

/**
 * Writes one pod's annotations in the order in which they were said, each until it is there. What has been overtaken
 * while an earlier write was under way is written with it: the cluster sees every last word, not every word.
 */
export class Reporter {
  readonly #write: (annotations: Annotations, signal: AbortSignal) => Promise<void>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #pending: Annotations = {};
  #writing = false;

  constructor(
    write: (annotations: Annotations, signal: AbortSignal) => Promise<void>,
    clock: Clock,
    signal: AbortSignal,
  ) {
    this.#write = write;
    this.#clock = clock;
    this.#signal = signal;
  }

  say(annotations: Annotations): void {
    this.#pending = { ...this.#pending, ...annotations };
    if (this.#writing) return;
    this.#writing = true;
    void this.#drain().finally(() => (this.#writing = false));
  }

  async #drain(): Promise<void> {
    while (Object.keys(this.#pending).length > 0) {
      const next = this.#pending;
      this.#pending = {};
      try {
        await this.#write(next, this.#signal);
      } catch (error) {
        // The pod is gone (or we are): nobody is left to be told.
        if (this.#signal.aborted || isNotFound(error) || isConflict(error)) return;
        this.#pending = { ...next, ...this.#pending };
        await this.#clock.sleep(retryDelay, this.#signal).catch(() => undefined);
      }
    }
  }
}
