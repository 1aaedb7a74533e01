import { type Kept, Packed, whole } from './kept.ts';
import { isNewer } from './resource-version.ts';
import type { KubeObject, ObjectMeta, ObjectRef, Store, StoreEvent } from './types.ts';

/** The values under which an index finds an object. */
export type Indexer<T> = (object: T) => readonly string[];

export interface ObjectStoreOptions<T extends KubeObject> {
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** True: one scope over all namespaces. False: each namespace is a scope of its own. */
  readonly allNamespaces: boolean;
  /** True: objects are kept compressed, for kinds of which there are many and each is read seldom. Default: as they are. */
  readonly packed?: boolean;
  /** Told of every change, in order. */
  readonly emit: (event: StoreEvent<T>) => void;
}

interface Tombstone {
  readonly scope: string;
  readonly uid: string | undefined;
  /** The last version that we knew: the deletion is newer. */
  readonly resourceVersion: string;
}

/** The scope of a store that follows all namespaces at once. */
const EVERYWHERE = '';

/**
 * A cache of one kind, fed by lists and watches, one per scope. Versions decide everything, not the order of arrival:
 * - what is not newer than what is stored is dropped, so a repeated or late event changes nothing;
 * - each scope knows how far its watch has come, so an own write that the watch has already passed is dropped too (the
 *   object has been deleted since), and one that is ahead of it is kept until the watch arrives there;
 * - an object of the same name with another UID is another object: the old one is deleted, the new one added.
 */
export class ObjectStore<T extends KubeObject> implements Store<T> {
  readonly #options: ObjectStoreOptions<T>;
  readonly #objects = new Map<string, Kept<T>>();
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  /** How far the list and watch of each scope have come. */
  readonly #progress = new Map<string, string>();
  /** Own writes that the watch has not come to, by key. */
  readonly #ahead = new Map<string, { readonly scope: string; readonly resourceVersion: string }>();
  /** What we deleted last under a key, while the server may still show it or what was there before it. */
  readonly #tombstones = new Map<string, Tombstone>();

  constructor(options: ObjectStoreOptions<T>) {
    this.#options = options;
    for (const name of Object.keys(options.indexers ?? {})) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(ref: ObjectRef): T | undefined {
    return this.#objects.get(keyOf(ref))?.open();
  }

  list(): readonly T[] {
    return Array.from(this.#objects.values(), (kept) => kept.open());
  }

  byIndex(index: string, value: string): readonly T[] {
    const values = this.#indexes.get(index);
    if (values === undefined) throw new RangeError(`the store has no index ${JSON.stringify(index)}`);
    const found: T[] = [];
    for (const key of values.get(value) ?? []) {
      const kept = this.#objects.get(key);
      if (kept !== undefined) found.push(kept.open());
    }
    return found;
  }

  /**
   * A list of `namespace` is about to be asked for. What was written and deleted until now is in it, and no watch runs that could
   * show what was before: own writes and deletions have to be remembered no longer. After etcd was restored from a backup it may
   * show what is older than they were, and that is right.
   */
  begin(namespace: string | undefined): void {
    const scope = this.#scopeOf(namespace);
    for (const memory of [this.#ahead, this.#tombstones])
      for (const [key, entry] of memory) if (entry.scope === scope) memory.delete(key);
  }

  /** Whether this very version of the object is stored. */
  holds(metadata: ObjectMeta): boolean {
    const stored = this.#objects.get(keyOf(metadata))?.metadata;
    return stored?.uid === metadata.uid && stored?.resourceVersion === metadata.resourceVersion;
  }

  /** Takes a complete list of `namespace` (undefined: of all): what it lacks is gone, own newer writes apart. */
  replace(namespace: string | undefined, items: readonly T[], resourceVersion: string): void {
    const scope = this.#scopeOf(namespace);
    const initial = !this.#progress.has(scope);
    this.#progress.set(scope, resourceVersion);
    const listed = new Set<string>();
    for (const item of items) {
      const key = keyOf(item.metadata);
      listed.add(key);
      // Not compared with what is stored: after etcd was restored from a backup versions are lower, and right.
      if (!this.#isAhead(key, item.metadata.resourceVersion)) this.#accept(key, item, initial);
    }
    for (const [key, kept] of this.#objects) {
      if (this.#scopeOf(kept.metadata.namespace) !== scope || listed.has(key)) continue;
      if (!this.#isAhead(key, resourceVersion)) this.#remove(key, kept);
    }
    for (const [key, tombstone] of this.#tombstones) {
      if (tombstone.scope !== scope || listed.has(key)) continue;
      // A list from before our deletion may lack the object because it had not been created yet.
      if (isNewer(resourceVersion, tombstone.resourceVersion)) this.#tombstones.delete(key);
    }
  }

  /** Takes one event of the watch of `namespace`. */
  apply(namespace: string | undefined, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void {
    const scope = this.#scopeOf(namespace);
    const key = keyOf(object.metadata);
    const stored = this.#objects.get(key);
    const version = object.metadata.resourceVersion;
    if (!this.#isAhead(key, version)) this.#ahead.delete(key);
    if (type === 'DELETED') {
      if (this.#isOwnDeletion(key, object)) this.#tombstones.delete(key);
      if (stored !== undefined && !isNewer(stored.metadata.resourceVersion, version)) this.#remove(key, stored, object);
    } else if (isNewer(version, stored?.metadata.resourceVersion)) {
      this.#accept(key, object, false);
    }
    this.#advance(scope, version);
  }

  /** A bookmark: everything up to `resourceVersion` has been delivered. */
  bookmark(namespace: string | undefined, resourceVersion: string): void {
    this.#advance(this.#scopeOf(namespace), resourceVersion);
  }

  /** See Informer.observeWrite. */
  observeWrite(object: T): void {
    const { namespace, resourceVersion } = object.metadata;
    if (resourceVersion === undefined) return;
    const scope = this.#scopeOf(namespace);
    const key = keyOf(object.metadata);
    if (!isNewer(resourceVersion, this.#progress.get(scope))) return;
    if (!isNewer(resourceVersion, this.#objects.get(key)?.metadata.resourceVersion)) return;
    if (this.#isBuried(key, object)) return;
    this.#ahead.set(key, { scope, resourceVersion });
    this.#store(key, object, false);
  }

  /** See Informer.observeDelete. An object with finalizers stays: it is still there until they are gone. */
  observeDelete(ref: ObjectRef & { readonly uid?: string }): void {
    const key = keyOf(ref);
    const stored = this.#objects.get(key);
    if (stored === undefined || (ref.uid !== undefined && ref.uid !== stored.metadata.uid)) return;
    if (stored.metadata.deletionTimestamp !== undefined || (stored.metadata.finalizers?.length ?? 0) > 0) return;
    const { uid, resourceVersion } = stored.metadata;
    const scope = this.#scopeOf(stored.metadata.namespace);
    if (resourceVersion !== undefined) this.#tombstones.set(key, { scope, uid, resourceVersion });
    this.#remove(key, stored);
  }

  /** Stores what the server sent, unless it is from before an own deletion that the server had not seen. */
  #accept(key: string, object: T, initial: boolean): void {
    if (this.#isBuried(key, object)) return;
    this.#tombstones.delete(key);
    this.#ahead.delete(key);
    this.#store(key, object, initial);
  }

  /**
   * True for the past of what we deleted (also of an earlier object of that name), and for news of that very object,
   * unless they say that it lingers: something added a finalizer, or its grace period runs.
   */
  #isBuried(key: string, { metadata }: T): boolean {
    const tombstone = this.#tombstones.get(key);
    if (tombstone === undefined) return false;
    if (!isNewer(metadata.resourceVersion, tombstone.resourceVersion)) return true;
    return metadata.uid === tombstone.uid && metadata.deletionTimestamp === undefined;
  }

  /** Not when it is older than what we deleted: then the object had only left the selector for a while. */
  #isOwnDeletion(key: string, { metadata }: T): boolean {
    const tombstone = this.#tombstones.get(key);
    if (tombstone?.uid !== metadata.uid) return false;
    return isNewer(metadata.resourceVersion, tombstone?.resourceVersion);
  }

  #store(key: string, object: T, initial: boolean): void {
    const kept = this.#objects.get(key);
    if (kept === undefined) {
      this.#put(key, object);
      this.#options.emit({ type: 'added', object, initial });
    } else if (kept.metadata.uid !== object.metadata.uid) {
      const previous = kept.open();
      this.#drop(key, previous);
      this.#options.emit({ type: 'deleted', object: previous, previous, initial: false });
      this.#put(key, object);
      this.#options.emit({ type: 'added', object, initial });
    } else if (kept.metadata.resourceVersion !== object.metadata.resourceVersion) {
      const previous = kept.open();
      this.#drop(key, previous);
      this.#put(key, object);
      this.#options.emit({ type: 'updated', object, previous, initial });
    }
  }

  /** `final`: how the object was last, if somebody has said so. */
  #remove(key: string, kept: Kept<T>, final?: T): void {
    const previous = kept.open();
    this.#ahead.delete(key);
    this.#drop(key, previous);
    this.#options.emit({ type: 'deleted', object: final ?? previous, previous, initial: false });
  }

  #advance(scope: string, resourceVersion: string | undefined): void {
    if (!isNewer(resourceVersion, this.#progress.get(scope)) || resourceVersion === undefined) return;
    this.#progress.set(scope, resourceVersion);
    // The watch has passed an own write and never showed it: its selector does not match the object.
    for (const [key, write] of this.#ahead) {
      if (write.scope !== scope || isNewer(write.resourceVersion, resourceVersion)) continue;
      this.#ahead.delete(key);
      const stored = this.#objects.get(key);
      if (stored !== undefined) this.#remove(key, stored);
    }
  }

  /** True when an own write of this key is newer than `resourceVersion`. */
  #isAhead(key: string, resourceVersion: string | undefined): boolean {
    const write = this.#ahead.get(key);
    return write !== undefined && isNewer(write.resourceVersion, resourceVersion);
  }

  #put(key: string, object: T): void {
    this.#objects.set(key, this.#options.packed === true ? new Packed(object) : whole(object));
    for (const [index, values] of this.#indexes) {
      for (const value of this.#options.indexers?.[index]?.(object) ?? []) {
        const keys = values.get(value);
        if (keys === undefined) values.set(value, new Set([key]));
        else keys.add(key);
      }
    }
  }

  #drop(key: string, object: T): void {
    this.#objects.delete(key);
    for (const [index, values] of this.#indexes) {
      for (const value of this.#options.indexers?.[index]?.(object) ?? []) {
        const keys = values.get(value);
        keys?.delete(key);
        if (keys?.size === 0) values.delete(value);
      }
    }
  }

  #scopeOf(namespace: string | undefined): string {
    return this.#options.allNamespaces ? EVERYWHERE : (namespace ?? EVERYWHERE);
  }
}

/** `namespace/name`; `name` for cluster-scoped kinds. The key under which stores and queues know an object. */
export function keyOf(ref: ObjectRef): string {
  return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
}
