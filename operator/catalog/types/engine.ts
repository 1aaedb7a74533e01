import type { EngineType, QuantizationType } from '../../api/index.ts';
import type { DeviceKind } from './accelerator.ts';
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
  | 'requestLatency'
  | 'queueTime'
  | 'promptTokens'
  | 'generationTokens'
  | 'requestsSucceeded'
  | 'requestsFailed';

/** What the engine does when it is told to end. */
export interface DrainBehaviour {
  /**
   * Drains: running requests end first, for as long as they take. DrainsWhenTold: only with a flag that says for how
   * long. Cuts: they are cut after `cutsAfterSeconds`.
   */
  readonly onSigterm: 'Drains' | 'DrainsWhenTold' | 'Cuts';
  readonly cutsAfterSeconds?: number;
  /** What new requests get while it drains. */
  readonly newRequests: 'Error500' | 'Refused' | 'Error503';
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

export interface EngineVersion {
  readonly version: string;
  /** Image by device. A device without one is not served. */
  readonly images: Readonly<Partial<Record<DeviceKind, string>>>;
  /** Every flag that its command line accepts, all spellings. */
  readonly flags: readonly string[];
  /** Flags that only the plan may set. */
  readonly plannedFlags: readonly PlannedFlag[];
  /** Flags that use memory in a way that the plan does not count. */
  readonly uncountedFlags: readonly string[];
  readonly architectures: readonly ArchitectureSupport[];
  readonly quantizations: readonly QuantizationSupport[];
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
  };
  /** Tokens that one forward pass handles at most; it sizes the activations. */
  readonly maxNumBatchedTokens: readonly ByComputeCapability<number>[];
  /** Most sequences that the plan lets run at once. */
  readonly maxNumSeqs: number;
  readonly endpoints: {
    readonly port: number;
    readonly health: string;
    readonly metrics: string;
  };
  /** Names in the Prometheus exposition; a signal that the engine does not have is left out. */
  readonly metrics: Readonly<Partial<Record<CanonicalMetric, string>>>;
  readonly drain: DrainBehaviour;
  readonly sources: Sources;
}

export interface EngineEntry {
  readonly type: EngineType;
  /** Newest first; the first is the default. */
  readonly versions: readonly EngineVersion[];
  readonly flagHistory: readonly FlagHistory[];
}
