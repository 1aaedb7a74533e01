import { Backoff } from './backoff.ts';
import type { WatchClient } from './client.ts';
import {
  ApiError,
  isGone,
  isRefusal,
  isServerError,
  isTransportError,
  TimeoutError,
  TransportError,
} from './errors.ts';
import { isNewer } from './resource-version.ts';
import type { Clock, KubeObject, ListOptions, ResourceType } from './types.ts';
import { decodeWatch, MalformedStreamError, type WatchEvent } from './watch-events.ts';

/** Where a reflector puts what it learns. */
export interface ReflectorSink<T extends KubeObject> {
  /** A list is about to be asked for: it will show all that has been done until now. */
  begin(): void;
  /** One page of a list that is under way; what it returns is handed to `replace`. Lets go of what nobody reads, early. */
  prepare(object: T): T;
  replace(items: readonly T[], resourceVersion: string): void;
  /** One event, its object not prepared. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
  bookmark(resourceVersion: string): void;
}

/** What happened, for metrics, logs and tests. */
export type ReflectorEvent =
  | { readonly type: 'listed'; readonly items: number; readonly resourceVersion: string }
  | { readonly type: 'list-failed'; readonly error: unknown; readonly retryInMs: number }
  /** The server does not know of what it has told: etcd was restored from a backup, or so much has happened since. */
  | { readonly type: 'history-lost'; readonly resourceVersion: string }
  /** The server has begun to tell of changes. */
  | { readonly type: 'watching'; readonly resourceVersion: string }
  | { readonly type: 'watch-ended'; readonly resourceVersion: string }
  | { readonly type: 'watch-failed'; readonly error: unknown; readonly retryInMs: number; readonly relist: boolean };

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: WatchClient;
  readonly type: ResourceType<T>;
  readonly scope: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  readonly sink: ReflectorSink<T>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly onEvent?: (event: ReflectorEvent) => void;
  /** How long one watch lasts, in seconds: drawn anew each time. Default: 40 to 50. */
  readonly watchSeconds?: { readonly min: number; readonly max: number };
}

/**
 * Watches are short, on purpose. The server ends each in good order, on a connection that is
 * used again, and sends a bookmark 2 s before the end, so the next watch resumes from a fresh version even where nothing
 * happens. What has not ended some seconds later is a dead connection: noticed within 55 s, at the price of one request
 * in 45 s, and without guessing from silence, which is the normal state of a watch.
 */
const WATCH_SECONDS = { min: 40, max: 50 };
const WATCH_GRACE_MS = 5_000;

/** A dozen kinds are listed at once when the process starts: with pages of 500 that took 40 MB more for a moment. */
const PAGE_SIZE = 100;

/** A watch that ends before this without any event is a failure: without this rule it would be a hot loop. */
const SHORT_WATCH_MS = 1_000;

const BACKOFF = { baseMs: 200, maxMs: 5_000 };

/** This many broken streams from the same version: whatever stands there cannot be read, so list instead. */
const MAX_BROKEN_STREAMS = 5;

/** Rights that are written anew, or a server that has just started and knows of no roles yet, refuse a watch for less. */
const REFUSED_MS = 60_000;

/** Lists, then watches, for ever: no error ends it, only the signal. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #backoff: Backoff;
  /** The version to watch from; undefined: list first. */
  #position: string | undefined;
  #brokenStreams = 0;
  /** The server was away: its etcd may have been restored from a backup meanwhile. */
  #wasAway = false;
  /** Monotonic milliseconds: since when each watch has been refused. */
  #refusedSince: number | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#backoff = new Backoff({ ...BACKOFF, random: options.random });
  }

  /**
   * Whether what it has told the sink is of the server's history, as far as is known. False before the first list, and while a server
   * that was away has not said so.
   */
  get isCurrent(): boolean {
    return this.#position !== undefined && !this.#wasAway;
  }

  /** Whether the server has refused for a minute to tell of changes: what it has told the sink gets older and older. */
  get isRefused(): boolean {
    return this.#refusedSince !== undefined && this.#options.clock.monotonic() - this.#refusedSince >= REFUSED_MS;
  }

  /** Resolves when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pauseMs =
        this.#position === undefined ? await this.#list(signal) : await this.#watch(this.#position, signal);
      if (pauseMs > 0) await this.#options.clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  /** Returns the milliseconds to pause. */
  async #list(signal: AbortSignal): Promise<number> {
    const { client, type, scope, sink } = this.#options;
    try {
      const items: T[] = [];
      let resourceVersion = '';
      sink.begin();
      for await (const page of client.listPages(type, { ...scope, pageSize: PAGE_SIZE, retry: false, signal })) {
        for (const item of page.items) items.push(sink.prepare(item));
        ({ resourceVersion } = page);
      }
      sink.replace(items, resourceVersion);
      this.#position = resourceVersion;
      this.#brokenStreams = 0;
      this.#wasAway = false;
      this.#refusedSince = undefined;
      this.#emit({ type: 'listed', items: items.length, resourceVersion });
      // The backoff goes on: a server that lists and then answers each watch with 410 must not be listed in a loop.
      return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      const retryInMs = this.#delay(error);
      this.#emit({ type: 'list-failed', error, retryInMs });
      return retryInMs;
    }
  }

  /** One watch, from `start` until it ends or fails. Returns the milliseconds to pause. */
  async #watch(start: string, signal: AbortSignal): Promise<number> {
    const { client, type, scope, clock, random, watchSeconds: { min, max } = WATCH_SECONDS } = this.#options;
    const seconds = Math.round(min + random() * (max - min));
    const startedAt = clock.monotonic();
    let streaming = false;
    // Not the labels: the server would look through all for one that has them.
    const { labelSelector: _, ...place } = scope;
    try {
      if (this.#wasAway && !(await client.remembers(type, { ...place, resourceVersion: start, signal }))) {
        this.#position = undefined;
        this.#emit({ type: 'history-lost', resourceVersion: start });
        return 0;
      }
      this.#wasAway = false;
      const bytes = await client.watch(type, {
        ...scope,
        resourceVersion: start,
        timeoutSeconds: seconds,
        limitMs: seconds * 1000 + WATCH_GRACE_MS,
        signal,
      });
      streaming = true;
      this.#refusedSince = undefined;
      this.#emit({ type: 'watching', resourceVersion: start });
      for await (const event of decodeWatch<T>(bytes)) {
        if (signal.aborted) return 0;
        this.#take(event);
      }
      if (this.#position === start && clock.monotonic() - startedAt < SHORT_WATCH_MS) {
        throw new TransportError('the watch ended at once and sent nothing');
      }
      this.#backoff.reset();
      this.#emit({ type: 'watch-ended', resourceVersion: this.#position ?? start });
      return 0;
    } catch (error) {
      return signal.aborted ? 0 : this.#onWatchError(error, streaming);
    }
  }

  #take(event: WatchEvent<T>): void {
    const { sink } = this.#options;
    const version = event.object.metadata.resourceVersion ?? '';
    if (event.type === 'BOOKMARK') sink.bookmark(version);
    else sink.apply(event.type, event.object);
    if (isNewer(version, this.#position)) {
      this.#position = version;
      this.#brokenStreams = 0;
      this.#backoff.reset();
    }
  }

  #onWatchError(error: unknown, streaming: boolean): number {
    if (streaming && isUnreadable(error)) this.#brokenStreams += 1;
    // To a watch from a version of the future it would send nothing, in good order, until it comes there.
    this.#wasAway ||= !streaming && (isTransportError(error) || isServerError(error));
    if (!streaming && isRefusal(error)) this.#refusedSince ??= this.#options.clock.monotonic();
    const relist = isGone(error) || this.#brokenStreams >= MAX_BROKEN_STREAMS;
    if (relist) this.#position = undefined;
    // A silent connection lasted its whole time: the server itself may be well, so no waiting.
    if (error instanceof TimeoutError) this.#backoff.reset();
    const retryInMs = this.#delay(error);
    this.#emit({ type: 'watch-failed', error, retryInMs, relist });
    return retryInMs;
  }

  /** The server's Retry-After, else the next step of the backoff. */
  #delay(error: unknown): number {
    const ownMs = this.#backoff.next();
    const askedMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    return Math.max(ownMs, askedMs);
  }

  #emit(event: ReflectorEvent): void {
    this.#options.onEvent?.(event);
  }
}

/** In a stream: content that cannot be read, as against a connection that was cut. */
function isUnreadable(error: unknown): boolean {
  return error instanceof MalformedStreamError || error instanceof ApiError;
}
