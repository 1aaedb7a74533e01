import type { EngineType, QuantizationType } from '../api/index.ts';

/**
 * Where the numbers of an entry come from: one citation per member. A citation that begins with `unverified:` is
 * from memory or assumed, and nothing public was found to check it against.
 */
export type Sources = Readonly<Record<string, string>>;

/** Shape of a decoder-only transformer: everything that its memory depends on. */
export interface ModelArchitecture {
  /** `architectures[0]` of the Hugging Face config. */
  readonly className: string;
  readonly layers: number;
  readonly hiddenSize: number;
  /** Width of the MLP. */
  readonly intermediateSize: number;
  readonly attentionHeads: number;
  /** Heads that are cached; equal to attentionHeads for multi-head attention. */
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  /** The output head shares its matrix with the embedding. */
  readonly tiedEmbeddings: boolean;
  /** The q, k and v projections have a bias (Qwen2). */
  readonly attentionBias: boolean;
  /** RMSNorm over each head's query and key (Qwen3). */
  readonly queryKeyNorm: boolean;
  /** Parameters as stated, where the shape alone does not give them (custom models). */
  readonly parameters?: number;
}

/** How a pre-quantized repository stores its weights. The engine reads it from the repository's config. */
export type CheckpointFormat = 'compressed-tensors' | 'awq' | 'gptq';

/** A published repository that holds a model in one quantization. */
export interface Checkpoint {
  /** Hugging Face id, `org/name`. */
  readonly repository: string;
  readonly format: CheckpointFormat;
  /** Weights that share one scale; absent when the scale is per output channel. */
  readonly groupSize?: number;
  readonly source: string;
}

export interface ModelEntry {
  /** Last path segment of the Hugging Face id, lower-cased. */
  readonly name: string;
  /** Other names that mean this model and no other. */
  readonly aliases: readonly string[];
  /** Hugging Face id of the checkpoint as it was published. */
  readonly repository: string;
  readonly architecture: ModelArchitecture;
  readonly nativeDtype: 'bfloat16' | 'float16';
  /** Tokens of prompt and output together. */
  readonly contextLength: {
    /** What the model card promises; the default of `maxModelLen` is never above it. */
    readonly card: number;
    /** `max_position_embeddings` of the config: no engine goes beyond it. */
    readonly config: number;
  };
  readonly licence: string;
  /** Published quantized repositories. A quantization that needs one and has none here is refused unless the user names it. */
  readonly checkpoints: Readonly<Partial<Record<QuantizationType, Checkpoint>>>;
  readonly sources: Sources;
}

/** Label conventions that say which GPU a node has. */
export type LabelDialect = 'GPUFeatureDiscovery' | 'GKE' | 'Karpenter' | 'AKS';

/** A requirement on one node label, as in a Kubernetes node selector term. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In';
  readonly values: readonly string[];
}

/** The requirements, all of them, by which nodes of one dialect show this GPU. */
export interface NodeLabels {
  readonly dialect: LabelDialect;
  readonly requirements: readonly LabelRequirement[];
}

export interface AcceleratorEntry {
  readonly name: string;
  /** CUDA compute capability, `major.minor`. */
  readonly computeCapability: string;
  readonly memory: {
    /** What nvidia-smi and the node's `nvidia.com/gpu.memory` label say. */
    readonly deviceMiB: number;
    /** What CUDA lets a process see: the total that engines take their memory fraction of. */
    readonly visibleGiB: number;
  };
  readonly interconnect: 'NVLink' | 'PCIe';
  /** Extended resource of the device plugin. */
  readonly resourceName: string;
  /** Most GPUs of this type in one node that can be bought. */
  readonly maxPerNode: number;
  /** Rough price of one GPU-hour in units of a T4's. It only orders alternatives. */
  readonly relativeCost: number;
  readonly nodeLabels: readonly NodeLabels[];
  readonly sources: Sources;
}

/** A quantization that an engine runs from this compute capability on. */
export interface QuantizationSupport {
  readonly quantization: QuantizationType;
  /** Lowest compute capability, `major.minor`. */
  readonly from: string;
  /** First compute capability that is no longer supported. */
  readonly before?: string;
  /** What the user should know although it runs. */
  readonly warning?: string;
  readonly source: string;
}

/** A number that depends on the GPU generation: the row with the highest `from` at or below the GPU's applies. */
export interface ByComputeCapability<T> {
  readonly from: string;
  readonly value: T;
  readonly source: string;
}

/** What an argument in `spec.engine.extraArgs` would break if it differed from the plan. */
export interface PlannedFlag {
  /** All spellings of the flag. */
  readonly flags: readonly string[];
  /** The field of the spec that decides it. */
  readonly field: string;
}

export interface EngineVersion {
  readonly version: string;
  readonly image: string;
  /** Every flag that its command line accepts, all spellings. */
  readonly flags: readonly string[];
  /** Flags that only the plan may set. */
  readonly plannedFlags: readonly PlannedFlag[];
  /** Flags that use memory in a way that the plan does not count. */
  readonly uncountedFlags: readonly string[];
  readonly quantizations: readonly QuantizationSupport[];
  /** Lowest compute capability that can keep the KV cache in 8-bit floating point. */
  readonly fp8KVCacheFrom: string;
  readonly memory: {
    /** Share of the visible memory that the engine is told to use. */
    readonly utilization: number;
    /** CUDA graphs, library workspaces and allocator slack of one GPU, in GiB. */
    readonly baseOverheadGiB: readonly ByComputeCapability<number>[];
    /** Communication buffers of one GPU when tensors are sharded, in GiB. */
    readonly tensorParallelGiB: number;
  };
  /** Tokens that one forward pass handles at most; it sizes the activations. */
  readonly maxNumBatchedTokens: readonly ByComputeCapability<number>[];
  /** Most sequences that the plan lets run at once. */
  readonly maxNumSeqs: number;
  readonly sources: Sources;
}

export interface EngineEntry {
  readonly type: EngineType;
  /** Newest first; the first is the default. */
  readonly versions: readonly EngineVersion[];
}

export interface QuantizationEntry {
  readonly type: QuantizationType;
  /** For people, e.g. `INT8 (W8A8)`. */
  readonly label: string;
  /** Bytes of one parameter of the transformer blocks' linear layers, without scales. */
  readonly linearBytes: number;
  /** Bytes of scales and zero points per group of `groupSize` weights, or per output channel if there are no groups. */
  readonly scaleBytes: number;
  /** Weights in a group when the checkpoint does not say; absent for per-channel and unquantized types. */
  readonly groupSize?: number;
  /** Bytes of one parameter of embeddings, output head and norms. */
  readonly otherBytes: number;
  /**
   * Where the weights come from: the checkpoint as published (`Native`), a repository that was quantized beforehand
   * (`Prequantized`), or either, the engine quantizing while it loads (`Online`).
   */
  readonly weights: 'Native' | 'Prequantized' | 'Online';
  /** What the engine computes in; `Native` is the checkpoint's dtype where the GPU has it, else float16. */
  readonly compute: 'float32' | 'bfloat16' | 'float16' | 'Native';
  readonly source: string;
}

/** Everything that the planner knows. Data only: a model, a GPU or an engine version more is one entry more. */
export interface Catalog {
  readonly models: readonly ModelEntry[];
  readonly accelerators: readonly AcceleratorEntry[];
  readonly engines: readonly EngineEntry[];
  readonly quantizations: readonly QuantizationEntry[];
}
