import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IPod } from 'kubernetes-models/v1/Pod';
import type { IService } from 'kubernetes-models/v1/Service';
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { DeepSeekDeployment } from '../api/index.ts';
import type { KubeObject, ObjectMeta } from '../kube/types.ts';
import type { Revision } from '../rollout/revision.ts';

/** A wire object read from the API server: metadata is there. */
type Live<T> = Omit<T, 'metadata' | 'apiVersion' | 'kind'> & KubeObject;

export type LiveDeployment = Live<IDeployment>;
export type LiveService = Live<IService>;
export type LiveServiceAccount = Live<IServiceAccount>;
export type LivePodDisruptionBudget = Live<IPodDisruptionBudget>;
export type LivePod = Live<IPod>;
/** A ControllerRevision as it is cached: its data stays text until a pass needs it. */
export interface LiveControllerRevision extends KubeObject {
  readonly revision: number;
  readonly data: string;
}
/** A DeepSeekDeployment as it is on the wire, not yet judged. */
export interface LiveDeepSeekDeployment extends KubeObject {
  readonly spec: DeepSeekDeployment['spec'];
  readonly status?: DeepSeekDeployment['status'];
}

/** Metadata that the API server has filled in. */
export type LiveMeta = ObjectMeta & { readonly namespace: string; readonly uid: string };

/** The kinds that the operator makes, in the order in which they are made. */
export const CHILD_KINDS = [
  'ServiceAccount',
  'ControllerRevision',
  'Deployment',
  'Service',
  'PodDisruptionBudget',
] as const;
export type ChildKind = (typeof CHILD_KINDS)[number];

/** A stored revision together with the object that stores it. */
export interface StoredRevision extends Revision {
  readonly object: LiveControllerRevision;
}

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
  readonly podDisruptionBudgets: readonly LivePodDisruptionBudget[];
  /** Pods of all revisions, those that are going included. */
  readonly pods: readonly LivePod[];
  /** The end of the log of engines that ended, by pod name, where somebody asked for it. */
  readonly logs: ReadonlyMap<string, string>;
}
