import { isGone, isNotFound, isOfTheFuture } from './errors.ts';
import { collectionPath, objectPath, refOf, withQuery } from './paths.ts';
import { apiVersionOf, resources } from './resources.ts';
import type { KubeRequest, Transport } from './transport.ts';
import type {
  CallOptions,
  KubeClient,
  KubeObject,
  ListOptions,
  ObjectList,
  ObjectMeta,
  ObjectRef,
  ResourceType,
  WriteOptions,
} from './types.ts';

/** Objects per page of a list, client-go's number. */
const PAGE_SIZE = 500;

/** Every API server since 1.15 can leave out all of an object but its metadata. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

export interface WatchOptions extends ListOptions {
  /** Events after this version are sent. */
  readonly resourceVersion: string;
  /** The server ends the watch after this. */
  readonly timeoutSeconds: number;
  /** We end it after this, milliseconds: the connection is dead. */
  readonly limitMs: number;
}

export interface PageOptions extends ListOptions {
  readonly retry?: boolean;
  /** Objects in each page. Default: 500. */
  readonly pageSize?: number;
}

export interface HistoryOptions extends CallOptions {
  readonly namespace?: string;
  /** Of who may list one object by its name alone. */
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
}

/** What a reflector needs beside KubeClient. */
export interface WatchClient {
  /**
   * One consistent list, page by page; all pages are of the same version. Throws 410 when it became too old on the way.
   * `retry: false` leaves retries to the caller, who has a backoff of its own.
   */
  listPages<T extends KubeObject>(type: ResourceType<T>, options: PageOptions): AsyncIterable<ObjectList<T>>;
  /** A watch's bytes: JSON events, one a line. */
  watch(type: ResourceType, options: WatchOptions): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Whether this version is in the server's history. False: etcd was restored from a backup, which went back before it, or jumped
   * ahead of it; or it was compacted away, minutes later.
   */
  remembers(type: ResourceType, options: HistoryOptions): Promise<boolean>;
}

/** What the API server says of itself (apimachinery `version.Info`). Minor versions of clouds end in "+". */
export interface ServerVersion {
  readonly major: string;
  readonly minor: string;
  /** E.g. `v1.36.1`. */
  readonly gitVersion: string;
}

/** Which part of a container's log. */
export interface PodLogOptions extends CallOptions {
  readonly container: string;
  /** Of the container's run before the current one. */
  readonly previous?: boolean;
  /** The last so many lines, */
  readonly tailLines: number;
  /** and of those at most so many bytes. */
  readonly limitBytes: number;
}

/** Longest time that reading a log, or what is behind the proxy, may take. */
const LOG_LIMIT_MS = 10_000;

export interface KubeHttpClientOptions {
  /** Called right before each write is sent, retries included; throws when this process must not write any more. */
  readonly fence?: () => void;
}

interface RawList<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: T[] | null;
}

/** KubeClient over a Transport; several clients (fenced and not) may share one. */
export class KubeHttpClient implements KubeClient, WatchClient {
  readonly #transport: Pick<Transport, 'call' | 'stream'>;
  readonly #fence: (() => void) | undefined;

  constructor(transport: Pick<Transport, 'call' | 'stream'>, options: KubeHttpClientOptions = {}) {
    this.#transport = transport;
    this.#fence = options.fence;
  }

  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, { signal }: CallOptions): Promise<T> {
    return this.#read('get', objectPath(type, ref), signal);
  }

  async exists(type: ResourceType, ref: ObjectRef, { signal }: CallOptions): Promise<boolean> {
    const path = objectPath(type, ref);
    try {
      await this.#transport.call({ method: 'GET', verb: 'get', path, accept: METADATA_ONLY, retry: true, signal });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions): Promise<ObjectList<T>> {
    try {
      return await collect(this.listPages(type, options));
    } catch (error) {
      if (!isGone(error)) throw error;
      // The version was compacted away between two pages; a new list starts from a new version.
      return collect(this.listPages(type, options));
    }
  }

  async *listPages<T extends KubeObject>(type: ResourceType<T>, options: PageOptions): AsyncGenerator<ObjectList<T>> {
    const { namespace, labelSelector, fieldSelector, retry = true, pageSize = PAGE_SIZE, signal } = options;
    const path = collectionPath(type, namespace);
    const typeMeta = { apiVersion: apiVersionOf(type), kind: type.kind };
    let continueToken: string | undefined;
    do {
      const query = { labelSelector, fieldSelector, limit: pageSize, continue: continueToken };
      const page: RawList<T> = await this.#read('list', withQuery(path, query), signal, retry);
      // The items of a built-in kind's list carry neither apiVersion nor kind.
      const items = (page.items ?? []).map((item) => ({ ...typeMeta, ...item }));
      yield { items, resourceVersion: page.metadata.resourceVersion };
      continueToken = page.metadata.continue;
    } while (continueToken !== undefined && continueToken !== '');
  }

  watch(type: ResourceType, options: WatchOptions): Promise<AsyncIterable<Uint8Array>> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds, limitMs, signal } = options;
    const path = withQuery(collectionPath(type, namespace), {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds,
      labelSelector,
      fieldSelector,
    });
    return this.#transport.stream({ method: 'GET', verb: 'watch', path, retry: false, signal }, limitMs);
  }

  async remembers(type: ResourceType, options: HistoryOptions): Promise<boolean> {
    const { namespace, fieldSelector, resourceVersion, signal } = options;
    const query = { fieldSelector, limit: 1, resourceVersion, resourceVersionMatch: 'Exact' };
    try {
      await this.#read('list', withQuery(collectionPath(type, namespace), query), signal, false);
      return true;
    } catch (error) {
      if (isGone(error) || isOfTheFuture(error)) return false;
      throw error;
    }
  }

  /** The end of a container's log, as text. Throws an ApiError when there is none (the container has not run yet). */
  async podLog(ref: ObjectRef, { container, previous, tailLines, limitBytes, signal }: PodLogOptions): Promise<string> {
    const path = withQuery(`${objectPath(resources.pods, ref)}/log`, { container, previous, tailLines, limitBytes });
    return this.text(path, { signal });
  }

  /** What the API server answers to a GET, as text; for what is behind its proxy. */
  async text(path: string, { signal }: CallOptions): Promise<string> {
    const bytes = await this.#transport.stream(
      { method: 'GET', verb: 'get', path, retry: false, signal },
      LOG_LIMIT_MS,
    );
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  /** The version of the API server that answers: during an upgrade another may say something else. */
  serverVersion({ signal }: CallOptions): Promise<ServerVersion> {
    return this.#read('get', '/version', signal);
  }

  /**
   * Names of what a group serves in a version (`pods/queue_depth` of a metrics API); rejects with a 404 when nobody does.
   * `retry: false` for somebody who rather goes on without the answer.
   */
  async apiResources(
    group: string,
    version: string,
    { signal, retry }: CallOptions & { readonly retry?: boolean },
  ): Promise<string[]> {
    const list: { readonly resources?: readonly { readonly name: string }[] } = await this.#read(
      'get',
      `/apis/${group}/${version}`,
      signal,
      retry,
    );
    return (list.resources ?? []).map(({ name }) => name);
  }

  create<T extends KubeObject>(type: ResourceType<T>, object: object, options: WriteOptions): Promise<T> {
    const { subresource } = options;
    const path =
      subresource === undefined
        ? collectionPath(type, namespaceOf(type, object))
        : objectPath(type, refOf(object), subresource);
    return this.#write({ method: 'POST', verb: 'create', path, body: object, retry: false }, options);
  }

  apply<T extends KubeObject>(
    type: ResourceType<T>,
    object: object,
    options: WriteOptions & { readonly fieldManager: string; readonly force?: boolean },
  ): Promise<T> {
    const path = objectPath(type, refOf(object), options.subresource);
    return this.#write(
      {
        method: 'PATCH',
        verb: 'apply',
        path,
        body: object,
        contentType: 'application/apply-patch+yaml', // JSON is YAML
        retry: true,
      },
      options,
      { fieldManager: options.fieldManager, force: options.force },
    );
  }

  patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: object,
    options: WriteOptions & { readonly type: 'merge' | 'json'; readonly fieldManager?: string },
  ): Promise<T> {
    return this.#write(
      {
        method: 'PATCH',
        verb: 'patch',
        path: objectPath(type, ref, options.subresource),
        body: patch,
        contentType: `application/${options.type}-patch+json`,
        retry: false,
      },
      options,
      { fieldManager: options.fieldManager },
    );
  }

  update<T extends KubeObject>(type: ResourceType<T>, object: object, options: WriteOptions): Promise<T> {
    const path = objectPath(type, refOf(object), options.subresource);
    // With a resourceVersion a second PUT cannot undo what somebody else wrote in between.
    const retry = (object as Partial<KubeObject>).metadata?.resourceVersion !== undefined;
    return this.#write({ method: 'PUT', verb: 'update', path, body: object, retry }, options);
  }

  async delete<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options: CallOptions & {
      readonly uid?: string;
      readonly resourceVersion?: string;
      readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
      readonly gracePeriodSeconds?: number;
      readonly limitMs?: number | undefined;
    },
  ): Promise<void> {
    const { uid, resourceVersion, propagationPolicy, gracePeriodSeconds, limitMs, signal } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion },
      propagationPolicy,
      gracePeriodSeconds,
    };
    // Without a UID a second DELETE could hit an object that was created in between.
    const retry = uid !== undefined;
    const path = objectPath(type, ref);
    await this.#transport.call(this.#fenced({ method: 'DELETE', verb: 'delete', path, body, retry, limitMs, signal }));
  }

  #read<R>(verb: string, path: string, signal: AbortSignal, retry = true): Promise<R> {
    return this.#transport.call<R>({ method: 'GET', verb, path, retry, signal });
  }

  /** `fieldValidation=Strict`: a misspelt or unknown field is an error, and is never dropped in silence. */
  #write<T>(
    request: Omit<KubeRequest, 'signal' | 'fence' | 'limitMs'>,
    { signal, dryRun, limitMs }: WriteOptions,
    query: { readonly fieldManager?: string | undefined; readonly force?: boolean | undefined } = {},
  ): Promise<T> {
    const path = withQuery(request.path, {
      ...query,
      fieldValidation: 'Strict',
      dryRun: dryRun === true ? 'All' : undefined,
    });
    return this.#transport.call<T>(this.#fenced({ ...request, path, limitMs, signal }));
  }

  #fenced(request: KubeRequest): KubeRequest {
    return this.#fence === undefined ? request : { ...request, fence: this.#fence };
  }
}

async function collect<T>(pages: AsyncIterable<ObjectList<T>>): Promise<ObjectList<T>> {
  const items: T[] = [];
  let resourceVersion = '';
  for await (const page of pages) {
    for (const item of page.items) items.push(item);
    ({ resourceVersion } = page);
  }
  return { items, resourceVersion };
}

function namespaceOf(type: ResourceType, object: object): string | undefined {
  if (!type.namespaced) return undefined;
  const namespace = (object as { readonly metadata?: Partial<ObjectMeta> }).metadata?.namespace;
  if (namespace === undefined) throw new TypeError(`a ${type.kind} to create needs metadata.namespace`);
  return namespace;
}
