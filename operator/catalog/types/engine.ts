import type { EngineType, QuantizationType } from '../../api/index.ts';
import type { DeviceKind } from './accelerator.ts';
import type { CheckpointFormat } from './model.ts';
import type { Sources } from './sources.ts';

/** A quantization that an engine runs on this kind of device, on GPUs from this compute capability on. */
export interface QuantizationSupport {
  readonly quantization: QuantizationType;
  /** Default: GPU alone. */
  readonly devices?: readonly DeviceKind[];
  /** Lowest compute capability, `major.minor`; absent: any. */
  readonly from?: string;
  /** First compute capability that is no longer supported. */
  readonly before?: string;
  /** What the user should know although it runs. */
  readonly warning?: string;
  readonly source: string;
}

/** Model classes that an engine serves. A class in no row is refused; custom models are taken to be served. */
export interface ArchitectureSupport {
  /** `architectures[0]` of Hugging Face configs. */
  readonly classes: readonly string[];
  /** Default: GPU alone. */
  readonly devices?: readonly DeviceKind[];
  /** Lowest compute capability whose kernels it has for them; absent: any. */
  readonly from?: string;
  /** First compute capability for which it has none. */
  readonly before?: string;
  /** What its kernels for them compute in; absent: anything. */
  readonly compute?: readonly ('float16' | 'bfloat16' | 'float32')[];
  /** It expands the latent KV cache of files that were made before this month (`YYYY-MM`). */
  readonly expandsFilesBefore?: string;
  /** It serves them with the KV cache in FP8 alone. */
  readonly fp8KVCacheOnly?: boolean;
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
  /** The field of the spec that decides it; absent: none does. */
  readonly field?: string;
  /** Why only the plan sets it, where no field does. */
  readonly because?: string;
}

/** How many values a flag takes on the command line. Any: also none. */
export type FlagValues = 'None' | 'One' | 'Any';

/** A flag that other versions of the engine had or have: for the refusal of it. */
export interface FlagHistory {
  readonly flag: string;
  /** First version that has it. */
  readonly since?: string;
  /** First version that no longer has it. */
  readonly removedIn?: string;
  /** What to write instead. */
  readonly instead?: string;
  readonly source: string;
}

/** Signals that every engine would have: the names under which users know them whatever the engine. */
export type CanonicalMetric =
  | 'requestsRunning'
  | 'requestsWaiting'
  | 'kvCacheUsage'
  | 'timeToFirstToken'
  | 'interTokenLatency'
  | 'timePerOutputToken'
  | 'requestLatency'
  | 'queueTime'
  | 'promptTokens'
  | 'generationTokens'
  | 'requestsSucceeded'
  | 'requestsFailed';

/** Schemes of addresses of object storage. */
export type ObjectStorageScheme = 's3' | 'gs' | 'az' | 'oss';

/** What the engine does when it is told to end. */
export interface DrainBehaviour {
  /**
   * Drains: running requests end first, for as long as they take. DrainsWhenTold: only with a flag that says for how
   * long. Cuts: they stop at once.
   */
  readonly onSigterm: 'Drains' | 'DrainsWhenTold' | 'Cuts';
  /** What new requests get while it drains. */
  readonly newRequests: 'Served' | 'Error500' | 'Refused' | 'Error503';
  /** What its health endpoint says while it drains. */
  readonly health: 'Ok' | 'Error503' | 'Refused';
  readonly source: string;
}

/**
 * What the engine's memory setting means. FractionOfTotal (vLLM): share of the visible memory for everything.
 * StaticFraction (SGLang): share of the visible memory for weights and KV cache, the rest is for activations.
 * FractionOfFree (TensorRT-LLM): share of what weights and activations leave, for the KV cache. None (llama.cpp): the
 * context is allocated as it is asked for.
 */
export type MemorySetting = 'FractionOfTotal' | 'StaticFraction' | 'FractionOfFree' | 'None';

/**
 * Memory that an engine itself keeps free for activations and graphs, where it publishes how it computes that: GiB, and
 * MiB for each token of a forward pass and each sequence of a decode graph.
 */
export interface MemoryReserve {
  readonly fixedGiB: number;
  readonly perBatchedTokenMiB: number;
  readonly perSequenceMiB: number;
  /** For each GPU of the replica. */
  readonly perRankGiB: number;
  /** CUDA graphs of prefill, for models with and without latent attention. */
  readonly graphsGiB: number;
  readonly latentGraphsGiB: number;
}

/** Seconds between the start of the process and its first answer that do not depend on where the weights come from. */
export interface EngineStartup {
  /** Imports, CUDA contexts, tokenizer. */
  readonly startSeconds: number;
  /** Compilers, autotuning and graph capture, before compiled kernels are cached. */
  readonly compileSeconds: number;
  /** What compiling takes longer for FP8 in blocks (DeepSeek-V3 and later), whose kernels are made for each shape. */
  readonly blockFP8CompileSeconds: number;
  /** Memory profiling and first passes. */
  readonly warmUpSeconds: number;
}

export interface EngineVersion {
  readonly version: string;
  /** Image by device. A device without one is not served. */
  readonly images: Readonly<Partial<Record<DeviceKind, string>>>;
  /** Every flag that its command line accepts, all spellings. */
  readonly flags: readonly string[];
  /** What each of them takes, as the engine's own help says it; absent: not known of this version. */
  readonly flagValues?: Readonly<Record<string, FlagValues>>;
  /** Flags that only the plan may set. */
  readonly plannedFlags: readonly PlannedFlag[];
  /** Flags that use memory in a way that the plan does not count. */
  readonly uncountedFlags: readonly string[];
  readonly architectures: readonly ArchitectureSupport[];
  readonly quantizations: readonly QuantizationSupport[];
  /** How weights that were quantized beforehand may be stored. */
  readonly checkpointFormats: readonly CheckpointFormat[];
  /** What it makes of 16-bit weights while it loads them. */
  readonly quantizesOnLoad: readonly QuantizationType[];
  /** Lowest compute capability that can keep the KV cache in 8-bit floating point; absent: none can. */
  readonly fp8KVCacheFrom?: string;
  readonly memory: {
    readonly setting: MemorySetting;
    /** Share of the visible memory that is planned with. */
    readonly utilization: number;
    /** CUDA graphs, library workspaces and allocator slack of one GPU, in GiB. */
    readonly baseOverheadGiB: readonly ByComputeCapability<number>[];
    /** Communication buffers of one GPU when tensors are sharded, in GiB. */
    readonly tensorParallelGiB: number;
    /** Python, libraries and the server itself on a CPU, GiB, beside what the shape of the model gives; absent: none. */
    readonly hostServerGiB?: number;
    /** On a CPU the KV cache has a size in multiples of this, GiB; absent: any size. */
    readonly hostKVCacheStepGiB?: number;
    /** Wins over the overhead that is computed from the shape of the model. */
    readonly reserve?: MemoryReserve;
  };
  /** Tokens that one forward pass handles at most; it sizes the activations. */
  readonly maxNumBatchedTokens: readonly ByComputeCapability<number>[];
  /** Most sequences that the plan lets run at once. */
  readonly maxNumSeqs: number;
  readonly startup: EngineStartup;
  /** Model names that one server answers to. None: it calls the model by its repository or folder. */
  readonly servedNames: 'Several' | 'One' | 'None';
  /** Whether it can ask clients for an API key. */
  readonly checksApiKey: boolean;
  readonly endpoints: {
    readonly port: number;
    readonly health: string;
    readonly metrics: string;
  };
  /** Names in the Prometheus exposition; a signal that the engine does not have is left out. */
  readonly metrics: Readonly<Partial<Record<CanonicalMetric, string>>>;
  readonly drain: DrainBehaviour;
  /** Object storage that its image reads weights from by itself, straight into GPU memory. Weights elsewhere are copied first. */
  readonly streamsFrom?: readonly ObjectStorageScheme[];
  readonly sources: Sources;
}

export interface EngineEntry {
  readonly type: EngineType;
  /** Newest first; the first is the default. */
  readonly versions: readonly EngineVersion[];
  readonly flagHistory: readonly FlagHistory[];
}
