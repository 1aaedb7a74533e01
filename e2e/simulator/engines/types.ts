import type { Clock } from '../../../operator/kube/types.ts';

/** What the kubelet hands to a container when it starts it. */
export interface Launch {
  /** Command and arguments, variables expanded. Empty command: the image's own entrypoint. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  /** Files that the pod's init containers have written, by their path in this container. */
  readonly files?: ReadonlyMap<string, string>;
  readonly image?: string;
  /** GPUs (or MIG slices) that the container holds: its limit of a `*.com/gpu` or `*.com/mig-...` resource. */
  readonly gpuCount: number;
  /** The node's GPU, or the slice of it that the container holds; absent on a CPU node. */
  readonly gpu?: NodeGpu;
  /** Host memory that the container may use: its limit, else what the node has. */
  readonly memoryGiB?: number;
}

export interface NodeGpu {
  /** As CUDA spells it: `Tesla T4`. */
  readonly name: string;
  /** CUDA compute capability, e.g. 7.5. */
  readonly computeCapability: number;
  /** Memory of one GPU in GiB, as far as the labels or the name tell it. */
  readonly memoryGiB?: number;
  /** The GPU has no memory of its own and uses the node's (Jetson). */
  readonly unifiedMemory?: boolean;
  /** A slice of a GPU (MIG): nothing can be sharded over several. */
  readonly slice?: boolean;
}

/** A program that ended by itself: its exit status, and all that it had printed. */
export interface Exit {
  readonly exitCode: number;
  readonly log: string;
  /** The kernel killed it, because the container used more memory than its limit. */
  readonly oomKilled?: boolean;
}

export type StartResult =
  { readonly accepted: true; readonly engine: EngineSpec } | ({ readonly accepted: false } & Exit);

/** An accepted command line: what an engine that plays it needs to know. */
export interface EngineSpec {
  /** Names that requests may give as `model`; the first is canonical. */
  readonly servedNames: readonly string[];
  /** Longest sequence (prompt + output), in tokens. */
  readonly maxModelLen: number;
  /** Requests that run at once; the rest waits. */
  readonly maxNumSeqs: number;
  /** What a client has to send as bearer token; absent: open. */
  readonly apiKeys: readonly string[];
  /** Seconds that running requests get after SIGTERM; 0 cuts them. */
  readonly shutdownTimeoutSeconds: number;
  /** Weights that are served: the seed of every answer. */
  readonly model: string;
  /** Whether answers begin with a chain of thought (`<think>`), and whether the server takes it out of `content`. */
  readonly reasoning: 'none' | 'inline' | 'parsed';
  /** Container port of the API. */
  readonly port: number;
  /** Tokens that the KV cache holds. */
  readonly kvCacheTokens: number;
  readonly gpuMemoryUtilization: number;
  /** Whether it shows Prometheus metrics; absent: it does. */
  readonly metrics?: boolean;
  /** Seconds between pings on a silent stream; absent: the engine's default. */
  readonly pingSeconds?: number;
}

/** How a test bends an engine; read at every request, so that a change acts at once. */
export interface Behaviour {
  /** Share of generation requests that fail with 500, 0 to 1. */
  readonly errorRate: number;
  /** Shares of generation requests that stop half way: the tokens cease, or the connection is cut. Default 0. */
  readonly stallRate?: number;
  readonly cutRate?: number;
  /** Factor on every latency; 1 is the engine's own pace. */
  readonly slowFactor: number;
  /** Further factor on the time to the first token; default 1. */
  readonly firstTokenFactor?: number;
  /** Sigma of the lognormal noise on the latencies of each request; default 0. */
  readonly latencySigma?: number;
  /** `tokens`: none are made any more. `everything`: nothing is answered. */
  readonly hang?: 'tokens' | 'everything';
  /** Its health check fails. */
  readonly unhealthy?: boolean;
  /** Answers prompts wrongly (a bad quantization, a wrong chat template). */
  readonly wrongAnswers: boolean;
}

/** Seconds of an engine that is not slowed down. */
export interface Latency {
  readonly timeToFirstToken: number;
  readonly interTokenLatency: number;
  /** Added to the time to first token for every token of the prompt. */
  readonly perPromptToken: number;
}

export interface EngineRuntime {
  readonly clock: Clock;
  readonly seed: number;
  /** What sets this engine's faults and noise apart from those of its replicas; default: nothing. */
  readonly key?: string;
  readonly latency: Latency;
  readonly behaviour: () => Behaviour;
  /** Called when a generation request has ended. */
  readonly onRequest?: () => void;
}

export interface RequestCounters {
  readonly total: number;
  /** Answered with a status of 500 or above, or cut. */
  readonly errors: number;
  readonly inFlight: number;
}

/** An engine: an HTTP server on one address. */
export interface Engine {
  /** It answers from now on, as one that is loading does until {@link loaded}. */
  listen(host: string, port: number): Promise<void>;
  /** Its model is loaded. */
  loaded(): void;
  /** SIGTERM. Resolves with the exit status once the process would have ended. */
  terminate(graceSeconds: number): Promise<number>;
  /** SIGKILL, or a node that is gone: every connection is cut. */
  kill(): Promise<void>;
  readonly requests: RequestCounters;
}

/** Why an engine ends on its own; the log says it in the engine's words. */
export type EngineFailure = 'crash' | 'cuda-oom' | 'gated';

/** One engine program: its command line, its failures and its server. */
export interface EnginePersona {
  readonly name: string;
  /** When its server begins to listen, as a share of the load time: 1 is once the model is loaded. */
  readonly listensAt: number;
  /** Whether this command starts this program. */
  matches(launch: Launch): boolean;
  /** Reads the command line and makes the checks that the program makes before it loads weights. */
  start(launch: Launch): StartResult;
  fail(failure: EngineFailure, launch: Launch): Exit;
  serve(engine: EngineSpec, runtime: EngineRuntime): Engine;
}
