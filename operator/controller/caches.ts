import { isDeepStrictEqual } from 'node:util';
import { SELECTOR } from '../api/index.ts';
import { keyOf } from '../kube/store.ts';
import type { WatchClient } from '../kube/client.ts';
import { ReflectingInformer } from '../kube/informer.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
import { resources } from '../kube/resources.ts';
import type { Clock, Informer, KubeObject, ResourceType, StoreEvent } from '../kube/types.ts';
import { BY_DEPLOYMENT, type ChildStores, deploymentKey } from './gather.ts';
import { NodeCache } from './nodes.ts';
import { DEEPSEEK_DEPLOYMENTS } from './resources.ts';
import type { ChildKind, LiveControllerRevision, LiveDeepSeekDeployment, LivePod } from './snapshot.ts';
import { GatewayCache } from './gateway.ts';
import { keepsWarm, wantsRoom } from './claims.ts';
import { ScaledObjectCache } from './keda.ts';
import { MonitoringKinds } from './monitoring-kinds.ts';
import {
  trimAutoscaler,
  trimBudget,
  trimChild,
  trimControllerRevision,
  trimDeepSeekDeployment,
  trimEndpointSlice,
  trimPod,
} from './transforms.ts';

/** Everything that is known of the cluster, kept up to date by watches. */
export interface Caches {
  readonly deepSeekDeployments: Informer<LiveDeepSeekDeployment>;
  readonly pods: Informer<LivePod>;
  /** By the kind that the operator makes. */
  readonly children: Readonly<Record<ChildKind, Informer<KubeObject>>>;
  readonly childStores: ChildStores;
  readonly all: readonly Informer<KubeObject>[];
  /** Not one of `all`: the operator does its work without them. */
  readonly nodes: NodeCache;
  /** Not one of `all`: most clusters have no gateway. */
  readonly gateway: GatewayCache;
  /** Not one of `all`: most clusters have no KEDA. */
  readonly scaledObjects: ScaledObjectCache;
  /** Not of `all`: most clusters have no prometheus-operator. */
  readonly monitoring: MonitoringKinds;
}

export interface CachesOptions {
  readonly client: WatchClient;
  readonly clock: Clock;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  /** `namespace`: undefined where all are followed by one watch, and of kinds that the operator does without. */
  readonly onReflectorEvent: (kind: string, event: ReflectorEvent, namespace?: string) => void;
}

/** Creates the caches; they follow the cluster once they run. Children are watched by label: foreign objects cost nothing. */
export function createCaches(options: CachesOptions): Caches {
  const ours = {
    labelSelector: SELECTOR.ours,
    indexers: { [BY_DEPLOYMENT]: ownerIndex },
    // Ten for each deployment, which only its own passes read.
    packed: true,
  };
  const follow = <T extends KubeObject>(
    type: ResourceType<T>,
    transform: (object: T) => T,
    selection: {
      readonly labelSelector?: string;
      readonly indexers?: Record<string, (object: T) => readonly string[]>;
      readonly packed?: boolean;
    },
  ) =>
    new ReflectingInformer<T>({
      client: options.client,
      clock: options.clock,
      type,
      transform,
      ...selection,
      ...(options.namespaces.length > 0 && { namespaces: options.namespaces }),
      onReflectorEvent: (event, namespace) => options.onReflectorEvent(type.kind, event, namespace),
    });

  const deepSeekDeployments = follow(DEEPSEEK_DEPLOYMENTS, trimDeepSeekDeployment, {});
  const controllerRevisions = follow(
    as<LiveControllerRevision>(resources.controllerRevisions),
    trimControllerRevision,
    ours,
  );
  const deployments = follow(resources.deployments, trimChild, ours);
  const services = follow(resources.services, trimChild, ours);
  const serviceAccounts = follow(resources.serviceAccounts, trimChild, ours);
  const networkPolicies = follow(resources.networkPolicies, trimChild, ours);
  const podDisruptionBudgets = follow(resources.podDisruptionBudgets, trimBudget, ours);
  const horizontalPodAutoscalers = follow(resources.horizontalPodAutoscalers, trimAutoscaler, ours);
  const pods = follow(resources.pods, trimPod, ours);
  // The labels of a Service are on its EndpointSlices.
  const endpointSlices = follow(resources.endpointSlices, trimEndpointSlice, ours);
  const children = {
    ServiceAccount: untyped(serviceAccounts),
    ControllerRevision: untyped(controllerRevisions),
    Deployment: untyped(deployments),
    Service: untyped(services),
    NetworkPolicy: untyped(networkPolicies),
    PodDisruptionBudget: untyped(podDisruptionBudgets),
    HorizontalPodAutoscaler: untyped(horizontalPodAutoscalers),
  };
  return {
    deepSeekDeployments,
    pods,
    children,
    childStores: {
      controllerRevisions: controllerRevisions.store,
      deployments: deployments.store,
      services: services.store,
      serviceAccounts: serviceAccounts.store,
      networkPolicies: networkPolicies.store,
      podDisruptionBudgets: podDisruptionBudgets.store,
      horizontalPodAutoscalers: horizontalPodAutoscalers.store,
      pods: pods.store,
      endpointSlices: endpointSlices.store,
    },
    all: [untyped(deepSeekDeployments), ...Object.values(children), untyped(pods), untyped(endpointSlices)],
    nodes: new NodeCache(options),
    gateway: new GatewayCache({ ...options, deployments: deepSeekDeployments }),
    scaledObjects: new ScaledObjectCache({ ...options, deployments: deepSeekDeployments }),
    monitoring: new MonitoringKinds(options),
  };
}

/** Calls `enqueue` with the key of the DeepSeekDeployment that a change concerns. */
export function routeEvents(caches: Caches, enqueue: (key: string, initial: boolean) => void): void {
  caches.deepSeekDeployments.onEvent(({ object, previous, initial }) => {
    enqueue(keyOf(object.metadata), initial);
    // Those who lack GPUs may claim what is kept warm from now on.
    if (!keepsWarm(object) || (previous !== undefined && keepsWarm(previous))) return;
    for (const other of caches.deepSeekDeployments.store.list()) {
      if (other !== object && (wantsRoom(other) || !isPlaced(other.status))) enqueue(keyOf(other.metadata), true);
    }
  });
  const child = ({ type, object, previous, initial }: StoreEvent<KubeObject>) => {
    if (type === 'updated' && previous !== undefined && sameForUs(object, previous)) return;
    // Both: a child may have lost the label that says whose it is.
    const keys = new Set([deploymentKey(object), previous && deploymentKey(previous)]);
    for (const key of keys) if (key !== undefined) enqueue(key, initial);
  };
  for (const informer of caches.all) {
    if (informer.type.kind !== DEEPSEEK_DEPLOYMENTS.kind) informer.onEvent(child);
  }
  caches.gateway.onChange(enqueue);
  caches.scaledObjects.onChange(enqueue);
  caches.monitoring.onChange(enqueue, () => {
    for (const { metadata } of caches.deepSeekDeployments.store.list()) enqueue(keyOf(metadata), true);
  });
  caches.pods.onEvent(({ type }) => {
    if (type !== 'deleted') return;
    // Its GPUs are free.
    for (const waiting of caches.deepSeekDeployments.store.list()) {
      if (wantsRoom(waiting)) enqueue(keyOf(waiting.metadata), true);
    }
  });
  caches.nodes.onChange(() => {
    // Where every replica has its place, no node changes anything. The others wait, and nobody waits for them.
    for (const { metadata, status } of caches.deepSeekDeployments.store.list()) {
      if (isPlaced(status)) continue;
      enqueue(keyOf(metadata), true);
    }
  });
}

/** Nothing but the version has changed of what the caches keep: the status of a budget has, or who else wrote what. */
function sameForUs(a: KubeObject, b: KubeObject): boolean {
  const read = ({ metadata: { resourceVersion: _, ...metadata }, ...rest }: KubeObject) => ({ metadata, ...rest });
  return isDeepStrictEqual(read(a), read(b));
}

function isPlaced(status: LiveDeepSeekDeployment['status']): boolean {
  return (
    status?.conditions?.some(({ type, status: value }) => type === 'CapacityAvailable' && value === 'True') === true
  );
}

function ownerIndex(object: KubeObject): readonly string[] {
  const key = deploymentKey(object);
  return key === undefined ? [] : [key];
}

/** The kind with our own type of its objects: the same wire format, with the fields that we read. */
function as<T extends KubeObject>(type: ResourceType): ResourceType<T> {
  return type as ResourceType<T>;
}

/** An informer of some kind among those of others: whoever writes into it holds an object of that kind. */
function untyped<T extends KubeObject>(informer: Informer<T>): Informer<KubeObject> {
  return informer;
}
