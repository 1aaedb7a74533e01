import type { Sources } from './sources.ts';

/** Label conventions that say which accelerator a node has. NodeFeatureDiscovery says what a CPU can do. */
export type LabelDialect = 'GPUFeatureDiscovery' | 'GKE' | 'Karpenter' | 'AKS' | 'NodeFeatureDiscovery';

/** A requirement on one node label, as in a Kubernetes node selector term. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In';
  readonly values: readonly string[];
}

/** The requirements, all of them, by which nodes of one dialect show this accelerator. */
export interface NodeLabels {
  readonly dialect: LabelDialect;
  readonly requirements: readonly LabelRequirement[];
}

/**
 * Where the weights lie while they are served. GPU: the GPU's own memory. UnifiedMemory: memory that one GPU shares with
 * the host (Jetson Orin). CPU: the host's memory, with no GPU at all.
 */
export type DeviceKind = 'GPU' | 'UnifiedMemory' | 'CPU';

/** A MIG profile: a slice of a GPU that the device plugin offers as a resource of its own. Slices cannot be shared over. */
export interface MIGProfile {
  /** E.g. `nvidia.com/mig-3g.40gb` (the device plugin's "mixed" strategy). */
  readonly resourceName: string;
  /** What CUDA lets a process see of the slice. */
  readonly visibleGiB: number;
  /** Share of the GPU's price: compute slices of seven. */
  readonly computeShare: number;
}

export interface AcceleratorEntry {
  readonly name: string;
  readonly device: DeviceKind;
  /** CUDA compute capability, `major.minor`; absent where there is no CUDA. */
  readonly computeCapability?: string;
  /** Absent for CPU: the memory of the host is asked for, not given. */
  readonly memory?: {
    /** What nvidia-smi and the node's `nvidia.com/gpu.memory` label say. */
    readonly deviceMiB: number;
    /** What CUDA lets a process see: the total that engines take their memory fraction of. */
    readonly visibleGiB: number;
  };
  readonly interconnect: 'NVLink' | 'PCIe';
  /** Extended resource of the device plugin; absent for CPU. */
  readonly resourceName?: string;
  readonly migProfiles?: readonly MIGProfile[];
  /** Most of this type in one node that can be bought; 1 for CPU and unified memory. */
  readonly maxPerNode: number;
  /** Rough price of one GPU-hour in units of a T4's. It only orders alternatives. */
  readonly relativeCost: number;
  readonly nodeLabels: readonly NodeLabels[];
  readonly sources: Sources;
}
