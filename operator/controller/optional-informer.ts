import type { WatchClient } from '../kube/client.ts';
import { isForbidden, isNotFound } from '../kube/errors.ts';
import { ReflectingInformer } from '../kube/informer.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import type { Clock, Informer, KubeObject, ObjectRef, ResourceType, StoreEvent } from '../kube/types.ts';
import { until } from '../kube/until.ts';
import { SELECTOR } from '../api/index.ts';

export interface OptionalInformerOptions<T extends KubeObject> {
  readonly client: WatchClient;
  readonly clock: Clock;
  readonly type: ResourceType<T>;
  readonly transform: (object: T) => T;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  /** How often to ask again for what is not installed or may not be read: both are done by people. */
  readonly askAgainMs: number;
  readonly onReflectorEvent: (kind: string, event: ReflectorEvent) => void;
}

/** Objects of ours of a kind that a cluster may lack, followed by one watch while it has it. */
export class OptionalInformer<T extends KubeObject> implements Pick<Informer<T>, 'observeWrite' | 'observeDelete'> {
  readonly type: ResourceType<T>;
  readonly #options: OptionalInformerOptions<T>;
  readonly #handlers: ((event: StoreEvent<T>) => void)[] = [];
  readonly #onInstalled: (() => void)[] = [];
  #informer: ReflectingInformer<T> | undefined;
  #installed: boolean | undefined;
  #missing = false;
  #known = Promise.withResolvers<undefined>();

  constructor(options: OptionalInformerOptions<T>) {
    this.type = options.type;
    this.#options = options;
  }

  /** Whether the kind is there and may be read; undefined: not known yet, or nobody has asked. */
  get installed(): boolean | undefined {
    return this.#installed;
  }

  /** Whether the API server is known not to have the kind: then there are no objects of it. */
  get missing(): boolean {
    return this.#missing;
  }

  get(ref: ObjectRef): T | undefined {
    return this.#informer?.store.get(ref);
  }

  /** Takes the answer to an own write, so that nothing is decided on an older object. */
  observeWrite(object: T): void {
    this.#informer?.observeWrite(object);
  }

  observeDelete(ref: ObjectRef & { readonly uid?: string }): void {
    this.#informer?.observeDelete(ref);
  }

  onEvent(handler: (event: StoreEvent<T>) => void): void {
    this.#handlers.push(handler);
  }

  /** Calls `handler` when it is known whether the kind is there, and when that changes. */
  onInstalled(handler: () => void): void {
    this.#onInstalled.push(handler);
  }

  /** Resolves once `installed` is known; rejects when `signal` aborts first. */
  async waitUntilKnown(signal: AbortSignal): Promise<void> {
    await until(this.#known.promise, signal);
  }

  /** Follows the objects until `signal` aborts; where there are none to be had, it asks again from time to time. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#follow(signal);
      await this.#options.clock.sleep(this.#options.askAgainMs, signal).catch(() => undefined);
    }
  }

  /** Nobody asks any more: what is installed is not known from here on. */
  forget(): void {
    this.#installed = undefined;
    this.#missing = false;
    this.#known = Promise.withResolvers<undefined>();
  }

  /** Until `signal` aborts, or it turns out that the kind is not to be had. */
  async #follow(end: AbortSignal): Promise<void> {
    const { client, clock, namespaces, type, transform } = this.#options;
    const missing = new AbortController();
    const signal = AbortSignal.any([end, missing.signal]);
    const informer = new ReflectingInformer<T>({
      ...{ client, clock, type, transform },
      labelSelector: SELECTOR.ours,
      ...(namespaces.length > 0 && { namespaces }),
      onReflectorEvent: (event) => {
        this.#options.onReflectorEvent(type.kind, event);
        if (signal.aborted) return;
        if (event.type === 'listed' && informer.hasSynced) this.#setInstalled(true, false);
        if (event.type !== 'list-failed' && event.type !== 'watch-failed') return;
        if (!isNotFound(event.error) && !isForbidden(event.error)) return;
        missing.abort();
        this.#informer = undefined;
        this.#setInstalled(false, isNotFound(event.error));
      },
    });
    informer.onEvent((event) => {
      for (const handler of this.#handlers) handler(event);
    });
    this.#informer = informer;
    await informer.run(signal);
    this.#informer = undefined;
  }

  #setInstalled(installed: boolean, missing: boolean): void {
    const isSame = this.#installed === installed && this.#missing === missing;
    this.#installed = installed;
    this.#missing = missing;
    this.#known.resolve(undefined);
    if (isSame) return;
    for (const handler of this.#onInstalled) handler();
  }
}
