import type { EngineType, QuantizationType } from '../../api/index.ts';
import type { Sources } from './sources.ts';

/**
 * Multi-head latent attention (DeepSeek-V2 and later): keys and values are cached as one compressed vector of
 * `kvLoraRank + qkRopeHeadDim` elements, the same for all heads.
 */
export interface LatentAttention {
  readonly kvLoraRank: number;
  /** Absent: the queries are not compressed. */
  readonly qLoraRank?: number;
  /** Size of a head's part without rotary embedding. */
  readonly qkNopeHeadDim: number;
  /** Size of the part with rotary embedding, which all heads share. */
  readonly qkRopeHeadDim: number;
  readonly vHeadDim: number;
}

export interface MixtureOfExperts {
  /** Routed experts of a layer. */
  readonly experts: number;
  /** Routed experts that one token uses. */
  readonly activeExperts: number;
  /** Experts that every token uses. */
  readonly sharedExperts: number;
  /** Width of one expert. */
  readonly intermediateSize: number;
  /** First layers without experts; they have the model's own `intermediateSize`. */
  readonly denseLayers: number;
}

/** The indexer of DeepSeek sparse attention (V3.2), which caches a key of its own for each token and layer. */
export interface SparseIndexer {
  readonly heads: number;
  readonly headDim: number;
}

/** Shape of a decoder-only transformer: everything that its memory depends on. */
export interface ModelArchitecture {
  /** `architectures[0]` of the Hugging Face config. */
  readonly className: string;
  readonly layers: number;
  readonly hiddenSize: number;
  /** Width of the MLP of dense layers. */
  readonly intermediateSize: number;
  readonly attentionHeads: number;
  /** Heads that are cached; equal to attentionHeads for multi-head attention. Without meaning under latent attention. */
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  /** The output head shares its matrix with the embedding. */
  readonly tiedEmbeddings: boolean;
  /** The q, k and v projections have a bias (Qwen2). */
  readonly attentionBias: boolean;
  /** RMSNorm over each head's query and key (Qwen3). */
  readonly queryKeyNorm: boolean;
  readonly mla?: LatentAttention;
  readonly moe?: MixtureOfExperts;
  readonly indexer?: SparseIndexer;
  /** Parameters as stated, where the shape alone does not give them (custom models). */
  readonly parameters?: number;
}

/**
 * How a repository stores its weights. The engine reads it from the repository's config, or the file's header.
 * `unquantized`: the 16-bit copy of a model that was published in FP8. `channel-int8`: INT8 weights and activations
 * with a scale per output channel, which the engine has to be told of.
 */
export type CheckpointFormat =
  'compressed-tensors' | 'awq' | 'gptq' | 'fp8-block' | 'gguf' | 'unquantized' | 'channel-int8';

/** A published repository that holds a model in one quantization. */
export interface Checkpoint {
  /** Hugging Face id, `org/name`. */
  readonly repository: string;
  readonly format: CheckpointFormat;
  /** Weights that share one scale; absent when the scale is per output channel, and for GGUF. */
  readonly groupSize?: number;
  /** Bytes of the weights files, where published; wins over what the shape gives. By GGUF type for GGUF. */
  readonly bytes?: number | Readonly<Record<string, number>>;
  readonly source: string;
}

/** What an engine needs for this model beyond what it needs for its architecture. */
export interface EngineRequirement {
  readonly engine: EngineType;
  /** First version that serves it. */
  readonly minVersion?: string;
  /** The engine loads it only with remote code trusted. */
  readonly trustRemoteCode?: boolean;
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
  /** What the published checkpoint is stored in; `float8` is FP8 in blocks, computed in bfloat16. */
  readonly nativeDtype: 'bfloat16' | 'float16' | 'float8';
  /** Bytes of the published checkpoint's weights files, where known. */
  readonly checkpointBytes?: number;
  /** Share of those bytes that engines load; the rest is the multi-token prediction layers. Default: 1. */
  readonly loadedShare?: number;
  /** Set where no public fact gives the memory of a token: planned only from numbers that the user measured. */
  readonly unknownMemory?: string;
  /** Tokens of prompt and output together. */
  readonly contextLength: {
    /** What the model card promises; the default of `maxModelLen` is never above it. */
    readonly card: number;
    /** `max_position_embeddings` of the config: no engine goes beyond it. */
    readonly config: number;
  };
  readonly licence: string;
  /** The hub gives it only to accounts that accepted its terms: a token is needed. */
  readonly gated?: boolean;
  readonly requirements?: readonly EngineRequirement[];
  /** Published quantized repositories. A quantization that needs one and has none here is refused unless the user names it. */
  readonly checkpoints: Readonly<Partial<Record<QuantizationType, Checkpoint>>>;
  readonly sources: Sources;
}
