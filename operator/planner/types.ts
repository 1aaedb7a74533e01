import type { EngineType, PlannerReason, QuantizationType } from '../api/index.ts';
import type { CheckpointFormat, DeviceKind, MemorySetting } from '../catalog/index.ts';

/** Floating-point type that activations are computed in. */
export type ComputeDtype = 'float32' | 'bfloat16' | 'float16';

/**
 * Everything that is decided about one replica before a pod exists. Sizes are GiB (2^30 bytes) unless the name says
 * otherwise; "per GPU" is per tensor-parallel rank. On CPU and unified-memory devices the "GPU" is the host memory
 * that the engine may use.
 */
export interface ServingPlan {
  readonly model: {
    /** Catalogue name, or `custom`. */
    readonly name: string;
    /** Weights to load for this quantization, `org/name`; absent when they come from a volume or an image. */
    readonly repository?: string;
    /** Commit or tag of the weights. */
    readonly revision?: string;
    readonly trustRemoteCode: boolean;
    /** The weights are in 16-bit, and the engine quantizes them while it loads them. */
    readonly quantizedOnLoad: boolean;
    /** How the repository stores its weights, where that is known. */
    readonly checkpointFormat?: CheckpointFormat;
    /** File type to load of a GGUF repository, such as Q4_K_M. With quantization GGUF only. */
    readonly ggufType?: string;
    /** Bytes of the weights files, GiB. */
    readonly checkpointGiB: number;
    /** Where the engine reads them from. */
    readonly source: WeightsSource;
    /** The engine reads them out of object storage into GPU memory by itself: nothing is copied to a disk. */
    readonly streamed?: boolean;
  };
  readonly engine: { readonly type: EngineType; readonly version: string; readonly image: string };
  readonly quantization: QuantizationType;
  readonly computeDtype: ComputeDtype;
  readonly kvCacheDtype: 'auto' | 'fp8';
  readonly accelerator: {
    /** Catalogue name, or `custom`. */
    readonly type: string;
    readonly device: DeviceKind;
    /** Extended resource of the device plugin; absent on CPU. */
    readonly resourceName?: string;
    /** CUDA compute capability, e.g. `8.0`; absent on CPU. */
    readonly computeCapability?: string;
  };
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  /** Ranks that the experts of a mixture are divided over, whole experts each; 1: each expert is sharded like the rest. */
  readonly expertParallel: number;
  /** tensorParallel x pipelineParallel; 0 on CPU. */
  readonly gpusPerReplica: number;
  /** Longest sequence (prompt + output), in tokens. */
  readonly maxModelLen: number;
  /** Requests that the engine runs at once (`--max-num-seqs`). */
  readonly maxNumSeqs: number;
  /** Tokens that one forward pass handles at most (`--max-num-batched-tokens`); it sizes the activations. */
  readonly maxNumBatchedTokens: number;
  readonly memory: {
    /** What a process sees of one GPU. On CPU: what the container asks for. */
    readonly gpuTotalGiB: number;
    /** What the engine may use of one GPU. */
    readonly usableGiBPerGPU: number;
    /** What the engine is told of it, in its own terms; see MemorySetting. Absent where it has no such setting. */
    readonly engineSetting?: { readonly kind: MemorySetting; readonly fraction: number };
    readonly weightsGiBPerGPU: number;
    readonly overheadGiBPerGPU: number;
    readonly kvCacheGiBPerGPU: number;
    /** KV cache bytes of one token on one rank. */
    readonly kvBytesPerTokenPerGPU: number;
  };
  /** Tokens that the KV cache holds, all ranks together. */
  readonly kvCacheTokens: number;
  /** kvCacheTokens / maxModelLen, one decimal. */
  readonly maxConcurrency: number;
  readonly host: {
    /** Container requests; the memory limit is memoryLimitGiB. */
    readonly cpu: string;
    readonly memoryRequestGiB: number;
    readonly memoryLimitGiB: number;
    readonly sharedMemoryGiB: number;
    /** Ephemeral storage for downloaded weights; 0 when they come from elsewhere. */
    readonly ephemeralStorageGiB: number;
  };
  /** Download + load + compile + warm-up, with margin. Drives startupProbe and the progress deadline. */
  readonly startupBudgetSeconds: number;
  /** What is expected without margin, seconds; their sum is what a user should wait for. */
  readonly startup: {
    readonly downloadSeconds: number;
    readonly loadSeconds: number;
    readonly compileSeconds: number;
    readonly warmUpSeconds: number;
  };
  readonly warnings: readonly string[];
}

/** Kinds of `spec.model.source`. */
export type WeightsSource = 'HuggingFace' | 'PersistentVolumeClaim' | 'Image' | 'ObjectStorage';

/** Something else that would plan, cheapest first. */
export interface Alternative {
  /** One line for people: "INT8 on 1 x T4". */
  readonly summary: string;
  /** The fields of `spec` to change, as a merge patch. */
  readonly change: Readonly<Record<string, unknown>>;
}

/** What one GPU would have to hold, and what it gives: GiB. On a CPU the memory of the container. */
export interface MemoryDemand {
  readonly usableGiBPerGPU: number;
  readonly weightsGiBPerGPU: number;
  readonly overheadGiBPerGPU: number;
  /** KV cache of the shortest context that would do: one sequence. */
  readonly kvCacheGiBPerGPU: number;
  /** Tokens of that sequence. */
  readonly tokens: number;
}

export type PlanResult =
  | { readonly accepted: true; readonly plan: ServingPlan; readonly alternatives: readonly Alternative[] }
  | {
      readonly accepted: false;
      /** A reason of `api/reasons/index.ts`. */
      readonly reason: PlannerReason;
      /** The arithmetic in one line and what to do. */
      readonly message: string;
      /** Where the memory is what is missing, and is known. */
      readonly memory?: MemoryDemand;
      readonly alternatives: readonly Alternative[];
    };
