import type { WatchClient } from '../kube/client.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import { namespaced } from '../kube/resources.ts';
import { keyOf } from '../kube/store.ts';
import type { Clock, Informer, KubeObject, ResourceType, StoreEvent } from '../kube/types.ts';
import type { ScaledObject } from '../autoscaling/index.ts';
import { OptionalInformer } from './optional-informer.ts';
import type { LiveDeepSeekDeployment } from './snapshot.ts';
import { trimChild } from './transforms.ts';

/** A ScaledObject of ours on the server. */
export interface LiveScaledObject extends KubeObject {
  readonly spec?: Partial<ScaledObject['spec']>;
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

/** Where ScaledObjects live in the API. */
export const SCALED_OBJECTS: ResourceType<LiveScaledObject> = namespaced(
  'keda.sh',
  'v1alpha1',
  'ScaledObject',
  'scaledobjects',
);

export interface ScaledObjectCacheOptions {
  readonly client: WatchClient;
  readonly clock: Clock;
  /** Says who wants KEDA. It has to be run by somebody else. */
  readonly deployments: Informer<LiveDeepSeekDeployment>;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  readonly onReflectorEvent: (kind: string, event: ReflectorEvent) => void;
}

/** How often to ask again for a KEDA that somebody wants and that is not there. */
const ASK_AGAIN_MS = 300_000;

/** Our ScaledObjects, followed by one watch, and only while some DeepSeekDeployment wants KEDA or has wanted it. */
export class ScaledObjectCache {
  readonly #deployments: Informer<LiveDeepSeekDeployment>;
  readonly #objects: OptionalInformer<LiveScaledObject>;
  readonly #handlers: ((key: string, initial: boolean) => void)[] = [];
  /** Keys of DeepSeekDeployments. */
  readonly #wanted = new Set<string>();
  /** Ends what `run` does at the moment: what is wanted has changed. */
  #turn = new AbortController();

  constructor({ deployments, ...options }: ScaledObjectCacheOptions) {
    this.#deployments = deployments;
    this.#objects = new OptionalInformer({
      ...options,
      type: SCALED_OBJECTS,
      transform: trimScaledObject,
      askAgainMs: ASK_AGAIN_MS,
    });
    deployments.onEvent((event) => this.#onDeployment(event));
    this.#objects.onEvent(({ object, initial }) => {
      if (!initial) this.#tell(keyOf(object.metadata), false);
      if (this.#objects.installed === true) this.#review(keyOf(object.metadata));
    });
    this.#objects.onInstalled(() => {
      for (const key of this.#wanted) this.#tell(key, true);
    });
  }

  /** Whether KEDA is there and its objects may be read; undefined: not known yet, or nobody has asked. */
  get installed(): boolean | undefined {
    return this.#objects.installed;
  }

  /** Whether there is no KEDA, so that there are no ScaledObjects. */
  get missing(): boolean {
    return this.#objects.missing;
  }

  /** The ScaledObject of a DeepSeekDeployment. */
  get(namespace: string, name: string): LiveScaledObject | undefined {
    return this.#objects.get({ namespace, name });
  }

  /** Learns of own writes, so that nothing is decided on an older object. */
  get target(): OptionalInformer<LiveScaledObject> {
    return this.#objects;
  }

  /** Calls `handler` with the key of a DeepSeekDeployment when its ScaledObject changes, or `installed` does. */
  onChange(handler: (key: string, initial: boolean) => void): void {
    this.#handlers.push(handler);
  }

  /** Follows the ScaledObjects, while they are wanted, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#turn = new AbortController();
      const turn = AbortSignal.any([signal, this.#turn.signal]);
      if (this.#wanted.size > 0) await this.#objects.run(turn);
      else {
        await new Promise<void>((resolve) => {
          if (turn.aborted) resolve();
          else turn.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    }
  }

  #onDeployment({ type, object }: StoreEvent<LiveDeepSeekDeployment>): void {
    const key = keyOf(object.metadata);
    const before = this.#wanted.size;
    const isNew = !this.#wanted.has(key);
    if (type !== 'deleted' && wantsKeda(object)) this.#wanted.add(key);
    else this.#review(key);
    if (before === 0 && this.#wanted.size > 0) this.#turn.abort();
    else if (isNew && this.#wanted.has(key) && this.installed === false) this.#turn.abort();
  }

  /** A ScaledObject that nobody asks for any more is followed until it is gone. */
  #review(key: string): void {
    const [namespace = '', name = ''] = key.split('/');
    const owner = this.#deployments.store.get({ namespace, name });
    if ((owner !== undefined && wantsKeda(owner)) || this.get(namespace, name) !== undefined) return;
    if (!this.#wanted.delete(key) || this.#wanted.size > 0) return;
    this.#objects.forget();
    this.#turn.abort();
  }

  #tell(key: string, initial: boolean): void {
    for (const handler of this.#handlers) handler(key, initial);
  }
}

/** With a spec that asks for KEDA, or one that does not any more while the status still knows of a ScaledObject. */
export function wantsKeda({ spec, status }: Pick<LiveDeepSeekDeployment, 'spec' | 'status'>): boolean {
  return spec.autoscaling?.provider === 'KEDA' || status?.scaledObject !== undefined;
}

function trimScaledObject(object: LiveScaledObject): LiveScaledObject {
  const conditions = (object.status?.conditions ?? []).map(({ type, status, reason, message }) => ({
    type,
    status,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  }));
  return { ...trimChild(object), status: { conditions } };
}
