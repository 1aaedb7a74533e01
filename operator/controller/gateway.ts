import { isDeepStrictEqual } from 'node:util';
import { LABEL, MANAGER } from '../api/index.ts';
import { keyOf } from '../kube/store.ts';
import type { WatchClient } from '../kube/client.ts';
import { aborted, settledWithin } from '../kube/deadline.ts';
import { isForbidden, isNotFound } from '../kube/errors.ts';
import { ReflectingInformer } from '../kube/informer.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import { namespaced } from '../kube/resources.ts';
import type { Clock, Informer, KubeObject, ObjectRef, ResourceType, StoreEvent } from '../kube/types.ts';
import { until } from '../kube/until.ts';
import { type HttpRoute, routeVerdict } from '../resources/index.ts';
import type { LiveDeepSeekDeployment } from './snapshot.ts';
import { trimChild, trimDeployment } from './transforms.ts';

/** An HTTPRoute on the server: one of ours whole, one of the user's with its backends and its status alone. */
export type LiveHttpRoute = HttpRoute & KubeObject;

/** Where HTTPRoutes live in the API (standard channel since v1.0). */
export const HTTP_ROUTES: ResourceType<LiveHttpRoute> = namespaced(
  'gateway.networking.k8s.io',
  'v1',
  'HTTPRoute',
  'httproutes',
);

/** Whether the cluster has Gateway API, and whether the operator may follow its routes. */
export interface GatewayState {
  readonly installed: boolean;
  readonly readable: boolean;
}

export interface GatewayCacheOptions {
  readonly client: WatchClient;
  readonly clock: Clock;
  /** Says which routes matter. It has to be run by somebody else. */
  readonly deployments: Informer<LiveDeepSeekDeployment>;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  readonly onReflectorEvent: (kind: string, event: ReflectorEvent) => void;
}

/** Called with the key of a DeepSeekDeployment; `initial`: nothing happened, it is only known now. */
export type GatewayHandler = (key: string, initial: boolean) => void;

/** How often to ask again for what is not installed, which is done by people. */
const ASK_AGAIN_MS = 300_000;

/** How long a start waits for the first list, milliseconds. */
const KNOWN_WITHIN_MS = 10_000;

/** How often to ask again for what may not be read: rights that are written anew are missing for a moment. */
const ASK_FOR_RIGHTS_MS = 30_000;

/**
 * The HTTPRoutes of the cluster, followed by one watch, and only while some DeepSeekDeployment asks for a gateway: a cluster
 * where none does, or that has no Gateway API, is not asked.
 */
export class GatewayCache {
  readonly #options: GatewayCacheOptions;
  readonly #handlers: GatewayHandler[] = [];
  /** From the key of a DeepSeekDeployment to that of its route, `<namespace>/<name>` both. */
  readonly #wanted = new Map<string, string>();
  #informer: ReflectingInformer<LiveHttpRoute> | undefined;
  #state: GatewayState | undefined;
  /** Since when `state` is as it is, milliseconds since the epoch. */
  #stateSince = 0;
  /**
   * By the key of a route: since when no gateway has taken it as it is, milliseconds since the epoch. Of those that are not there, the
   * ones that somebody wants: since they were deleted, or known not to be there.
   */
  readonly #notTaken = new Map<string, number>();
  /** Resolves when `state` is known for the first time. */
  readonly #known = Promise.withResolvers<undefined>();
  /** Ends what `run` does at the moment: what is wanted has changed. */
  #turn = new AbortController();

  constructor(options: GatewayCacheOptions) {
    this.#options = options;
    options.deployments.onEvent((event) => this.#onDeployment(event));
  }

  /** Undefined: not known yet, or nobody has asked. */
  get state(): GatewayState | undefined {
    return this.#state;
  }

  /** See Informer.isCurrent; true where no routes are followed. */
  get isCurrent(): boolean {
    const informer = this.#informer;
    return informer?.hasSynced !== true || informer.isCurrent;
  }

  /** A route; undefined as well while `state` does not say that routes are installed and readable. */
  route(namespace: string, name: string): LiveHttpRoute | undefined {
    return this.#informer?.store.get({ namespace, name });
  }

  /**
   * Since when it is known that no gateway has taken the route as it is, milliseconds since the epoch; undefined: one has, or it is not
   * known. What may not be read, or is not there, has not been taken since that became known.
   */
  notTakenSince(namespace: string, name: string): number | undefined {
    if (this.#state?.readable === false) return this.#stateSince;
    return this.#state && this.#notTaken.get(keyOf({ namespace, name }));
  }

  /**
   * Resolves once `state` is known, and after 10 s all the same; at once where nobody wants a route, as far as the deployments are known.
   * Rejects when `signal` aborts first.
   */
  async waitUntilKnown(signal: AbortSignal): Promise<void> {
    if (this.#wanted.size === 0) return;
    await settledWithin(this.#options.clock, KNOWN_WITHIN_MS, until(this.#known.promise, signal));
    signal.throwIfAborted();
  }

  /** Takes the answer to an own write, so that nothing is decided on an older route. */
  observeWrite(route: LiveHttpRoute): void {
    this.#informer?.observeWrite(route);
  }

  observeDelete(ref: ObjectRef & { readonly uid?: string }): void {
    this.#informer?.observeDelete(ref);
  }

  /** Calls `handler` when the route of a DeepSeekDeployment changes in what is read of it, or `state` does. */
  onChange(handler: GatewayHandler): void {
    this.#handlers.push(handler);
  }

  /** Follows the routes, while they are wanted, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#turn = new AbortController();
      const turn = AbortSignal.any([signal, this.#turn.signal]);
      if (this.#wanted.size > 0) {
        await this.#follow(turn);
        const pauseMs = this.#state?.installed === true ? ASK_FOR_RIGHTS_MS : ASK_AGAIN_MS;
        await this.#options.clock.sleep(pauseMs, turn).catch(() => undefined);
      } else await aborted(turn);
    }
  }

  /** Until `turn` aborts, or it turns out that there are no routes to be had. */
  async #follow(turn: AbortSignal): Promise<void> {
    const { client, clock, namespaces } = this.#options;
    const missing = new AbortController();
    const signal = AbortSignal.any([turn, missing.signal]);
    // A new one each time: what an earlier one knew may be gone, and nobody would say so.
    const informer = new ReflectingInformer<LiveHttpRoute>({
      client,
      clock,
      type: HTTP_ROUTES,
      transform: trimRoute,
      ...(namespaces.length > 0 && { namespaces }),
      onReflectorEvent: (event) => {
        this.#options.onReflectorEvent(HTTP_ROUTES.kind, event);
        const state = signal.aborted ? undefined : stateAfter(event, informer);
        if (state?.readable === false) {
          missing.abort();
          this.#informer = undefined;
        }
        if (state !== undefined) this.#setState(state);
      },
    });
    this.#notTaken.clear();
    informer.onEvent((event) => this.#onRoute(event));
    this.#informer = informer;
    await informer.run(signal);
    this.#informer = undefined;
  }

  #onDeployment({ type, object }: StoreEvent<LiveDeepSeekDeployment>): void {
    const key = keyOf(object.metadata);
    const route = type === 'deleted' ? undefined : routeKey(object);
    const before = this.#wanted.get(key);
    if (route === before) return;
    if (route === undefined) this.#wanted.delete(key);
    else this.#wanted.set(key, route);
    for (const changed of [before, route]) if (changed !== undefined) this.#noteAbsent(changed);
    const wanted = this.#wanted.size;
    if (wanted === 0) this.#state = undefined;
    const [first, last] = [wanted === 1 && before === undefined, wanted === 0];
    const missing = route !== undefined && this.#state?.readable === false;
    if (first || last || missing) this.#turn.abort();
  }

  #onRoute({ type, object, previous, initial }: StoreEvent<LiveHttpRoute>): void {
    const key = keyOf(object.metadata);
    const taken = routeVerdict(object, object.metadata.generation ?? 0) === 'Taken';
    if (taken && type !== 'deleted') this.#notTaken.delete(key);
    else if (!this.#notTaken.has(key)) this.#notTaken.set(key, this.#options.clock.now());
    if (type === 'deleted') this.#noteAbsent(key);
    // Those of the first list are told of with the state, once all are there.
    if (initial) return;
    if (type === 'updated' && previous !== undefined && sameForUs(object, previous)) return;
    const route = keyOf(object.metadata);
    const keys = new Set([...this.#wanted].filter(([, wanted]) => wanted === route).map(([key]) => key));
    // One of ours that is no longer wanted, or under a name that nobody has: its owner takes it away.
    for (const metadata of [object.metadata, previous?.metadata]) {
      const { [LABEL.managedBy]: manager, [LABEL.name]: owner } = metadata?.labels ?? {};
      if (manager === MANAGER && owner !== undefined) keys.add(keyOf({ ...metadata, name: owner }));
    }
    for (const key of keys) this.#tell(key, false);
  }

  /** Remembers since when a route that somebody wants is not there, and forgets one that nobody wants. */
  #noteAbsent(key: string): void {
    const [namespace = '', name = ''] = key.split('/');
    if (this.#state?.readable !== true || this.route(namespace, name) !== undefined) return;
    if (![...this.#wanted.values()].includes(key)) this.#notTaken.delete(key);
    else if (!this.#notTaken.has(key)) this.#notTaken.set(key, this.#options.clock.now());
  }

  #setState(state: GatewayState): void {
    const before = this.#state;
    if (isDeepStrictEqual(before, state)) return;
    this.#state = state;
    this.#known.resolve(undefined);
    this.#stateSince = this.#options.clock.now();
    for (const route of this.#wanted.values()) this.#noteAbsent(route);
    for (const key of this.#wanted.keys()) this.#tell(key, true);
  }

  #tell(key: string, initial: boolean): void {
    for (const handler of this.#handlers) handler(key, initial);
  }
}

/** What a list or a watch says of the state; undefined: nothing. A server in trouble is no missing API. */
function stateAfter(event: ReflectorEvent, informer: Informer<LiveHttpRoute>): GatewayState | undefined {
  if (event.type === 'listed' && informer.hasSynced) return { installed: true, readable: true };
  if (event.type !== 'list-failed' && event.type !== 'watch-failed') return undefined;
  if (isNotFound(event.error)) return { installed: false, readable: false };
  return isForbidden(event.error) ? { installed: true, readable: false } : undefined;
}

/** The route that a DeepSeekDeployment wants: ours of its own name, or the user's; or one of ours that is still to be taken away. */
function routeKey({ metadata, spec, status }: LiveDeepSeekDeployment): string | undefined {
  const { gateway, routeRef } = spec.traffic ?? {};
  const name = gateway === undefined ? (routeRef?.name ?? status?.route) : metadata.name;
  return name === undefined ? undefined : keyOf({ ...metadata, name });
}

/** Ours whole, as other children; of a foreign one, of which there may be thousands, what leads to Services. */
export function trimRoute(route: LiveHttpRoute): LiveHttpRoute {
  if (route.metadata.labels?.[LABEL.managedBy] === MANAGER) return trimChild(route);
  const { parentRefs = [], rules = [] } = route.spec ?? {};
  const { apiVersion, kind, metadata } = trimDeployment(route);
  const { labels: _, annotations: __, ...rest } = metadata;
  const parents = route.status?.parents ?? [];
  return {
    apiVersion,
    kind,
    metadata: rest,
    spec: { parentRefs, rules: rules.map(({ backendRefs = [] }) => ({ backendRefs })) },
    status: { parents },
  };
}

/** Gateways write the status again for reasons of their own. */
function sameForUs(a: LiveHttpRoute, b: LiveHttpRoute): boolean {
  const read = ({ metadata, spec, status }: LiveHttpRoute) => ({
    uid: metadata.uid,
    generation: metadata.generation,
    deletionTimestamp: metadata.deletionTimestamp,
    labels: metadata.labels,
    annotations: metadata.annotations,
    ownerReferences: metadata.ownerReferences,
    spec,
    parents: (status?.parents ?? []).map(({ parentRef, controllerName, conditions = [] }) => ({
      parentRef,
      controllerName,
      conditions: conditions.map(({ type, status: value, observedGeneration, reason, message }) => ({
        type,
        value,
        observedGeneration,
        reason,
        message,
      })),
    })),
  });
  return isDeepStrictEqual(read(a), read(b));
}
