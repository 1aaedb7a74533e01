import { IndexedHeap } from './heap.ts';
import { Turns } from './turns.ts';
import type { Clock } from './types.ts';

/** What overtakes what: a live event is handled before the flood of objects that the first list brings. */
export const PRIORITY = { live: 0, initial: -100 } as const;

/** Called as keys move through a queue; the names under which client-go exports them are in the comments. */
export interface WorkQueueMetrics {
  /** `workqueue_adds_total` */
  added(): void;
  /** `workqueue_queue_duration_seconds`: how long the key waited. */
  started(queueSeconds: number): void;
  /** `workqueue_work_duration_seconds` */
  finished(workSeconds: number): void;
  /** `workqueue_retries_total` */
  retried(): void;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** The lane of a key: keys of different lanes take turns, however many wait in one. Default: all are in one. */
  readonly laneOf?: (key: string) => string;
  readonly metrics?: WorkQueueMetrics;
  /** Delay of a key's first rate-limited retry; it doubles with each further one. */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
}

interface Entry {
  readonly key: string;
  priority: number;
  /** Among those of its priority; see `Turns`. */
  turn: number;
  /** Order of arrival among equals. */
  sequence: number;
  /** Monotonic time from which the key counts as waiting. */
  readyAt: number;
}

interface Work {
  readonly priority: number;
  readonly startedAt: number;
  /** How long the key had waited before. */
  readonly waitedSeconds: number;
  /** Set when the key was added while it was worked on: it runs again after `done`. */
  again?: { priority: number; readonly since: number };
}

/**
 * Keys to be worked on, with client-go's semantics: a key waits at most once, is never in two hands, and runs again
 * when it was added while it was worked on. Three deliberate differences: keys have priorities (as in
 * controller-runtime) and lanes that take turns, so that nobody waits behind the flood of somebody else; and a shut-down
 * queue hands out nothing more, because the next leader lists every object anyway.
 *
 * Every operation is O(log n) or better.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #laneOf: (key: string) => string;
  readonly #metrics: WorkQueueMetrics | undefined;
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  /** Keys that wait, ready or delayed; each is in exactly one of the two heaps. */
  readonly #entries = new Map<string, Entry>();
  readonly #ready = new IndexedHeap<Entry>(isBefore);
  /** By priority. */
  readonly #turns = new Map<number, Turns>();
  readonly #delayed = new IndexedHeap<Entry>(
    (a, b) => a.readyAt < b.readyAt || (a.readyAt === b.readyAt && a.sequence < b.sequence),
  );
  readonly #working = new Map<string, Work>();
  readonly #failures = new Map<string, number>();
  readonly #getters = new Set<(key: string | undefined) => void>();
  readonly #drainers = new Set<() => void>();
  #sequence = 0;
  #shutDown = false;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#laneOf = options.laneOf ?? (() => '');
    this.#metrics = options.metrics;
    this.#baseDelayMs = options.baseDelayMs ?? 5;
    this.#maxDelayMs = options.maxDelayMs ?? 60_000;
  }

  /** Keys that wait for a worker (`workqueue_depth`); delayed ones and those in work are not counted. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Keys in work now. */
  get working(): number {
    return this.#working.size;
  }

  /** Seconds of work in progress, summed over the keys in work (`workqueue_unfinished_work_seconds`). */
  unfinishedSeconds(): number {
    let seconds = 0;
    for (const work of this.#working.values()) seconds += this.#secondsSince(work.startedAt);
    return seconds;
  }

  /** Age of the oldest work in progress (`workqueue_longest_running_processor_seconds`). */
  longestRunningSeconds(): number {
    // Work starts in the order of insertion, so the first is the oldest.
    const [oldest] = this.#working.values();
    return oldest === undefined ? 0 : this.#secondsSince(oldest.startedAt);
  }

  /** Makes `key` wait for a worker now. A key that waits already only has its priority raised, never lowered. */
  add(key: string, priority: number = PRIORITY.live): void {
    if (this.#shutDown) return;
    const work = this.#working.get(key);
    if (work !== undefined) {
      this.#runAgain(key, work, priority);
      return;
    }
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#metrics?.added();
      this.#push({ key, priority, turn: 0, sequence: 0, readyAt: this.#clock.monotonic() });
    } else {
      this.#raise(entry, priority);
      if (this.#delayed.delete(entry)) {
        entry.readyAt = this.#clock.monotonic();
        this.#metrics?.added();
        this.#push(entry);
      }
    }
    this.#serve();
  }

  /**
   * Adds `key` after `ms`. Of several times the earliest counts, and a key that is already due stays due.
   * A key in work keeps its priority unless told otherwise.
   */
  addAfter(key: string, ms: number, priority?: number): void {
    if (this.#shutDown) return;
    const work = this.#working.get(key);
    const wanted = priority ?? work?.priority ?? PRIORITY.live;
    if (!(ms > 0) || work?.again !== undefined) {
      this.add(key, wanted);
      return;
    }
    const readyAt = this.#clock.monotonic() + ms;
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const added = { key, priority: wanted, turn: 0, sequence: this.#sequence++, readyAt };
      this.#entries.set(key, added);
      this.#delayed.push(added);
    } else {
      this.#raise(entry, wanted);
      if (this.#delayed.has(entry) && readyAt < entry.readyAt) {
        entry.readyAt = readyAt;
        this.#delayed.update(entry);
      }
    }
    this.#arm();
  }

  /** Adds `key` after its backoff: `baseDelayMs` at first, doubled each time up to `maxDelayMs`, until `forget`. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics?.retried();
    this.addAfter(key, Math.min(this.#baseDelayMs * 2 ** failures, this.#maxDelayMs));
  }

  /** Ends the key's backoff. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Rate-limited retries of `key` since it was last forgotten. */
  retries(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** How long a key that is in work had waited for it. */
  waitedSeconds(key: string): number {
    return this.#working.get(key)?.waitedSeconds ?? 0;
  }

  /** The next key to work on; the caller owes a `done`. Undefined when the queue is shut down or `signal` aborts. */
  get(signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.#shutDown || signal.aborted) {
        resolve(undefined);
        return;
      }
      const getter = (key: string | undefined): void => {
        this.#getters.delete(getter);
        signal.removeEventListener('abort', abort);
        resolve(key);
      };
      const abort = (): void => getter(undefined);
      signal.addEventListener('abort', abort, { once: true });
      this.#getters.add(getter);
      this.#serve();
    });
  }

  /** Says that the work on `key` is finished. A key that was added meanwhile waits again. */
  done(key: string): void {
    const work = this.#working.get(key);
    if (work === undefined) return;
    this.#working.delete(key);
    this.#metrics?.finished(this.#secondsSince(work.startedAt));
    if (this.#working.size === 0) for (const drained of this.#drainers) drained();
    if (work.again === undefined || this.#shutDown) return;
    const { priority, since } = work.again;
    this.#push({ key, priority, turn: 0, sequence: 0, readyAt: since });
    this.#serve();
  }

  /** Ends the queue: nothing is added or handed out any more. What is in work goes on. */
  shutDown(): void {
    this.#shutDown = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#entries.clear();
    this.#ready.clear();
    this.#delayed.clear();
    for (const getter of this.#getters) getter(undefined);
  }

  /** Resolves with true when no key is in work, or with false when `signal` aborts first. */
  drain(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#working.size === 0 || signal.aborted) {
        resolve(this.#working.size === 0);
        return;
      }
      const finish = (drained: boolean): void => {
        this.#drainers.delete(drain);
        signal.removeEventListener('abort', abort);
        resolve(drained);
      };
      const drain = (): void => finish(true);
      const abort = (): void => finish(false);
      this.#drainers.add(drain);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #runAgain(key: string, work: Work, priority: number): void {
    const delayed = this.#entries.get(key);
    if (delayed !== undefined) {
      this.#entries.delete(key);
      this.#delayed.delete(delayed);
    }
    const highest = Math.max(priority, delayed?.priority ?? priority);
    if (work.again === undefined) {
      work.again = { priority: highest, since: this.#clock.monotonic() };
      this.#metrics?.added();
    } else {
      work.again.priority = Math.max(work.again.priority, highest);
    }
  }

  #raise(entry: Entry, priority: number): void {
    if (priority <= entry.priority) return;
    const lane = this.#laneOf(entry.key);
    const isReady = this.#ready.has(entry);
    if (isReady) this.#turnsOf(entry.priority).left(lane, entry.turn);
    entry.priority = priority;
    if (isReady) entry.turn = this.#turnsOf(priority).next(lane);
    this.#ready.update(entry);
  }

  #turnsOf(priority: number): Turns {
    const found = this.#turns.get(priority);
    if (found !== undefined) return found;
    const turns = new Turns();
    this.#turns.set(priority, turns);
    return turns;
  }

  #push(entry: Entry): void {
    entry.sequence = this.#sequence++;
    entry.turn = this.#turnsOf(entry.priority).next(this.#laneOf(entry.key));
    this.#entries.set(entry.key, entry);
    this.#ready.push(entry);
  }

  /** Hands ready keys to those who wait for one, oldest getter first. */
  #serve(): void {
    for (const getter of this.#getters) {
      const entry = this.#ready.pop();
      if (entry === undefined) return;
      this.#entries.delete(entry.key);
      this.#turnsOf(entry.priority).taken(this.#laneOf(entry.key), entry.turn);
      const waitedSeconds = this.#secondsSince(entry.readyAt);
      this.#working.set(entry.key, { priority: entry.priority, startedAt: this.#clock.monotonic(), waitedSeconds });
      this.#metrics?.started(waitedSeconds);
      getter(entry.key);
    }
  }

  /** One timer for all delayed keys, set for the earliest. */
  #arm(): void {
    const next = this.#delayed.peek();
    if (next === undefined || (this.#timer !== undefined && this.#timer.at <= next.readyAt)) return;
    this.#timer?.cancel();
    const cancel = this.#clock.setTimeout(() => this.#release(), next.readyAt - this.#clock.monotonic());
    this.#timer = { at: next.readyAt, cancel };
  }

  #release(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (let next = this.#delayed.peek(); next !== undefined && next.readyAt <= now; next = this.#delayed.peek()) {
      const work = this.#working.get(next.key);
      if (work === undefined) {
        this.#delayed.delete(next);
        this.#metrics?.added();
        this.#push(next);
      } else {
        this.#runAgain(next.key, work, next.priority);
      }
    }
    this.#serve();
    this.#arm();
  }

  #secondsSince(monotonic: number): number {
    return Math.max(this.#clock.monotonic() - monotonic, 0) / 1000;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  return a.turn < b.turn || (a.turn === b.turn && a.sequence < b.sequence);
}
