import type { ICustomResourceDefinition } from 'kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition';
import type { IControllerRevision } from 'kubernetes-models/apps/v1/ControllerRevision';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IReplicaSet } from 'kubernetes-models/apps/v1/ReplicaSet';
import type { IScale } from 'kubernetes-models/autoscaling/v1/Scale';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { ILease } from 'kubernetes-models/coordination.k8s.io/v1/Lease';
import type { IEndpointSlice } from 'kubernetes-models/discovery.k8s.io/v1/EndpointSlice';
import type { IEvent } from 'kubernetes-models/events.k8s.io/v1/Event';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IPriorityClass } from 'kubernetes-models/scheduling.k8s.io/v1/PriorityClass';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { INamespace } from 'kubernetes-models/v1/Namespace';
import type { INode } from 'kubernetes-models/v1/Node';
import type { IPersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import type { IPod } from 'kubernetes-models/v1/Pod';
import type { ISecret } from 'kubernetes-models/v1/Secret';
import type { IService } from 'kubernetes-models/v1/Service';
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { KubeObject, ObjectMeta, ResourceType } from './types.ts';

/** An object as the server sends it: the kind's own fields, with metadata always there. */
export type Live<I extends { readonly apiVersion: string; readonly kind: string }> = Omit<I, 'metadata'> & {
  readonly metadata: ObjectMeta;
};

export type ConfigMap = Live<IConfigMap>;
export type ControllerRevision = Live<IControllerRevision>;
export type CustomResourceDefinition = Live<ICustomResourceDefinition>;
export type Deployment = Live<IDeployment>;
export type EndpointSlice = Live<IEndpointSlice>;
export type Event = Live<IEvent>;
export type HorizontalPodAutoscaler = Live<IHorizontalPodAutoscaler>;
export type Lease = Live<ILease>;
export type Namespace = Live<INamespace>;
export type NetworkPolicy = Live<INetworkPolicy>;
export type Node = Live<INode>;
export type PersistentVolumeClaim = Live<IPersistentVolumeClaim>;
export type Pod = Live<IPod>;
export type PodDisruptionBudget = Live<IPodDisruptionBudget>;
export type PriorityClass = Live<IPriorityClass>;
export type ReplicaSet = Live<IReplicaSet>;
export type Scale = Live<IScale>;
export type Secret = Live<ISecret>;
export type Service = Live<IService>;
export type ServiceAccount = Live<IServiceAccount>;

/** A namespaced kind. `group` is '' for the core group. */
export function namespaced<T extends KubeObject>(
  group: string,
  version: string,
  kind: string,
  plural: string,
): ResourceType<T> {
  return Object.freeze({ group, version, kind, plural, namespaced: true });
}

/** A cluster-scoped kind. `group` is '' for the core group. */
export function clusterScoped<T extends KubeObject>(
  group: string,
  version: string,
  kind: string,
  plural: string,
): ResourceType<T> {
  return Object.freeze({ group, version, kind, plural, namespaced: false });
}

/** The built-in kinds in use. A kind of one's own is declared with `namespaced` or `clusterScoped`. */
export const resources = Object.freeze({
  configMaps: namespaced<ConfigMap>('', 'v1', 'ConfigMap', 'configmaps'),
  controllerRevisions: namespaced<ControllerRevision>('apps', 'v1', 'ControllerRevision', 'controllerrevisions'),
  customResourceDefinitions: clusterScoped<CustomResourceDefinition>(
    'apiextensions.k8s.io',
    'v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
  ),
  deployments: namespaced<Deployment>('apps', 'v1', 'Deployment', 'deployments'),
  endpointSlices: namespaced<EndpointSlice>('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  events: namespaced<Event>('events.k8s.io', 'v1', 'Event', 'events'),
  horizontalPodAutoscalers: namespaced<HorizontalPodAutoscaler>(
    'autoscaling',
    'v2',
    'HorizontalPodAutoscaler',
    'horizontalpodautoscalers',
  ),
  leases: namespaced<Lease>('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  namespaces: clusterScoped<Namespace>('', 'v1', 'Namespace', 'namespaces'),
  networkPolicies: namespaced<NetworkPolicy>('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  nodes: clusterScoped<Node>('', 'v1', 'Node', 'nodes'),
  persistentVolumeClaims: namespaced<PersistentVolumeClaim>(
    '',
    'v1',
    'PersistentVolumeClaim',
    'persistentvolumeclaims',
  ),
  podDisruptionBudgets: namespaced<PodDisruptionBudget>('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  pods: namespaced<Pod>('', 'v1', 'Pod', 'pods'),
  priorityClasses: clusterScoped<PriorityClass>('scheduling.k8s.io', 'v1', 'PriorityClass', 'priorityclasses'),
  replicaSets: namespaced<ReplicaSet>('apps', 'v1', 'ReplicaSet', 'replicasets'),
  secrets: namespaced<Secret>('', 'v1', 'Secret', 'secrets'),
  serviceAccounts: namespaced<ServiceAccount>('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  services: namespaced<Service>('', 'v1', 'Service', 'services'),
});

/** `apps/v1`, or `v1` in the core group. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}
