import { LABEL, MANAGER } from '../api/index.ts';
import type { WatchClient } from '../kube/client.ts';
import { isForbidden, isNotFound } from '../kube/errors.ts';
import { ReflectingInformer } from '../kube/informer.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import { namespaced } from '../kube/resources.ts';
import type { Clock, Informer, KubeObject, ObjectRef, ResourceType, StoreEvent } from '../kube/types.ts';
import type { ScaledObject } from '../autoscaling/index.ts';
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

/** How often to ask again for what is not installed or may not be read: both are done by people. */
const ASK_AGAIN_MS = 300_000;

/** Our ScaledObjects, followed by one watch, and only while some DeepSeekDeployment wants KEDA or has wanted it. */
export class ScaledObjectCache {
  readonly #options: ScaledObjectCacheOptions;
  readonly #handlers: ((key: string, initial: boolean) => void)[] = [];
  /** Keys of DeepSeekDeployments. */
  readonly #wanted = new Set<string>();
  #informer: ReflectingInformer<LiveScaledObject> | undefined;
  #installed: boolean | undefined;
  /** Ends what `run` does at the moment: what is wanted has changed. */
  #turn = new AbortController();

  constructor(options: ScaledObjectCacheOptions) {
    this.#options = options;
    options.deployments.onEvent((event) => this.#onDeployment(event));
  }

  /** Whether KEDA is there and its objects may be read; undefined: not known yet, or nobody has asked. */
  get installed(): boolean | undefined {
    return this.#installed;
  }

  /** The ScaledObject of a DeepSeekDeployment. */
  get(namespace: string, name: string): LiveScaledObject | undefined {
    return this.#informer?.store.get({ namespace, name });
  }

  /** Takes the answer to an own write, so that nothing is decided on an older object. */
  observeWrite(object: LiveScaledObject): void {
    this.#informer?.observeWrite(object);
  }

  observeDelete(ref: ObjectRef & { readonly uid?: string }): void {
    this.#informer?.observeDelete(ref);
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
      if (this.#wanted.size > 0) {
        await this.#follow(turn);
        await this.#options.clock.sleep(ASK_AGAIN_MS, turn).catch(() => undefined);
      } else {
        await new Promise<void>((resolve) => {
          if (turn.aborted) resolve();
          else turn.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    }
  }

  /** Until `turn` aborts, or it turns out that there is no KEDA to be had. */
  async #follow(turn: AbortSignal): Promise<void> {
    const { client, clock, namespaces } = this.#options;
    const missing = new AbortController();
    const signal = AbortSignal.any([turn, missing.signal]);
    const informer = new ReflectingInformer<LiveScaledObject>({
      client,
      clock,
      type: SCALED_OBJECTS,
      transform: trimScaledObject,
      labelSelector: `${LABEL.managedBy}=${MANAGER}`,
      ...(namespaces.length > 0 && { namespaces }),
      onReflectorEvent: (event) => {
        this.#options.onReflectorEvent(SCALED_OBJECTS.kind, event);
        if (signal.aborted) return;
        if (event.type === 'listed' && informer.hasSynced) this.#setInstalled(true);
        if (event.type !== 'list-failed' && event.type !== 'watch-failed') return;
        if (!isNotFound(event.error) && !isForbidden(event.error)) return;
        missing.abort();
        this.#informer = undefined;
        this.#setInstalled(false);
      },
    });
    informer.onEvent(({ object, initial }) => {
      if (!initial) this.#tell(keyOf(object.metadata), false);
      if (informer.hasSynced) this.#review(keyOf(object.metadata));
    });
    this.#informer = informer;
    await informer.run(signal);
    this.#informer = undefined;
  }

  #onDeployment({ type, object }: StoreEvent<LiveDeepSeekDeployment>): void {
    const key = keyOf(object.metadata);
    const before = this.#wanted.size;
    const isNew = !this.#wanted.has(key);
    if (type !== 'deleted' && wantsKeda(object)) this.#wanted.add(key);
    else this.#review(key);
    if (before === 0 && this.#wanted.size > 0) this.#turn.abort();
    else if (isNew && this.#wanted.has(key) && this.#installed === false) this.#turn.abort();
  }

  /** A ScaledObject that nobody asks for any more is followed until it is gone. */
  #review(key: string): void {
    const [namespace = '', name = ''] = key.split('/');
    const owner = this.#options.deployments.store.get({ namespace, name });
    if ((owner !== undefined && wantsKeda(owner)) || this.get(namespace, name) !== undefined) return;
    if (!this.#wanted.delete(key) || this.#wanted.size > 0) return;
    this.#installed = undefined;
    this.#turn.abort();
  }

  #setInstalled(installed: boolean): void {
    if (this.#installed === installed) return;
    this.#installed = installed;
    for (const key of this.#wanted) this.#tell(key, true);
  }

  #tell(key: string, initial: boolean): void {
    for (const handler of this.#handlers) handler(key, initial);
  }
}

function keyOf({ namespace = '', name }: ObjectRef): string {
  return `${namespace}/${name}`;
}

/** With a spec that asks for KEDA, or one that asks for no autoscaling while the status still tells of some. */
function wantsKeda({ spec, status }: LiveDeepSeekDeployment): boolean {
  if (spec.autoscaling !== undefined) return spec.autoscaling.provider === 'KEDA';
  return status?.conditions?.some(({ type }) => type === 'AutoscalingActive') === true;
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
