import { toError } from './clock.ts';
import { settledWithin } from './deadline.ts';
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts';
import { expiresAfterMs, heldLease, holderOf, isFree, releasedLease } from './lease.ts';
import { limitSignal } from './limited-signal.ts';
import { type Lease, resources } from './resources.ts';
import type { Clock, KubeClient, ObjectRef } from './types.ts';

/** This process does not lead (any more): it must not write. */
export class NotLeaderError extends Error {
  readonly code = 'KUBE_NOT_LEADER';
  override readonly name = 'NotLeaderError';
}

/** client-go's defaults, but for the poll: retrying every 2 s makes a takeover last up to 21 s, each second up to 17 s. */
export const LEADER_ELECTION_DEFAULTS = {
  /** How long the others leave a leader alone that renews no more. */
  leaseDurationMs: 15_000,
  /** How long the leader acts on its last renewal. What is left of the lease is for its writes under way. */
  renewDeadlineMs: 10_000,
  /** How often the leader renews. */
  retryPeriodMs: 2_000,
  /** How often those who wait read the Lease. */
  pollPeriodMs: 1_000,
  /** Limit of one request; half of the renew deadline, so that a hanging one can be made up for. */
  requestTimeoutMs: 5_000,
};

export interface LeaderElectionOptions extends Partial<typeof LEADER_ELECTION_DEFAULTS> {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'update'>;
  readonly clock: Clock;
  readonly lease: Required<ObjectRef>;
  /** Who this process is: unique among all processes, also over restarts. */
  readonly identity: string;
  /** Called when this process starts or ends to lead. Must not throw. */
  readonly onLeading?: (leading: boolean) => void;
  /** Called when another holder is seen ('' when the Lease was released). Must not throw. */
  readonly onHolder?: (identity: string) => void;
  /** Called with each failed attempt; the elector goes on. Must not throw. */
  readonly onError?: (error: Error) => void;
}

/**
 * Leader election over a Lease, as client-go does it: expiry is measured on the local monotonic clock from the moment
 * at which the Lease was last seen to change, never from the times written in it, so that clocks may differ.
 *
 * Every write that needs leadership calls `fence()` right before it is sent: a process whose event loop stood still
 * finds out there, before its timers do.
 */
export class LeaderElector {
  readonly #options: LeaderElectionOptions & typeof LEADER_ELECTION_DEFAULTS;
  /** The Lease as last seen, and the monotonic time at which this version was first seen. */
  #observed: { readonly lease: Lease; readonly at: number } | undefined;
  /** Start of the last request that renewed the lease; undefined when this process does not lead. */
  #renewedAt: number | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = { ...LEADER_ELECTION_DEFAULTS, ...options };
    const { identity, leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#options;
    if (identity === '') throw new RangeError('Leader election needs an identity.');
    if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs && retryPeriodMs > 0)) {
      throw new RangeError('Leader election needs leaseDuration > renewDeadline > retryPeriod > 0.');
    }
  }

  /** Whether this process may write now. */
  get isLeader(): boolean {
    return this.#remainingMs() > 0;
  }

  /** Throws NotLeaderError unless this process may write now. */
  fence(): void {
    if (!this.isLeader) throw new NotLeaderError(`${this.#options.identity} does not lead: the write is not sent.`);
  }

  /**
   * Waits for leadership, runs `lead` while it lasts, and releases the lease when `lead` ends. When `signal` aborts,
   * `lead`'s signal aborts too and the lease is renewed until `lead` has come to its end (`lead` must bound that).
   * When the lease is lost, `lead`'s signal aborts with a NotLeaderError, and so rejects the call: the process should
   * exit, nothing that it remembers can be trusted.
   */
  async run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (!(await this.#acquire(signal))) return;
    const term = new AbortController();
    const stop = (): void => term.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const ended = new AbortController();
    this.#options.onLeading?.(true);
    const work = (async () => lead(term.signal))();
    const end = (): void => ended.abort();
    work.then(end, end);
    try {
      const lost = await this.#keep(ended.signal);
      if (lost === undefined) {
        await this.#release();
        await work;
      } else {
        await this.#abandon(lost, term, work);
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** True once this process leads; false when `signal` aborts first. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, pollPeriodMs, requestTimeoutMs } = this.#options;
    while (!signal.aborted) {
      await this.#attempt(requestTimeoutMs, signal, (limited) => this.#contend(limited));
      if (this.isLeader) return true;
      const untilFree = this.#untilFreeMs();
      await pause(clock, untilFree > 0 ? Math.min(pollPeriodMs, untilFree) : pollPeriodMs, signal);
    }
    return false;
  }

  /** Renews until `ended` aborts (undefined) or the lease is lost (the reason). */
  async #keep(ended: AbortSignal): Promise<NotLeaderError | undefined> {
    const { clock, retryPeriodMs, requestTimeoutMs, identity } = this.#options;
    for (;;) {
      await pause(clock, Math.min(retryPeriodMs, this.#remainingMs()), ended);
      if (ended.aborted) return undefined;
      const remaining = this.#remainingMs();
      if (remaining <= 0) return new NotLeaderError(`${identity} could not renew its lease in time.`);
      await this.#attempt(Math.min(requestTimeoutMs, remaining), ended, (limited) => this.#renew(limited));
      const holder = this.#holder();
      if (holder !== identity) return new NotLeaderError(`${identity} lost its lease to ${JSON.stringify(holder)}.`);
    }
  }

  /** Leaves the lease alone and gives what runs the time that the lease still has. */
  async #abandon(lost: NotLeaderError, term: AbortController, work: Promise<void>): Promise<never> {
    const { clock, leaseDurationMs, renewDeadlineMs } = this.#options;
    this.#renewedAt = undefined;
    term.abort(lost);
    this.#options.onLeading?.(false);
    await settledWithin(clock, leaseDurationMs - renewDeadlineMs, work);
    throw lost;
  }

  /** Makes the lease free, so that the next one need not wait for its end. Best effort, within one request's limit. */
  async #release(): Promise<void> {
    const { identity, requestTimeoutMs, clock } = this.#options;
    this.#renewedAt = undefined;
    this.#options.onLeading?.(false);
    await this.#attempt(requestTimeoutMs, new AbortController().signal, async (limited) => {
      while (this.#observed !== undefined && this.#holder() === identity) {
        try {
          await this.#put(releasedLease(this.#observed.lease, clock.now()), limited);
        } catch (error) {
          // A renewal that was called off when the work ended may have made another version.
          if (!isConflict(error)) throw error;
          await this.#read(limited);
        }
      }
    });
  }

  /** Limits an attempt and reports what it throws, unless it was called off; a lost race (409) is no error. */
  async #attempt(ms: number, parent: AbortSignal, attempt: (limited: AbortSignal) => Promise<void>): Promise<void> {
    const { clock, onError } = this.#options;
    const limit = limitSignal(parent, clock, ms, () => new Error(`no answer from the API server within ${ms} ms`));
    try {
      await attempt(limit.signal);
    } catch (thrown) {
      if (!parent.aborted && !isConflict(thrown) && !isAlreadyExists(thrown)) onError?.(toError(thrown));
    } finally {
      limit.release();
    }
  }

  /** The leader's way: one write on the version last seen, and a look only when that version is gone. */
  async #renew(signal: AbortSignal): Promise<void> {
    try {
      await this.#hold(this.#observed?.lease, signal);
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
      const found = await this.#read(signal);
      // Whoever held it in between may have led: the term is over, even if the Lease is free again.
      if (this.#holder() === this.#options.identity) await this.#hold(found, signal);
    }
  }

  /** Takes the Lease if it is free, has expired, or names this process (whose last write was answered to nobody). */
  async #contend(signal: AbortSignal): Promise<void> {
    const found = await this.#read(signal);
    // That holds for a Lease that was deleted, too: its holder may go on for as long as it was promised.
    if (this.#untilFreeMs() === 0 || this.#holder() === this.#options.identity) await this.#hold(found, signal);
  }

  /** The Lease as it is now; undefined when there is none. */
  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, lease } = this.#options;
    try {
      return this.#observe(await unlessAborted(signal, client.get(resources.leases, lease, { signal })));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Writes the Lease with this process as its holder. */
  async #hold(current: Lease | undefined, signal: AbortSignal): Promise<void> {
    const { clock, identity, leaseDurationMs, lease, client } = this.#options;
    const held = heldLease(current, { lease, identity, leaseDurationMs, now: clock.now() });
    // The others count from when they see the write, which cannot be earlier than this.
    const startedAt = clock.monotonic();
    if (current === undefined) {
      this.#observe(await unlessAborted(signal, client.create(resources.leases, held, { signal })));
    } else {
      await this.#put(held, signal);
    }
    this.#renewedAt = startedAt;
  }

  async #put(lease: Lease, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    this.#observe(await unlessAborted(signal, client.update(resources.leases, lease, { signal })));
  }

  #observe(lease: Lease): Lease {
    const previous = this.#observed?.lease;
    if (previous?.metadata.resourceVersion !== lease.metadata.resourceVersion) {
      this.#observed = { lease, at: this.#options.clock.monotonic() };
      const holder = holderOf(lease);
      if (previous === undefined || holderOf(previous) !== holder) this.#options.onHolder?.(holder);
    }
    return lease;
  }

  #holder(): string | undefined {
    return this.#observed && holderOf(this.#observed.lease);
  }

  /** Time until the Lease, as seen from here, is free for anybody; 0 when it is, or when none was ever seen. */
  #untilFreeMs(): number {
    if (this.#observed === undefined || isFree(this.#observed.lease)) return 0;
    const age = this.#options.clock.monotonic() - this.#observed.at;
    return Math.max(expiresAfterMs(this.#observed.lease) - age, 0);
  }

  /** Time for which this process may still act as the leader. */
  #remainingMs(): number {
    if (this.#renewedAt === undefined) return 0;
    return Math.max(this.#renewedAt + this.#options.renewDeadlineMs - this.#options.clock.monotonic(), 0);
  }
}

/** Waits `ms`, or less when `signal` aborts. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch(() => undefined);
}

/** `work`, but rejected as soon as `signal` aborts: nothing is concluded from an answer that comes after that. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(toError(signal.reason));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject);
  });
}
