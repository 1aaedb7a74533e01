/** Metadata of any Kubernetes object, as it is on the wire. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: 'Apply' | 'Update';
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
  readonly subresource?: string;
}

/** Any object of the API, as it is on the wire (timestamps are strings). */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/**
 * Where a kind lives in the API, and the TypeScript type of its objects (`T` is carried at compile time only).
 * There is no discovery: every kind that is used is known.
 */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly __object?: T;
}

/** A namespaced name. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}

/** Every call takes a signal; a call without one would have no limit but its timeout. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface WriteOptions extends CallOptions {
  readonly subresource?: 'status' | 'scale' | 'eviction';
  readonly dryRun?: boolean;
  /** How long it may take with all its attempts, milliseconds. Default, and at most: the limit of every call. */
  readonly limitMs?: number | undefined;
}

export interface ObjectList<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

/** The API server, one pooled connection agent behind it. Errors are ApiError or TransportError (errors.ts). */
export interface KubeClient {
  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options: CallOptions): Promise<T>;
  /**
   * Whether an object is there. Its metadata alone is asked for, and none of it is kept: `data` does not leave the server (what
   * `kubectl apply` has put into an annotation does).
   * Rejects as `get` does, but for a 404.
   */
  exists(type: ResourceType, ref: ObjectRef, options: CallOptions): Promise<boolean>;
  /** A consistent list (no resourceVersion), fetched in pages of 500. */
  list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions): Promise<ObjectList<T>>;
  create<T extends KubeObject>(type: ResourceType<T>, object: object, options: WriteOptions): Promise<T>;
  /** Server-side apply. `object` carries apiVersion, kind and metadata.name; metadata.uid/resourceVersion are preconditions. */
  apply<T extends KubeObject>(
    type: ResourceType<T>,
    object: object,
    options: WriteOptions & { readonly fieldManager: string; readonly force?: boolean },
  ): Promise<T>;
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: object,
    options: WriteOptions & { readonly type: 'merge' | 'json'; readonly fieldManager?: string },
  ): Promise<T>;
  /** PUT; metadata.resourceVersion in the object is the precondition. */
  update<T extends KubeObject>(type: ResourceType<T>, object: object, options: WriteOptions): Promise<T>;
  delete<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options: CallOptions & {
      readonly uid?: string;
      readonly resourceVersion?: string;
      readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
      /** Of a pod: seconds that it gets to end; on one that is on its way out already it can only be less. */
      readonly gracePeriodSeconds?: number;
      readonly limitMs?: number | undefined;
    },
  ): Promise<void>;
}

/** A change in a store. `initial` marks the objects of the first list: they are reconciled after live events. */
export interface StoreEvent<T> {
  readonly type: 'added' | 'updated' | 'deleted';
  readonly object: T;
  readonly previous?: T;
  readonly initial: boolean;
}

/** Read side of a cache. Nobody changes what it gives: it may be shared by all readers, and then it is frozen. */
export interface Store<T extends KubeObject> {
  get(ref: ObjectRef): T | undefined;
  list(): readonly T[];
  /** Objects whose indexer `index` yielded `value`. Throws on an unknown index. */
  byIndex(index: string, value: string): readonly T[];
  readonly size: number;
}

/** A cache of one kind that follows the API server. */
export interface Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly store: Store<T>;
  /** Handlers must be quick and must not throw: they enqueue keys. */
  onEvent(handler: (event: StoreEvent<T>) => void): void;
  /** Lists, watches, and recovers from everything until `signal` aborts; then resolves. */
  run(signal: AbortSignal): Promise<void>;
  readonly hasSynced: boolean;
  /**
   * Whether the store is of the server's history, as far as is known; how old it is is another matter. False while the server is
   * away, and until it has said that it is the one that was there before: its etcd may have been restored from a backup.
   */
  readonly isCurrent: boolean;
  /**
   * Whether the server has refused (401, 403, 404) for a minute to tell of changes in this namespace; without one: in any that
   * is followed.
   */
  isRefused(namespace?: string): boolean;
  /** Resolves at the first complete list; rejects when `signal` aborts first. */
  waitForSync(signal: AbortSignal): Promise<void>;
  /**
   * Puts the server's answer to an own write into the store at once, unless the store already holds something newer:
   * nothing is ever decided on a cache older than an own write. `deleted` leaves a tombstone with that version.
   */
  observeWrite(object: T): void;
  observeDelete(ref: ObjectRef & { readonly uid?: string }): void;
}

/** Time, passed in everywhere so that tests own it. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** Monotonic milliseconds, for durations. */
  monotonic(): number;
  /** Calls back once after `ms`; the returned function cancels. Timers do not keep the process alive. */
  setTimeout(callback: () => void, ms: number): () => void;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
