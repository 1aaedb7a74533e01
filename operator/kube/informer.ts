import type { WatchClient } from './client.ts';
import { deepFreeze } from './freeze.ts';
import { Reflector, type ReflectorEvent, type ReflectorSink } from './reflector.ts';
import { ObjectStore, type Indexer } from './store.ts';
import type { Clock, Informer, KubeObject, ObjectRef, ResourceType, Store, StoreEvent } from './types.ts';
import { until } from './until.ts';

export interface InformerOptions<T extends KubeObject> {
  readonly client: WatchClient;
  readonly type: ResourceType<T>;
  readonly clock: Clock;
  /** Uniform in [0, 1). Default: Math.random. */
  readonly random?: () => number;
  /** One list and watch each. Default: one over all namespaces. Ignored for cluster-scoped kinds. */
  readonly namespaces?: readonly string[];
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Drops what nobody reads, before an object is stored: of lists, of events and of own writes. Must be pure. */
  readonly transform?: (object: T) => T;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** See ObjectStoreOptions.packed. */
  readonly packed?: boolean;
  /** See ReflectorOptions.watchSeconds. */
  readonly watchSeconds?: { readonly min: number; readonly max: number };
  /** Lists, watches and their failures, for logs and metrics. */
  readonly onReflectorEvent?: (event: ReflectorEvent, namespace: string | undefined) => void;
  /** A handler threw: a defect of the handler. Default: it is thrown where the process sees it. */
  readonly onHandlerError?: (error: unknown) => void;
}

/** The Informer: a store, fed by one reflector for each namespace. */
export class ReflectingInformer<T extends KubeObject> implements Informer<T> {
  readonly type: ResourceType<T>;
  readonly #options: InformerOptions<T>;
  readonly #store: ObjectStore<T>;
  readonly #namespaces: readonly (string | undefined)[];
  readonly #unsynced: Set<string | undefined>;
  readonly #handlers: ((event: StoreEvent<T>) => void)[] = [];
  #reflectors: readonly Reflector<T>[] = [];
  readonly #synced = Promise.withResolvers<undefined>();

  constructor(options: InformerOptions<T>) {
    const { type, namespaces } = options;
    this.type = type;
    this.#options = options;
    this.#namespaces = type.namespaced && namespaces !== undefined ? [...new Set(namespaces)] : [undefined];
    if (this.#namespaces.length === 0) throw new RangeError(`an informer of ${type.kind} needs at least one namespace`);
    this.#unsynced = new Set(this.#namespaces);
    this.#store = new ObjectStore<T>({
      allNamespaces: this.#namespaces[0] === undefined,
      emit: (event) => this.#dispatch(event),
      ...(options.packed !== undefined && { packed: options.packed }),
      ...(options.indexers && { indexers: options.indexers }),
    });
  }

  get store(): Store<T> {
    return this.#store;
  }

  get hasSynced(): boolean {
    return this.#unsynced.size === 0;
  }

  get isCurrent(): boolean {
    return this.#reflectors.length > 0 && this.#reflectors.every(({ isCurrent }) => isCurrent);
  }

  isRefused(namespace?: string): boolean {
    return this.#reflectors.some(({ isRefused }, index) => {
      const followed = this.#namespaces[index];
      return isRefused && (namespace === undefined || followed === undefined || followed === namespace);
    });
  }

  onEvent(handler: (event: StoreEvent<T>) => void): void {
    this.#handlers.push(handler);
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#reflectors = this.#namespaces.map((namespace) => this.#reflector(namespace));
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }

  async waitForSync(signal: AbortSignal): Promise<void> {
    await until(this.#synced.promise, signal);
  }

  observeWrite(object: T): void {
    if (this.#follows(object.metadata)) this.#store.observeWrite(this.#news(object));
  }

  observeDelete(ref: ObjectRef & { readonly uid?: string }): void {
    this.#store.observeDelete(ref);
  }

  #reflector(namespace: string | undefined): Reflector<T> {
    const {
      client,
      type,
      clock,
      random = Math.random,
      labelSelector,
      fieldSelector,
      onReflectorEvent,
      watchSeconds,
    } = this.#options;
    return new Reflector<T>({
      client,
      type,
      clock,
      random,
      scope: {
        ...(namespace !== undefined && { namespace }),
        ...(labelSelector !== undefined && { labelSelector }),
        ...(fieldSelector !== undefined && { fieldSelector }),
      },
      sink: this.#sink(namespace),
      ...(watchSeconds && { watchSeconds }),
      ...(onReflectorEvent && { onEvent: (event: ReflectorEvent) => onReflectorEvent(event, namespace) }),
    });
  }

  #sink(namespace: string | undefined): ReflectorSink<T> {
    const store = this.#store;
    return {
      begin: () => store.begin(namespace),
      prepare: (object) => this.#prepare(object),
      replace: (items, resourceVersion) => {
        store.replace(namespace, items, resourceVersion);
        this.#unsynced.delete(namespace);
        if (this.hasSynced) this.#synced.resolve(undefined);
      },
      apply: (type, object) => store.apply(namespace, type, this.#news(object)),
      bookmark: (resourceVersion) => store.bookmark(namespace, resourceVersion),
    };
  }

  /** What is stored already at this very version is dropped by the store: an own write and its echo in the watch need preparing only once. */
  #news(object: T): T {
    return this.#store.holds(object.metadata) ? object : this.#prepare(object);
  }

  #prepare(object: T): T {
    const { transform, packed = false } = this.#options;
    const prepared = transform?.(object) ?? object;
    // Of a packed object every reader gets a copy of its own.
    return packed ? prepared : deepFreeze(prepared);
  }

  #follows(ref: ObjectRef): boolean {
    return this.#namespaces[0] === undefined || this.#namespaces.includes(ref.namespace);
  }

  /** A handler that throws must stop neither the other handlers nor the watch. */
  #dispatch(event: StoreEvent<T>): void {
    for (const handler of this.#handlers) {
      try {
        handler(event);
      } catch (error) {
        const report = this.#options.onHandlerError;
        if (report !== undefined) report(error);
        else {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    }
  }
}
