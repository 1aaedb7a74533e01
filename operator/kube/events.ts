import { exponentialDelay } from './backoff.ts';
import { toError } from './clock.ts';
import { ApiError, isAlreadyExists, isNotFound, isServerError, isTooManyRequests, isTransportError } from './errors.ts';
import { type EventInput, type EventSource, eventObject, objectKey, seriesKey, seriesPatch } from './event-object.ts';
import { limitSignal } from './limited-signal.ts';
import { LruMap } from './lru-map.ts';
import { resources } from './resources.ts';
import type { Clock, KubeClient, KubeObject } from './types.ts';

/** Why an event was not written. */
export type EventLoss = 'queue_full' | 'rate_limited' | 'not_leader' | 'refused' | 'unreachable' | 'stopped';

export const EVENT_DEFAULTS = {
  /** Events and series that wait to be written. client-go: 1,000. */
  maxQueued: 1_000,
  /** Series and objects that are remembered. client-go: 4,096. */
  maxRemembered: 4_096,
  /** An event that happens again within this time is counted instead of told again. client-go: 6 minutes. */
  seriesWindowMs: 360_000,
  /** The count of a series is written at most this often. */
  seriesIntervalMs: 300_000,
  /** New events about one object: so many at once, then one each `refillMs`. client-go: 25, and one in 5 minutes. */
  burst: 25,
  refillMs: 300_000,
  /** Attempts to write one event. */
  maxTries: 4,
  /** Time to write what is queued when the recorder stops. */
  drainTimeoutMs: 500,
  /** While `busy`, an event waits until it is this old; and how often `busy` is asked. */
  maxYieldMs: 30_000,
  yieldPollMs: 100,
};

export interface EventRecorderOptions extends Partial<typeof EVENT_DEFAULTS> {
  readonly client: Pick<KubeClient, 'create' | 'patch'>;
  readonly clock: Clock;
  readonly source: EventSource;
  /** Asked right before each write: false keeps it back for good (this process does not lead). */
  readonly mayWrite?: () => boolean;
  /** True while there is more important work for the API server: Events give way to it, up to `maxYieldMs`. */
  readonly busy?: () => boolean;
  readonly onLoss?: (why: EventLoss, event: EventInput, error?: Error) => void;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

interface Loss {
  readonly why: EventLoss;
  readonly error?: Error;
}

/** One story, told once and then counted. */
interface Series {
  readonly key: string;
  readonly input: EventInput;
  /** The Event that tells it: the same object, and so the same name, in each attempt to create it. */
  event: KubeObject;
  /** How often it has happened as far as the API server knows, and when (monotonic) that was last written or tried. */
  written: { readonly count: number; readonly at: number } | undefined;
  count: number;
  /** Wall clock, for people. */
  lastObserved: number;
  /** Monotonic. */
  lastSeenAt: number;
  /** Monotonic: since when it waits in the queue. */
  queuedAt: number;
  cancelTimer: (() => void) | undefined;
}

/**
 * Writes Events (events.k8s.io/v1) in the background. `record` never waits and never throws: an event is a courtesy to
 * people, and losing one must cost nothing else. Repeats become a series, and a chatty object is cut short.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions & typeof EVENT_DEFAULTS & { readonly random: () => number };
  readonly #series: LruMap<string, Series>;
  readonly #buckets: LruMap<string, { tokens: number; at: number }>;
  readonly #queue = new Set<Series>();
  #wake: () => void = () => undefined;
  #names = 0;
  #draining = false;

  constructor(options: EventRecorderOptions) {
    this.#options = { random: Math.random, ...EVENT_DEFAULTS, ...options };
    this.#series = new LruMap(this.#options.maxRemembered, (series) => series.cancelTimer?.());
    this.#buckets = new LruMap(this.#options.maxRemembered);
  }

  /** Events and series that wait to be written. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Takes note of an event; it is written soon, or not at all. */
  record(input: EventInput): void {
    const { clock, seriesWindowMs } = this.#options;
    const key = seriesKey(input);
    const now = clock.monotonic();
    const known = this.#series.get(key);
    if (known !== undefined && now - known.lastSeenAt < seriesWindowMs) {
      known.count += 1;
      known.lastObserved = clock.now();
      known.lastSeenAt = now;
      this.#countLater(known);
      return;
    }
    if (!this.#takeToken(objectKey(input.regarding), now)) {
      this.#lose('rate_limited', input);
      return;
    }
    const series: Series = {
      key,
      input,
      event: this.#newEvent(input),
      written: undefined,
      count: 1,
      lastObserved: clock.now(),
      lastSeenAt: now,
      queuedAt: now,
      cancelTimer: undefined,
    };
    if (this.#enqueue(series)) this.#series.set(key, series);
  }

  /** Writes what is recorded until `signal` aborts, then what is queued, for a short while. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const [next] = this.#queue;
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (this.#yields(next)) {
        await this.#options.clock.sleep(this.#options.yieldPollMs, signal).catch(() => undefined);
      } else {
        await this.#write(next, signal);
      }
    }
    await this.#drain();
  }

  #yields({ queuedAt }: Series): boolean {
    const { clock, busy, maxYieldMs } = this.#options;
    return busy?.() === true && clock.monotonic() - queuedAt < maxYieldMs;
  }

  async #drain(): Promise<void> {
    const { clock, drainTimeoutMs } = this.#options;
    this.#draining = true;
    const never = new AbortController().signal;
    const limit = limitSignal(never, clock, drainTimeoutMs, () => new Error('the recorder has stopped'));
    for (const series of this.#queue) {
      if (limit.signal.aborted) this.#lose('stopped', series.input);
      else await this.#write(series, limit.signal);
    }
    limit.release();
    this.#queue.clear();
    this.#series.clear();
  }

  #enqueue(series: Series): boolean {
    if (this.#queue.size >= this.#options.maxQueued) {
      this.#lose('queue_full', series.input);
      return false;
    }
    series.queuedAt = this.#options.clock.monotonic();
    this.#queue.add(series);
    this.#wake();
    return true;
  }

  /** Sees to it that the count of a series is written, at the earliest when its interval is over. */
  #countLater(series: Series): void {
    const { clock, seriesIntervalMs } = this.#options;
    // What has not been written yet is in the queue; its count is looked at after that.
    if (series.written === undefined || series.cancelTimer !== undefined || this.#queue.has(series)) return;
    const due = series.written.at + seriesIntervalMs - clock.monotonic();
    series.cancelTimer = clock.setTimeout(() => {
      series.cancelTimer = undefined;
      this.#enqueue(series);
    }, due);
  }

  async #write(series: Series, signal: AbortSignal): Promise<void> {
    const loss = await this.#tryToWrite(series, signal);
    // What the stop interrupted is still in the queue for #drain.
    if (loss?.why === 'stopped' && !this.#draining) return;
    this.#queue.delete(series);
    if (loss !== undefined) {
      this.#lose(loss.why, series.input, loss.error);
      // What was never told starts anew when it happens again; a count waits for its next turn.
      if (series.written === undefined) this.#series.delete(series.key);
      else series.written = { ...series.written, at: this.#options.clock.monotonic() };
    }
    if (series.written !== undefined && series.count > series.written.count) this.#countLater(series);
  }

  async #tryToWrite(series: Series, signal: AbortSignal): Promise<Loss | undefined> {
    const { mayWrite, maxTries, clock, random } = this.#options;
    for (let failures = 0; ; failures++) {
      if (mayWrite?.() === false) return { why: 'not_leader' };
      try {
        await this.#send(series, signal);
        return undefined;
      } catch (thrown) {
        const error = toError(thrown);
        if (signal.aborted) return { why: 'stopped', error };
        if (!isTransient(error)) return { why: 'refused', error };
        if (failures + 1 >= maxTries) return { why: 'unreachable', error };
        await clock.sleep(retryDelay(error, failures, random), signal).catch(() => undefined);
      }
    }
  }

  async #send(series: Series, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const { count, lastObserved, event } = series;
    if (series.written !== undefined) {
      try {
        const patch = seriesPatch(count, lastObserved);
        await client.patch(resources.events, event.metadata, patch, { type: 'merge', signal });
        series.written = { count, at: clock.monotonic() };
        return;
      } catch (error) {
        // The API server forgets Events after an hour: then the story is told anew.
        if (!isNotFound(error)) throw error;
        series.written = undefined;
        series.event = this.#newEvent(series.input);
        series.count = 1;
      }
    }
    await client.create(resources.events, series.event, { signal }).catch((error: unknown) => {
      // The names are ours alone: it is an earlier attempt, whose answer was lost, that has made it.
      if (!isAlreadyExists(error)) throw error;
    });
    series.written = { count: 1, at: clock.monotonic() };
  }

  #newEvent(input: EventInput): KubeObject {
    const now = this.#options.clock.now();
    const suffix = (now * 1000 + (this.#names++ % 1000)).toString(16);
    return eventObject(input, this.#options.source, suffix, now);
  }

  #takeToken(object: string, now: number): boolean {
    const { burst, refillMs } = this.#options;
    const bucket = this.#buckets.get(object) ?? { tokens: burst, at: now };
    const refilled = Math.floor((now - bucket.at) / refillMs);
    const tokens = Math.min(bucket.tokens + refilled, burst);
    const at = tokens === burst ? now : bucket.at + refilled * refillMs;
    this.#buckets.set(object, { tokens: Math.max(tokens - 1, 0), at });
    return tokens > 0;
  }

  #lose(why: EventLoss, event: EventInput, error?: Error): void {
    this.#options.onLoss?.(why, event, error);
  }
}

function isTransient(error: unknown): boolean {
  return isTransportError(error) || isServerError(error) || isTooManyRequests(error);
}

/** Half a second, doubled each time, unless the server says when to come back. */
function retryDelay(error: unknown, failures: number, random: () => number): number {
  const asked = error instanceof ApiError ? error.retryAfterSeconds : undefined;
  return asked === undefined ? exponentialDelay(failures, { baseMs: 500, maxMs: 10_000, random }) : asked * 1000;
}
