import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { toError } from './clock.ts';
import { aborted, settledWithin } from './deadline.ts';
import { isConflict } from './errors.ts';
import { NotLeaderError } from './leader-election.ts';
import { limitSignal } from './limited-signal.ts';
import type { Clock } from './types.ts';
import type { WorkQueue } from './work-queue.ts';

/** Says when the key wants to be looked at again although nothing changed. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number;
}

/** One call of `reconcile`. */
export interface Pass {
  /** Unique; it ties together the log lines of the pass. */
  readonly id: string;
  /** Failed passes of this key since its last success. */
  readonly retries: number;
}

/**
 * Brings the world one step nearer to what the object of `key` asks for. It must stop soon after `signal` aborts.
 * Anything it throws is retried with backoff, but for a TerminalError.
 */
export type Reconcile = (key: string, signal: AbortSignal, pass: Pass) => Promise<ReconcileResult | undefined>;

/**
 * success: nothing more to do; requeue_after: comes back by itself; conflict: somebody else wrote first, tried again;
 * error: tried again with backoff; terminal_error: waits for the next event; stopped: ended by shutdown or a lost lease.
 */
export type PassOutcome = 'success' | 'requeue_after' | 'conflict' | 'error' | 'terminal_error' | 'stopped';

/** What became of one pass: for metrics and logs. */
export interface PassReport extends Pass {
  readonly key: string;
  readonly outcome: PassOutcome;
  readonly seconds: number;
  /** How long the key had waited for a worker before. */
  readonly waitedSeconds: number;
  /** Present when the pass threw. */
  readonly error?: Error;
}

/** Thrown by `reconcile` when trying again cannot help before the object changes. */
export class TerminalError extends Error {
  readonly code = 'KUBE_TERMINAL';
  override readonly name = 'TerminalError';
}

/** A pass took longer than its limit. */
export class PassTimeoutError extends Error {
  readonly code = 'KUBE_PASS_TIMEOUT';
  override readonly name = 'PassTimeoutError';

  constructor(key: string, limitMs: number) {
    super(`Reconciling ${key} took more than ${limitMs} ms and was stopped; it is tried again with backoff.`);
  }
}

export interface ControllerOptions {
  readonly queue: WorkQueue;
  readonly reconcile: Reconcile;
  readonly clock: Clock;
  /** Keys worked on at the same time. */
  readonly workers?: number;
  /** A pass is aborted after this long. */
  readonly passTimeoutMs?: number;
  /** How long passes may go on after the stop before they are aborted, and then again before they are left behind. */
  readonly drainTimeoutMs?: number;
  /** Must not throw. */
  readonly onPass?: (report: PassReport) => void;
  readonly newPassId?: () => string;
}

/** Passes that never wait for anything may follow each other for so long before timers and sockets get their turn. */
const TURN_MS = 20;

const DEFAULTS = { workers: 8, passTimeoutMs: 300_000, drainTimeoutMs: 400 };

/**
 * Runs `reconcile` for the keys of a queue. No key is in two passes at once (the queue sees to that), no error ends
 * the process, and a stop waits for the passes in work, but not for ever.
 */
export class Controller {
  readonly #options: ControllerOptions & typeof DEFAULTS & { readonly newPassId: () => string };
  #turnStartedAt: number;

  constructor(options: ControllerOptions) {
    this.#options = { newPassId: randomUUID, ...DEFAULTS, ...options };
    this.#turnStartedAt = options.clock.monotonic();
    if (!(this.#options.workers >= 1))
      throw new RangeError(`A controller needs a worker, not ${this.#options.workers}.`);
  }

  /**
   * Works until `signal` aborts, then shuts the queue down and lets the passes in work finish: for `drainTimeoutMs`,
   * then with their signals aborted for as long again. After a lost lease they are aborted at once. Never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { queue, workers, clock, drainTimeoutMs } = this.#options;
    const passes = new AbortController();
    const running = Promise.all(Array.from({ length: workers }, () => this.#work(signal, passes.signal)));
    await aborted(signal);
    queue.shutDown();
    if (!(signal.reason instanceof NotLeaderError)) await settledWithin(clock, drainTimeoutMs, running);
    passes.abort(signal.reason);
    await settledWithin(clock, drainTimeoutMs, running);
  }

  async #work(stop: AbortSignal, passes: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    for (let key = await queue.get(stop); key !== undefined; key = await queue.get(stop)) {
      try {
        await this.#pass(key, passes);
      } catch (thrown) {
        // Only a hook that breaks its promise gets here; it must not cost a worker.
        process.emitWarning(`onPass threw: ${toError(thrown).message}`, { detail: toError(thrown).stack ?? '' });
      } finally {
        queue.done(key);
      }
      await this.#yield();
    }
  }

  /** Lets the event loop turn now and then: a flood of keys must not hold up the lease and the probes. */
  async #yield(): Promise<void> {
    const { clock } = this.#options;
    if (clock.monotonic() - this.#turnStartedAt < TURN_MS) return;
    await setImmediate();
    this.#turnStartedAt = clock.monotonic();
  }

  async #pass(key: string, passes: AbortSignal): Promise<void> {
    const { queue, reconcile, clock, passTimeoutMs, newPassId, onPass } = this.#options;
    const pass: Pass = { id: newPassId(), retries: queue.retries(key) };
    const startedAt = clock.monotonic();
    const limit = limitSignal(passes, clock, passTimeoutMs, () => new PassTimeoutError(key, passTimeoutMs));
    let end: { outcome: PassOutcome; error?: Error };
    try {
      const result = await reconcile(key, limit.signal, pass);
      end = { outcome: this.#requeue(key, result) };
    } catch (thrown) {
      end = this.#retry(key, limit.expired ? toError(limit.signal.reason) : toError(thrown), passes);
    } finally {
      limit.release();
    }
    const waitedSeconds = queue.waitedSeconds(key);
    onPass?.({ ...pass, key, ...end, waitedSeconds, seconds: (clock.monotonic() - startedAt) / 1000 });
  }

  #requeue(key: string, result: ReconcileResult | undefined): PassOutcome {
    const { queue } = this.#options;
    queue.forget(key);
    if (result?.requeueAfterMs === undefined) return 'success';
    queue.addAfter(key, result.requeueAfterMs);
    return 'requeue_after';
  }

  #retry(key: string, error: Error, passes: AbortSignal): { outcome: PassOutcome; error: Error } {
    const { queue } = this.#options;
    if (passes.aborted || error instanceof NotLeaderError) return { outcome: 'stopped', error };
    if (error instanceof TerminalError) {
      queue.forget(key);
      return { outcome: 'terminal_error', error };
    }
    queue.addRateLimited(key);
    return { outcome: isConflict(error) ? 'conflict' : 'error', error };
  }
}
