import { exponentialDelay } from '../kube/backoff.ts';
import { toError } from '../kube/clock.ts';
import { isConflict, TimeoutError } from '../kube/errors.ts';
import { limitSignal } from '../kube/limited-signal.ts';
import type { Clock } from '../kube/types.ts';
import { type ActContext, carryOut } from './act.ts';
import { isUnsent } from './current.ts';
import { targetOf } from './decide/intents.ts';
import { sameWords } from './decide/obstructed.ts';
import { conflictOf, type OptionalIntent, type WriteFailure, writeFailure } from './decide/optional-writes.ts';
import { StaleCacheError } from './live-reads.ts';
import type { LiveMeta } from './snapshot.ts';

/** How long one write may take: a webhook of prometheus-operator or KEDA that hangs holds nothing up for longer. */
const WRITE_LIMIT_MS = 5_000;
/** Between tries of what failed: doubled from the first to the second. */
const RETRY = { baseMs: 1_000, maxMs: 60_000 } as const;
/** Different words for the same failure that are remembered: a webhook that goes up and down says a few. */
const MAX_WORDINGS = 8;

export interface OptionalWritesOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'setTimeout'>;
  /** Uniform in [0, 1). Default: Math.random. */
  readonly random?: () => number;
}

export interface OptionalWritesContext extends ActContext {
  /** Called when a write fails for a reason that was not told yet. */
  readonly onFailure: (failure: WriteFailure) => void;
}

/** A write that has failed. */
interface Failed {
  /** What was to be written: something else is tried at once. */
  readonly wish: string;
  readonly times: number;
  /** Monotonic, milliseconds. */
  readonly dueAt: number;
  /** Absent: nothing that anybody would have to know of. */
  readonly failure?: WriteFailure;
  /** What was told of it so far. */
  readonly told: readonly string[];
}

/**
 * Writes of kinds without which a model serves all the same (PodMonitor, HPA, ...). Whatever comes of them, the pass goes on: one
 * that fails is told in its condition, and tried again with backoff.
 */
export class OptionalWrites {
  readonly #clock: OptionalWritesOptions['clock'];
  readonly #random: () => number;
  /** By the UID of the DeepSeekDeployment, then by `<kind>/<name>`. */
  readonly #failed = new Map<string, ReadonlyMap<string, Failed>>();

  constructor({ clock, random = Math.random }: OptionalWritesOptions) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Why writes for this DeepSeekDeployment have failed, those of `pending` alone. */
  failures(uid: string, pending: readonly OptionalIntent[]): WriteFailure[] {
    const failed = this.#failed.get(uid);
    return pending.flatMap((intent) => failed?.get(keyOf(intent))?.failure ?? []);
  }

  /**
   * Carries out those of `intents` that are due. Returns when to come back for others, milliseconds: at once when there is something
   * new to tell. Throws only when `signal` aborts, or nothing may be written.
   */
  async carryOut(
    owner: LiveMeta,
    intents: readonly OptionalIntent[],
    context: OptionalWritesContext,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const before = this.#failed.get(owner.uid);
    const failed = new Map<string, Failed>();
    let isNews = false;
    for (const intent of intents) {
      const key = keyOf(intent);
      const known = before?.get(key);
      const wish = JSON.stringify(intent);
      if (known !== undefined && known.wish === wish && this.#clock.monotonic() < known.dueAt) {
        failed.set(key, known);
        continue;
      }
      const outcome = await this.#try(owner, intent, context, signal);
      if (outcome === 'Written' || outcome === 'Found') {
        if (outcome === 'Written') context.onWrite(intent);
        isNews ||= known?.failure !== undefined;
        continue;
      }
      const next = this.#after(known, wish, outcome.failure);
      failed.set(key, next);
      if (next.failure === undefined || next.failure === known?.failure) continue;
      isNews = true;
      context.onFailure(next.failure);
    }
    if (failed.size === 0) this.#failed.delete(owner.uid);
    else this.#failed.set(owner.uid, failed);
    if (isNews) return 0;
    const due = [...failed.values()].map(({ dueAt }) => dueAt - this.#clock.monotonic());
    return due.length === 0 ? undefined : Math.max(0, Math.min(...due));
  }

  /** Nothing is tried again for this DeepSeekDeployment. */
  forget(uid: string): void {
    this.#failed.delete(uid);
  }

  async #try(
    owner: LiveMeta,
    intent: OptionalIntent,
    context: ActContext,
    signal: AbortSignal,
  ): Promise<'Written' | 'Found' | { readonly failure?: WriteFailure }> {
    const limit = limitSignal(signal, this.#clock, WRITE_LIMIT_MS, () => {
      return new TimeoutError(`no answer within ${WRITE_LIMIT_MS / 1000} s, from the API server or a webhook of it`);
    });
    try {
      const outcome = await carryOut(owner, intent, context, limit.signal);
      return typeof outcome === 'string' ? outcome : { failure: conflictOf(intent, outcome) };
    } catch (error) {
      if (signal.aborted || isUnsent(error)) throw error;
      // Somebody was faster, or the cache is behind: the next try is decided on what is there then.
      if (isConflict(error) || error instanceof StaleCacheError) return {};
      return { failure: writeFailure(intent, toError(error).message) };
    } finally {
      limit.release();
    }
  }

  /** One more failure. Words that were told before change nothing: the status would be written with each try. */
  #after(known: Failed | undefined, wish: string, failure: WriteFailure | undefined): Failed {
    const times = (known?.times ?? 0) + 1;
    const dueAt = this.#clock.monotonic() + exponentialDelay(times - 1, { ...RETRY, random: this.#random });
    const told = known?.told ?? [];
    if (failure === undefined) return { wish, times, dueAt, told };
    const isTold = told.some((words) => sameWords(words, failure.message));
    return {
      ...{ wish, times, dueAt },
      failure: isTold && known?.failure !== undefined ? known.failure : failure,
      told: isTold ? told : [...told, failure.message].slice(-MAX_WORDINGS),
    };
  }
}

function keyOf(intent: OptionalIntent): string {
  const { kind, name } = targetOf('', intent);
  return `${kind}/${name}`;
}
