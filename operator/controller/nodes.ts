import { isDeepStrictEqual } from 'node:util';
import type { WatchClient } from '../kube/client.ts';
import { isForbidden } from '../kube/errors.ts';
import { ReflectingInformer } from '../kube/informer.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import { resources } from '../kube/resources.ts';
import type { Clock } from '../kube/types.ts';
import { until } from '../kube/until.ts';
import type { LiveNode } from './snapshot.ts';
import { trimNode } from './transforms.ts';

export interface NodeCacheOptions {
  readonly client: WatchClient;
  readonly clock: Clock;
  readonly onReflectorEvent: (kind: string, event: ReflectorEvent) => void;
}

/** How often to ask again for nodes that may not be listed: rights are given by people. */
const ASK_AGAIN_MS = 300_000;

/**
 * The nodes of the cluster, where the operator may list them. Nodes are cluster-scoped: an operator that was given the
 * rights of some namespaces alone does its work without them.
 */
export class NodeCache {
  readonly #informer: ReflectingInformer<LiveNode>;
  readonly #clock: Clock;
  readonly #known = Promise.withResolvers<undefined>();
  readonly #handlers: (() => void)[] = [];
  /** Undefined: not known yet. */
  #readable: boolean | undefined;
  #denied = new AbortController();

  constructor({ client, clock, onReflectorEvent }: NodeCacheOptions) {
    this.#clock = clock;
    this.#informer = new ReflectingInformer<LiveNode>({
      client,
      clock,
      type: resources.nodes,
      transform: trimNode,
      onReflectorEvent: (event) => {
        onReflectorEvent(resources.nodes.kind, event);
        this.#onReflectorEvent(event);
      },
    });
    this.#informer.onEvent(({ type, object, previous, initial }) => {
      const heartbeat = type === 'updated' && previous !== undefined && sameForUs(object, previous);
      if (!initial && !heartbeat) this.#changed();
    });
  }

  /** The nodes; undefined when they may not be listed. */
  get nodes(): readonly LiveNode[] | undefined {
    return this.#readable === true ? this.#informer.store.list() : undefined;
  }

  /** Whether it is known which nodes there are, or that they may not be listed. */
  get isKnown(): boolean {
    return this.#readable !== undefined;
  }

  /** Calls `handler` when nodes come, go, or change in what is read of them: never for a heartbeat. */
  onChange(handler: () => void): void {
    this.#handlers.push(handler);
  }

  /** Follows the nodes until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#denied = new AbortController();
      await this.#informer.run(AbortSignal.any([signal, this.#denied.signal]));
      await this.#clock.sleep(ASK_AGAIN_MS, signal).catch(() => undefined);
    }
  }

  /** Resolves once `isKnown`; rejects when `signal` aborts first. */
  async waitUntilKnown(signal: AbortSignal): Promise<void> {
    await until(this.#known.promise, signal);
  }

  #onReflectorEvent(event: ReflectorEvent): void {
    if (event.type === 'listed') this.#setReadable(true);
    if ((event.type === 'list-failed' || event.type === 'watch-failed') && isForbidden(event.error)) {
      this.#setReadable(false);
      this.#denied.abort();
    }
  }

  #setReadable(readable: boolean): void {
    const before = this.#readable;
    this.#readable = readable;
    this.#known.resolve(undefined);
    if (before !== undefined && before !== readable) this.#changed();
  }

  #changed(): void {
    for (const handler of this.#handlers) handler();
  }
}

/** A kubelet renews the status of its node every few minutes, and other things of it more often. */
function sameForUs(a: LiveNode, b: LiveNode): boolean {
  return (
    isDeepStrictEqual(a.metadata.labels, b.metadata.labels) &&
    isDeepStrictEqual(a.spec, b.spec) &&
    isDeepStrictEqual(a.status, b.status)
  );
}
