import { ANNOTATION, type DeepSeekDeployment, LABEL } from '../api/index.ts';
import { keyOf } from '../kube/store.ts';
import type { KubeObject, Store } from '../kube/types.ts';
import type { EngineLogs } from './engine-logs.ts';
import { revisionInName } from '../resources/names.ts';
import type { RevisionData } from '../rollout/revision.ts';
import type { CapacityReading } from '../rollout/capacity/index.ts';
import type { Observations } from './observations.ts';
import type {
  AsDeclared,
  AutoscalingState,
  Claim,
  ClusterFacts,
  LiveControllerRevision,
  LiveDeployment,
  LiveEndpointSlice,
  LiveHorizontalPodAutoscaler,
  LiveMeta,
  LivePod,
  LiveNetworkPolicy,
  LivePodDisruptionBudget,
  LiveService,
  LiveServiceAccount,
  MonitoringState,
  RouteState,
  Snapshot,
  StoredRevision,
} from './snapshot.ts';

/** Index of every child store: children by `<namespace>/<name>` of the DeepSeekDeployment in their labels. */
export const BY_DEPLOYMENT = 'deployment';

/** The value of the index for a child, and the key of a DeepSeekDeployment in the work queue. */
export function deploymentKey(object: KubeObject): string | undefined {
  const name = object.metadata.labels?.[LABEL.name];
  return name === undefined ? undefined : keyOf({ ...object.metadata, name });
}

/** The caches that a pass reads. */
export interface ChildStores {
  readonly controllerRevisions: Store<LiveControllerRevision>;
  readonly deployments: Store<LiveDeployment>;
  readonly services: Store<LiveService>;
  readonly serviceAccounts: Store<LiveServiceAccount>;
  readonly networkPolicies: Store<LiveNetworkPolicy>;
  readonly podDisruptionBudgets: Store<LivePodDisruptionBudget>;
  readonly horizontalPodAutoscalers: Store<LiveHorizontalPodAutoscaler>;
  readonly pods: Store<LivePod>;
  readonly endpointSlices: Store<LiveEndpointSlice>;
}

/** What a pass is told beside what the caches of children hold. */
export interface Surroundings {
  readonly cluster: ClusterFacts;
  readonly observations: Observations;
  readonly capacity?: CapacityReading | undefined;
  readonly servingCapacity?: CapacityReading | undefined;
  readonly claims: readonly Claim[];
  readonly route?: RouteState | undefined;
  readonly monitoring: MonitoringState;
  readonly autoscaling?: AutoscalingState | undefined;
  readonly loads?: ReadonlyMap<string, number> | undefined;
  readonly asDeclared?: AsDeclared;
}

/** Reads the caches into one snapshot. No I/O. */
export function gather(
  deployment: DeepSeekDeployment & { readonly metadata: LiveMeta },
  stores: ChildStores,
  engineLogs: Pick<EngineLogs, 'known'>,
  { capacity, servingCapacity, route, autoscaling, loads, ...surroundings }: Surroundings,
  now: number,
): Snapshot {
  const { name, uid } = deployment.metadata;
  const key = keyOf(deployment.metadata);
  const owned = <T extends KubeObject>(store: Store<T>): readonly T[] =>
    store.byIndex(BY_DEPLOYMENT, key).filter((object) => isOwnedBy(object, uid));
  // Pods belong to their ReplicaSets; the labels say whose they are.
  const pods = stores.pods.byIndex(BY_DEPLOYMENT, key);
  return {
    now,
    deployment,
    revisions: owned(stores.controllerRevisions)
      .map((object) => storedRevision(name, object))
      .filter((revision) => revision !== undefined)
      .sort((a, b) => a.number - b.number),
    deployments: owned(stores.deployments),
    services: owned(stores.services),
    serviceAccounts: owned(stores.serviceAccounts),
    networkPolicies: owned(stores.networkPolicies),
    podDisruptionBudgets: owned(stores.podDisruptionBudgets),
    horizontalPodAutoscalers: owned(stores.horizontalPodAutoscalers),
    pods,
    logs: engineLogs.known(pods),
    endpointSlices: stores.endpointSlices.byIndex(BY_DEPLOYMENT, key),
    ...surroundings,
    ...(capacity && { capacity }),
    ...(servingCapacity && { servingCapacity }),
    ...(route && { route }),
    ...(autoscaling && { autoscaling }),
    ...(loads && { loads }),
  };
}

/** Whether the object's controller is the object with this UID. */
export function isOwnedBy(object: KubeObject, uid: string): boolean {
  return object.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) ?? false;
}

/** Reads a ControllerRevision; `undefined` when its data is not ours to read. */
function storedRevision(name: string, object: LiveControllerRevision): StoredRevision | undefined {
  const hash = revisionInName(name, object.metadata.name);
  const data = JSON.parse(object.data) as RevisionData | null;
  if (hash === undefined || data === null || typeof data.hashVersion !== 'number') return undefined;
  const proven = object.metadata.annotations?.[ANNOTATION.proven];
  const { [ANNOTATION.failed]: failed, [ANNOTATION.held]: held } = object.metadata.annotations ?? {};
  const accepted = object.metadata.annotations?.[ANNOTATION.accepted];
  const generation = generationIn(object);
  return {
    object,
    hash,
    number: object.revision,
    data,
    ...(proven === undefined ? {} : { proven }),
    ...(accepted === undefined ? {} : { accepted }),
    ...(failed === undefined ? {} : { failed }),
    ...(held === undefined ? {} : { held }),
    ...(generation === undefined ? {} : { generation }),
  };
}

/** The generation of the spec for which a child was written; undefined: it does not say. */
export function generationIn({ metadata }: KubeObject): number | undefined {
  const generation = Number(metadata.annotations?.[ANNOTATION.generation]);
  return Number.isSafeInteger(generation) ? generation : undefined;
}
