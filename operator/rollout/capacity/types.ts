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

/** What another rollout was admitted for. */
export interface Reservation {
  /** `namespace/name` of the DeepSeekDeployment that holds it. */
  readonly holder: string;
  /** Replicas whose pods have no node yet. */
  readonly replicas: number;
  /** Those that have: their pods are counted where they are, and told of. Default 0. */
  readonly placed?: number;
  /** The pod template of all of them. */
  readonly template: IPodTemplateSpec;
}

/** What is to be counted. */
export interface CapacityQuestion {
  /** Undefined: nodes or pods may not be listed. */
  readonly nodes: readonly CapacityNode[] | undefined;
  readonly pods: readonly CapacityPod[] | undefined;
  /** Of the revision that wants room. */
  readonly template: IPodTemplateSpec;
  /** Priority of its pods: pods of others that wait for a node and have less come after them. Absent: not known, and all come first. */
  readonly priority?: number;
  /** Nodes that offer devices of the accelerator’s vendor through dynamic resource allocation; absent: not known. */
  readonly dynamicNodes?: readonly string[];
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
  /** Further replicas that find room now, each on one node; those that exist and wait for a node are among them. */
  readonly slots: number;
  /**
   * Further replicas that would find room once n serving pods and all warm ones were gone: `[n]`, n from 0 to all of
   * them. Pods that are on their way out already count as gone, and are not among the n. Which pods a ReplicaSet
   * takes beyond those that are not ready depends on their ages and on chance: it is the choice that frees least. With
   * pods of others waiting it may fall as n rises: room that is large enough for one of them is taken.
   */
  readonly slotsWithoutServing: readonly number[];
  /** The same for n warm pods, with all serving ones staying. */
  readonly slotsWithoutWarm: readonly number[];
  /** GPUs of one replica; 0 on CPU. */
  readonly gpusPerReplica: number;
  /** GPUs of the class that nobody holds, wherever they lie; with fragmentation more than slots × gpusPerReplica. */
  readonly freeGpus: number;
  /** Who else was admitted first for GPUs of these nodes, whether its pods hold them yet or not: `namespace/name` with how many GPUs. */
  readonly reservedBy: readonly { readonly holder: string; readonly gpus: number }[];
  /** What can buy nodes; absent: nothing that we know. */
  readonly autoscaler?: 'cluster-autoscaler' | 'Karpenter';
}

/** Pods of another DeepSeekDeployment that come after those of everybody who needs GPUs: an old version that is kept warm. */
export interface Giver {
  /** `namespace/name` of the DeepSeekDeployment. */
  readonly holder: string;
  readonly revision: string;
  /** Replicas that its Deployment is to have; pods beyond them are about to go. */
  readonly replicas: number;
}

/** What a giver is asked for. */
export interface Claim {
  /** `namespace/name` of the DeepSeekDeployment that is asked. */
  readonly giver: string;
  readonly revision: string;
  /** Replicas that it may keep. What is already on its way out is not asked for again. */
  readonly keep: number;
}

/** Whose room is to be claimed of whom. Reservations are those who come first, with those who have claimed before. */
export interface ClaimQuestion extends CapacityQuestion {
  /** Replicas that are wanted of the revision, with those that have a node. */
  readonly replicas: number;
  /** Fewer of them are of use, too. */
  readonly partly: boolean;
  /** In the order in which they are asked. */
  readonly givers: readonly Giver[];
}
