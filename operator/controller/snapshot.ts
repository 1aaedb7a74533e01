import type { DeepSeekDeployment, OperatorDefaults } from '../api/index.ts';
import type { CapacityReading } from '../rollout/capacity/types.ts';
import type { MonitoringKind } from '../monitoring/index.ts';
import type { ServedMetrics } from '../autoscaling/index.ts';
import type { LiveHttpRoute } from './gateway.ts';
import type { LiveScaledObject } from './keda.ts';
import type { Observations } from './observations.ts';
import type {
  Deployment,
  EndpointSlice,
  HorizontalPodAutoscaler,
  Node,
  Pod,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
  ServiceAccount,
} from '../kube/resources.ts';
import type { KubeObject, ObjectMeta } from '../kube/types.ts';
import type { Revision } from '../rollout/revision.ts';

export type LiveDeployment = Deployment;
export type LiveService = Service;
export type LiveServiceAccount = ServiceAccount;
export type LiveNetworkPolicy = NetworkPolicy;
export type LivePodDisruptionBudget = PodDisruptionBudget;
export type LiveHorizontalPodAutoscaler = HorizontalPodAutoscaler;
export type LivePod = Pod;
export type LiveEndpointSlice = EndpointSlice;
export type LiveNode = Node;
/** A ControllerRevision as it is cached: its data stays text until a pass needs it. */
export interface LiveControllerRevision extends KubeObject {
  readonly revision: number;
  readonly data: string;
}
/** A DeepSeekDeployment as it is on the wire, not yet judged. */
export interface LiveDeepSeekDeployment extends KubeObject {
  readonly spec: DeepSeekDeployment['spec'];
  readonly status?: DeepSeekDeployment['status'];
  /** Of a spec that is too long or too deep, of which a cache keeps little: what it is. */
  readonly unwieldy?: string;
}

/** Metadata that the API server has filled in. */
export type LiveMeta = ObjectMeta & { readonly namespace: string; readonly uid: string };

/** The kinds that the operator makes, in the order in which they are made. */
export const CHILD_KINDS = [
  'ServiceAccount',
  'NetworkPolicy',
  'ControllerRevision',
  'Deployment',
  'Service',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
] as const;
export type ChildKind = (typeof CHILD_KINDS)[number];

/** A stored revision together with the object that stores it. */
export interface StoredRevision extends Revision {
  readonly object: LiveControllerRevision;
}

/** What is known of the cluster as a whole. */
export interface ClusterFacts {
  /** Undefined: they may not be listed. */
  readonly nodes: readonly LiveNode[] | undefined;
  /** Of the API server; undefined: nothing in the spec depends on it, or it is not told. */
  readonly version: { readonly major: string; readonly minor: string; readonly gitVersion: string } | undefined;
  /** Whether it has the PriorityClass of models; absent: nobody has asked, since no revision is rendered in this pass. */
  readonly servingPriority?: boolean;
  /** The operator's defaults; absent: as with `servingPriority`, or there are none. */
  readonly defaults?: DefaultsReading;
}

/** What is known of the operator's defaults. */
export interface DefaultsReading {
  /** The last ones that were valid; absent: none ever was. */
  readonly value?: OperatorDefaults;
  /** What is wrong with them as they are now. */
  readonly problem?: string;
}

/** Children that were found as they are declared, by `<kind>/<name>`, each with a digest of what is declared. */
export type AsDeclared = ReadonlyMap<string, string>;

/** Everything that one pass is decided on: read once, never changed. Children are those that we own, by UID. */
export interface Snapshot {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly deployment: DeepSeekDeployment & { readonly metadata: LiveMeta };
  /** Stored revisions, oldest first. */
  readonly revisions: readonly StoredRevision[];
  readonly deployments: readonly LiveDeployment[];
  readonly services: readonly LiveService[];
  readonly serviceAccounts: readonly LiveServiceAccount[];
  readonly networkPolicies: readonly LiveNetworkPolicy[];
  readonly podDisruptionBudgets: readonly LivePodDisruptionBudget[];
  readonly horizontalPodAutoscalers: readonly LiveHorizontalPodAutoscaler[];
  /** Pods of all revisions, those that are going included. */
  readonly pods: readonly LivePod[];
  /** The end of the log of engines that ended, by pod name, where somebody asked for it. */
  readonly logs: ReadonlyMap<string, string>;
  readonly cluster: ClusterFacts;
  /** Of the active Service and of those of the revisions. */
  readonly endpointSlices: readonly LiveEndpointSlice[];
  readonly observations: Observations;
  /** Free GPUs, read in this pass because the rollout has to know; absent: it has not asked. */
  readonly capacity?: CapacityReading;
  /** Counted after it, for what serves (RolloutInput). */
  readonly servingCapacity?: CapacityReading;
  /** Who else needs GPUs that a version of ours holds which is kept warm. */
  readonly claims: readonly Claim[];
  /** What the gateway says of the route; absent: none is asked for. */
  readonly route?: RouteState;
  readonly monitoring: MonitoringState;
  /** What the autoscaler needs of the cluster; absent: nobody has asked. */
  readonly autoscaling?: AutoscalingState;
  /** Requests that run or wait in each pod of what serves, by its name; absent: nobody has asked. */
  readonly loads?: ReadonlyMap<string, number>;
  /** Children that were as they are declared when this process last looked; absent: it has not looked yet. */
  readonly asDeclared?: AsDeclared;
}

/** What somebody with a better claim leaves to an old version that is kept warm. */
export interface Claim {
  /** `namespace/name` of the DeepSeekDeployment that needs the GPUs of the others. */
  readonly holder: string;
  /** Replicas that the old version may keep. */
  readonly keep: number;
}

/** The route of a DeepSeekDeployment with a gateway. */
export interface RouteState {
  /** As it is; absent: there is none, or it cannot be read. */
  readonly live?: LiveHttpRoute | undefined;
  /** Gateway API is installed and its routes may be read; undefined: not known yet. */
  readonly readable: boolean | undefined;
  /** Gateway API is known to be missing. */
  readonly missing?: boolean;
  /** See GatewayCache.notTakenSince. */
  readonly notTakenSince?: number | undefined;
  /** One of our own name that the spec does not ask for any more. */
  readonly leftover?: LiveHttpRoute | undefined;
}

/** What monitoring needs of the cluster: which of prometheus-operator’s kinds it has, and our objects of them. */
export interface MonitoringState {
  readonly has: Readonly<Partial<Record<MonitoringKind, boolean>>>;
  readonly live: ReadonlyMap<MonitoringKind, KubeObject>;
}

/** What autoscaling needs of the cluster beside the HPA. */
export interface AutoscalingState {
  /** What the metrics APIs serve; absent: nobody has asked, since the HPA has its metrics. */
  readonly served?: ServedMetrics;
  /** With provider KEDA, or while something that KEDA has made for us is still there or may be. */
  readonly keda?: {
    /** Undefined: not known yet. */
    readonly installed: boolean | undefined;
    /** There is no KEDA in the cluster, and so no ScaledObject. */
    readonly missing?: boolean;
    readonly live?: LiveScaledObject | undefined;
    /** The HPA that KEDA has made of it; absent: there is none, or it is held. */
    readonly hpa?: LiveHorizontalPodAutoscaler | undefined;
  };
}
