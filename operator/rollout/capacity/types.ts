import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { INode } from 'kubernetes-models/v1/Node';
import type { IPod } from 'kubernetes-models/v1/Pod';

/** A node as far as room is counted on it. */
export type CapacityNode = {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
} & Pick<INode, 'spec' | 'status'>;

/** A pod as far as it takes room; every pod of the cluster that has not ended, those on their way out included. */
export type CapacityPod = {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
} & Pick<IPod, 'spec' | 'status'>;

/** Replicas of another rollout that was admitted and whose pods do not hold their GPUs yet. */
export interface Reservation {
  /** `namespace/name` of the DeepSeekDeployment that holds it. */
  readonly holder: string;
  readonly replicas: number;
  /** The pod template that they will have. */
  readonly template: IPodTemplateSpec;
}

/** What is to be counted. */
export interface CapacityQuestion {
  /** Undefined: nodes or pods may not be listed. */
  readonly nodes: readonly CapacityNode[] | undefined;
  readonly pods: readonly CapacityPod[] | undefined;
  /** Of the revision that wants room. */
  readonly template: IPodTemplateSpec;
  /** Namespace and name of the DeepSeekDeployment, and the hash of the revision: pods of it that exist already are not counted against it. */
  readonly own: { readonly namespace: string; readonly name: string; readonly revision: string };
  /** Revision whose pods a handover would take away, one by one, and that of warm pods that may go. */
  readonly servingRevision?: string;
  readonly warmRevision?: string;
  readonly reservations: readonly Reservation[];
}

/** How many replicas of a revision find room now. A hint: the scheduler decides. */
export interface CapacityReading {
  /** Why it cannot be counted (rights, quota, a queue, DRA); absent: it was. */
  readonly unknown?: string;
  /** Replicas of the revision that have a node already. */
  readonly placed: number;
  /** Further replicas that find room now, each on one node. */
  readonly slots: number;
  /** Further replicas that would find room once the n-th index of serving pods (and all warm ones) were gone: `[n]`, n from 0 to all of them. */
  readonly slotsWithoutServing: readonly number[];
  /** Further replicas that would find room once n warm pods were gone: `[n]`. */
  readonly slotsWithoutWarm: readonly number[];
  /** GPUs of one replica; 0 on CPU. */
  readonly gpusPerReplica: number;
  /** GPUs of the class that nobody holds, wherever they lie; with fragmentation more than slots × gpusPerReplica. */
  readonly freeGpus: number;
  /** Who else was admitted first and still needs GPUs of these nodes, `namespace/name` with how many GPUs. */
  readonly reservedBy: readonly { readonly holder: string; readonly gpus: number }[];
  /** What can buy nodes; absent: nothing that we know. */
  readonly autoscaler?: 'cluster-autoscaler' | 'Karpenter';
}
