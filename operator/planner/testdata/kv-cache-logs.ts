/**
 * How much KV cache engines had after they loaded a model, as others published it from start-up logs. Facts only: a
 * field that the source does not give is absent, and where it can be assumed the note says what would be the default.
 * Nothing in here was selected or changed to agree with the planner.
 */
export interface KVCacheLog {
  /** Repository on Hugging Face. */
  readonly model: string;
  /** Entry of the catalogue with the same shape, where there is one; otherwise `architecture` has it. */
  readonly shapeOf?: string;
  readonly architecture?: LogArchitecture;
  readonly quantization: 'BF16' | 'FP16' | 'FP8' | 'AWQ' | 'GPTQ' | 'INT4';
  /** As the source calls it. */
  readonly accelerator: string;
  /** Memory that the engine saw on one GPU: printed by the source, never computed. */
  readonly visibleGiB?: number;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly decodeContextParallel?: number;
  readonly engine: 'vLLM' | 'SGLang';
  readonly engineVersion?: string;
  /** Year and month of the publication or of the log, where the version is not said. */
  readonly date?: string;
  /** vLLM's gpu_memory_utilization. */
  readonly utilization?: number;
  /** SGLang's mem-fraction-static. */
  readonly memFractionStatic?: number;
  readonly maxModelLen?: number;
  /** vLLM's max_num_batched_tokens, or SGLang's max_prefill_tokens. */
  readonly maxNumBatchedTokens?: number;
  /** vLLM's max_num_seqs, or SGLang's max_running_requests. */
  readonly maxNumSeqs?: number;
  readonly kvCacheDtype?: string;
  /** Tokens that the KV cache holds. Absent where the log gives only its size. */
  readonly tokens?: number;
  /**
   * logged: as the engine printed it. derived: from the printed size and the bytes of one token. fitted: the longest
   * context that vLLM's auto-fit accepted, which it rounds down to whole blocks. approximate: as rounded by the source.
   */
  readonly tokensAre?: 'logged' | 'derived' | 'fitted' | 'approximate';
  /** Sizes on one GPU. An available size below zero means that the engine refused to start. */
  readonly availableGiB?: number;
  readonly weightsGiB?: number;
  readonly activationGiB?: number;
  readonly nonTorchGiB?: number;
  readonly cudaGraphGiB?: number;
  /** The literal line or table cell. */
  readonly quote: string;
  readonly source: string;
  readonly note?: string;
}

export interface LogArchitecture {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly attentionHeads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly tiedEmbeddings: boolean;
  readonly mla?: {
    readonly kvLoraRank: number;
    readonly qLoraRank: number;
    readonly qkRopeHeadDim: number;
    readonly qkNopeHeadDim: number;
    readonly vHeadDim: number;
  };
  readonly moe?: {
    readonly routedExperts: number;
    readonly sharedExperts: number;
    readonly expertsPerToken: number;
    readonly moeIntermediateSize: number;
    readonly firstDenseLayers: number;
  };
}

/** slime scripts/models/qwen3-0.6B.sh and the model's config.json. */
const QWEN3_0_6B: LogArchitecture = {
  layers: 28, hiddenSize: 1024, intermediateSize: 3072, attentionHeads: 16, kvHeads: 8, headDim: 128,
  vocabSize: 151_936, tiedEmbeddings: true,
}; // prettier-ignore
/** zyzshishui/slime scripts/models/qwen3-14B.sh@ba3ea21. */
const QWEN3_14B: LogArchitecture = {
  layers: 40, hiddenSize: 5120, intermediateSize: 17_408, attentionHeads: 40, kvHeads: 8, headDim: 128,
  vocabSize: 151_936, tiedEmbeddings: false,
}; // prettier-ignore
/** zyzshishui/slime scripts/models/qwen3-32B.sh@b806b5c; not tied, as its published size of 32.76 billion shows. */
const QWEN3_32B: LogArchitecture = {
  layers: 64, hiddenSize: 5120, intermediateSize: 25_600, attentionHeads: 64, kvHeads: 8, headDim: 128,
  vocabSize: 151_936, tiedEmbeddings: false,
}; // prettier-ignore
/** zyzshishui/slime scripts/models/qwen3-235B-A22B.sh@a293863. Every layer has experts, none of them shared. */
const QWEN3_235B: LogArchitecture = {
  layers: 94, hiddenSize: 4096, intermediateSize: 12_288, attentionHeads: 64, kvHeads: 4, headDim: 128,
  vocabSize: 151_936, tiedEmbeddings: false,
  moe: { routedExperts: 128, sharedExperts: 0, expertsPerToken: 8, moeIntermediateSize: 1536, firstDenseLayers: 0 },
}; // prettier-ignore
/** sgl-project/ome pkg/hfutil/modelconfig/testdata/kimi_k2_instruct.json@17b77ed: DeepSeek V3's layout. */
const KIMI_K2: LogArchitecture = {
  layers: 61, hiddenSize: 7168, intermediateSize: 18_432, attentionHeads: 64, kvHeads: 64, headDim: 192,
  vocabSize: 163_840, tiedEmbeddings: false,
  mla: { kvLoraRank: 512, qLoraRank: 1536, qkRopeHeadDim: 64, qkNopeHeadDim: 128, vHeadDim: 128 },
  moe: { routedExperts: 384, sharedExperts: 1, expertsPerToken: 8, moeIntermediateSize: 2048, firstDenseLayers: 1 },
}; // prettier-ignore

const LLM_D = 'llm-d/llm-d-benchmark config_explorer/empirical-vllm-memory-results.md@2593348';
const LMCACHE = 'LMCache/LMCache docs/source/getting_started/faq.rst@df95ae5';
const VERATHOS = 'verathos-ai/verathos verallm/registry/models.py@b2dce41';
const SERVING_BOOK =
  'a book on serving language models, chapter 9 (vllm serve Qwen/Qwen3-14B on a g6e.12xlarge), as repeated word for word in five public repositories of study notes';
const KIMI_RECIPE = 'vllm-project/recipes moonshotai/Kimi-K2-Think.md@8959cf6';
const DEFAULT_090 = 'Utilization is not said: the default was 0.90.';
const GIB_ONLY =
  'GiB are printed, not tokens: they are that divided by the bytes of one token. Elsewhere attributed to vLLM 0.11.0.';

// prettier-ignore
export const KV_CACHE_LOGS: readonly KVCacheLog[] = [
  // DeepSeek.
  {
    model: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B', shapeOf: 'deepseek-r1-distill-qwen-1.5b',
    quantization: 'BF16', accelerator: 'A100 (40 GB, Google Colab)', tensorParallel: 1, pipelineParallel: 1,
    engine: 'vLLM', engineVersion: '0.9.0.1', maxModelLen: 131_072, maxNumBatchedTokens: 2048, tokens: 1_131_008,
    tokensAre: 'logged', weightsGiB: 3.3466, cudaGraphGiB: 0.45,
    quote: 'INFO 06-05 09:08:05 [kv_cache_utils.py:637] GPU KV cache size: 1,131,008 tokens',
    source: 'blog of Se7en (cr7258), on loading models with Run:ai Model Streamer, 2025-05-20 (log of 2025-06-05)',
    note: `${DEFAULT_090} The version is printed in another run of the same article. 70,688 blocks of 16.`,
  },
  {
    model: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-7B', shapeOf: 'deepseek-r1-distill-qwen-7b', quantization: 'FP16',
    accelerator: 'RTX 4090', tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM', date: '2026', utilization: 0.85,
    tokens: 81_424, tokensAre: 'fitted',
    quote: '(QuantOption("fp16", 81424), QuantOption("int4", 131072)),  # fp16 @ 0.85 util, int4 @ 0.90 util — measured via vLLM auto-fit on RTX 4090',
    source: VERATHOS,
  },
  {
    model: 'RedHatAI/DeepSeek-R1-Distill-Qwen-14B-quantized.w4a16', shapeOf: 'deepseek-r1-distill-qwen-14b',
    quantization: 'GPTQ', accelerator: 'RTX 4090', tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM',
    date: '2026', utilization: 0.9, tokens: 56_928, tokensAre: 'fitted',
    quote: '(QuantOption("int4", 56928),),  # measured via vLLM auto-fit on RTX 4090 @ 0.90 util',
    source: VERATHOS,
  },
  {
    model: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B', shapeOf: 'deepseek-r1-distill-qwen-14b', quantization: 'BF16',
    accelerator: 'RTX 4090', tensorParallel: 2, pipelineParallel: 1, engine: 'vLLM', date: '2025-02',
    utilization: 0.98, maxModelLen: 131_072, tokens: 81_536, tokensAre: 'logged', availableGiB: 8.69,
    weightsGiB: 13.9476, activationGiB: 0.19, nonTorchGiB: 0.25,
    quote: 'maximum number of tokens that can be stored in KV cache (81536)',
    source: 'github.com/vllm-project/vllm/issues/13061',
    note: 'Refused to start: the context asked for is longer. 8.69 GiB at 96 KiB a token and GPU are about 94,900 tokens, so the count and the size may be of different attempts.',
  },
  {
    model: 'RedHatAI/DeepSeek-R1-Distill-Llama-70B-quantized.w4a16', shapeOf: 'deepseek-r1-distill-llama-70b',
    quantization: 'GPTQ', accelerator: 'A100-80GB', tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM',
    date: '2026', utilization: 0.9, tokens: 107_296, tokensAre: 'fitted',
    quote: '(QuantOption("int4", 107296),),  # measured via vLLM auto-fit on A100 80GB @ 0.90 util',
    source: VERATHOS,
  },
  {
    model: 'deepseek-ai/DeepSeek-R1', shapeOf: 'deepseek-r1', quantization: 'FP8', accelerator: 'H20-3e (141 GB)',
    visibleGiB: 139.72, tensorParallel: 8, pipelineParallel: 2, engine: 'vLLM', date: '2025-02', utilization: 1,
    availableGiB: 97.29, weightsGiB: 39.66, activationGiB: 0.24, nonTorchGiB: 2.53,
    quote: 'model weights take 39.66GiB; non_torch_memory takes 2.53GiB; PyTorch activation peak memory takes 0.24GiB; the rest of the memory reserved for KV Cache is 97.29GiB',
    source: 'github.com/vllm-project/vllm/issues/13074',
    note: '16 GPUs in 2 nodes. Only the sizes are printed.',
  },
  {
    model: 'deepseek-ai/DeepSeek-R1', shapeOf: 'deepseek-r1', quantization: 'FP8', accelerator: 'H20 (96 GB)',
    tensorParallel: 16, pipelineParallel: 1, engine: 'SGLang', date: '2025-02', memFractionStatic: 0.93,
    maxModelLen: 163_840, maxNumBatchedTokens: 16_384, maxNumSeqs: 50, tokens: 712_400, tokensAre: 'logged',
    quote: 'max_total_num_tokens=712400, chunked_prefill_size=8192, max_prefill_tokens=16384, max_running_requests=50, context_len=163840',
    source: 'sgl-project/sglang docs, "Deploy On Kubernetes" (2 nodes of 8 GPUs with LeaderWorkerSet)',
    note: 'The manifest next to the log says --max-running-requests 20, so it is not exactly the run that was logged.',
  },
  {
    model: 'deepseek-ai/DeepSeek-R1-0528', shapeOf: 'deepseek-r1-0528', quantization: 'FP8', accelerator: 'B200',
    tensorParallel: 8, pipelineParallel: 1, engine: 'SGLang', engineVersion: '0.4.10.post1', maxModelLen: 163_840,
    maxNumBatchedTokens: 16_384, maxNumSeqs: 3063, tokens: 980_344, tokensAre: 'logged', cudaGraphGiB: 6.37,
    quote: 'max_total_num_tokens=980344, chunked_prefill_size=16384, max_prefill_tokens=16384, max_running_requests=3063, context_len=163840, available_gpu_mem=22.72 GB',
    source: 'NVIDIA, "Deployment Guide for SGLang DeepSeekR1 FP8 and NVFP4"',
    note: 'mem-fraction-static is not said: SGLang chose it. Experts are spread over the 8 GPUs as well.',
  },
  {
    model: 'deepseek-ai/DeepSeek-R1', shapeOf: 'deepseek-r1', quantization: 'FP8', accelerator: 'H200',
    tensorParallel: 8, pipelineParallel: 1, engine: 'SGLang', memFractionStatic: 0.82, maxNumBatchedTokens: 32_768,
    kvCacheDtype: 'bfloat16', tokens: 509_000, tokensAre: 'approximate',
    quote: '~509k',
    source: 'github.com/ai-dynamo/aisimulate/pull/263',
  },
  {
    model: 'moonshotai/Kimi-K2-Thinking', architecture: KIMI_K2, quantization: 'INT4', accelerator: 'H200',
    tensorParallel: 8, pipelineParallel: 1, engine: 'vLLM', date: '2025-11', tokens: 715_072, tokensAre: 'logged',
    availableGiB: 46.8,
    quote: 'GPU KV cache size: 715,072 tokens',
    source: KIMI_RECIPE,
    note: `${DEFAULT_090} Only the experts are INT4. Each GPU holds the whole latent cache: 46.80 GiB / 715,072 is 61 x 576 x 2 bytes.`,
  },
  {
    model: 'moonshotai/Kimi-K2-Thinking', architecture: KIMI_K2, quantization: 'INT4', accelerator: 'H200',
    tensorParallel: 8, pipelineParallel: 1, decodeContextParallel: 8, engine: 'vLLM', date: '2025-11',
    tokens: 5_721_088, tokensAre: 'logged',
    quote: 'GPU KV cache size: 5,721,088 tokens',
    source: KIMI_RECIPE,
    note: `${DEFAULT_090} As above with --decode-context-parallel-size 8, which divides the latent cache.`,
  },

  // Shapes that DeepSeek's distills share.
  {
    model: 'meta-llama/Llama-3.1-8B-Instruct', shapeOf: 'deepseek-r1-distill-llama-8b', quantization: 'BF16',
    accelerator: 'H100', visibleGiB: 79.18, tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM', utilization: 0.9,
    maxModelLen: 16_000, tokens: 420_905, tokensAre: 'derived', availableGiB: 51.38, weightsGiB: 14.99,
    activationGiB: 4.76, nonTorchGiB: 0.13, cudaGraphGiB: -0.45,
    quote: '**Available KV cache memory:** 51.38 GiB',
    source: LLM_D,
    note: GIB_ONLY,
  },
  {
    model: 'RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic', shapeOf: 'deepseek-r1-distill-llama-70b',
    quantization: 'FP8', accelerator: 'H100', visibleGiB: 79.18, tensorParallel: 2, pipelineParallel: 1,
    engine: 'vLLM', utilization: 0.9, maxModelLen: 16_000, tokens: 209_715, tokensAre: 'derived', availableGiB: 32.0,
    weightsGiB: 33.88, activationGiB: 4.84, nonTorchGiB: 0.55, cudaGraphGiB: -0.42,
    quote: '**Available KV cache memory:** 32.0 GiB',
    source: LLM_D,
    note: GIB_ONLY,
  },
  {
    model: 'RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic', shapeOf: 'deepseek-r1-distill-llama-70b',
    quantization: 'FP8', accelerator: 'H100', visibleGiB: 79.18, tensorParallel: 1, pipelineParallel: 1,
    engine: 'vLLM', utilization: 0.9, maxModelLen: 16_000, availableGiB: -1.44, weightsGiB: 67.72,
    activationGiB: 4.84, nonTorchGiB: 0.14, cudaGraphGiB: 0.6,
    quote: '**Available KV cache memory:** -1.44 GiB (NEGATIVE - INSUFFICIENT)',
    source: LLM_D,
    note: 'Refused to start: "No available memory for the cache blocks".',
  },
  {
    model: 'meta-llama/Llama-3.1-70B', shapeOf: 'deepseek-r1-distill-llama-70b', quantization: 'BF16',
    accelerator: 'H100', tensorParallel: 4, pipelineParallel: 1, engine: 'vLLM', tokens: 420_208, tokensAre: 'logged',
    maxModelLen: 131_072, availableGiB: 32.06,
    quote: '32.06 GB × 4 (or 420,208 tokens)',
    source: LMCACHE,
    note: `${DEFAULT_090} The table names no engine; the numbers are those of vLLM's start-up log.`,
  },
  {
    model: 'hugging-quants/Meta-Llama-3.1-8B-Instruct-GPTQ-INT4', shapeOf: 'deepseek-r1-distill-llama-8b',
    quantization: 'GPTQ', accelerator: 'RTX 4090', tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM',
    date: '2026', utilization: 0.9, tokens: 120_080, tokensAre: 'fitted',
    quote: '(QuantOption("int4", 120080),),  # measured via vLLM auto-fit on RTX 4090 @ 0.90 util',
    source: VERATHOS,
  },
  {
    model: 'meta-llama/Meta-Llama-3-8B', shapeOf: 'deepseek-r1-distill-llama-8b', quantization: 'BF16',
    accelerator: 'A100-40GB', visibleGiB: 39.5, tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM',
    date: '2025-01', utilization: 0.9, maxModelLen: 8192, tokens: 91_056, tokensAre: 'logged', availableGiB: 11.12,
    weightsGiB: 14.96, activationGiB: 9.37, nonTorchGiB: 0.1,
    quote: '# GPU blocks: 5691, # CPU blocks: 2048',
    source: 'github.com/vllm-project/vllm/issues/12330',
    note: 'The first engine of vLLM (V0). 5,691 blocks of 16. The activation peak is that of a large batch of sequences, whose size is not said ("I\'ve set the max concurrent requests allowed high enough").',
  },
  {
    model: 'Qwen/Qwen3-8B', shapeOf: 'deepseek-r1-0528-qwen3-8b', quantization: 'FP16', accelerator: 'RTX 4090',
    tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM', date: '2026', utilization: 0.85, tokens: 24_368,
    tokensAre: 'fitted',
    quote: '(QuantOption("fp16", 24368), QuantOption("int4", 40960)),  # fp16 @ 0.85 util, int4 @ 0.90 util — measured via vLLM auto-fit on RTX 4090',
    source: VERATHOS,
  },
  {
    model: 'Qwen/QwQ-32B-AWQ', shapeOf: 'deepseek-r1-distill-qwen-32b', quantization: 'AWQ',
    accelerator: 'RTX 6000 Ada (48 GB)', tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM', date: '2026',
    utilization: 0.9, maxModelLen: 40_960, tokens: 93_696, tokensAre: 'logged',
    quote: 'AWQ INT4 — full native 40K context on 48 GB (KV=93,696)',
    source: VERATHOS,
  },

  // Other shapes.
  {
    model: 'Qwen/Qwen3-0.6B', architecture: QWEN3_0_6B, quantization: 'BF16', accelerator: 'H100', visibleGiB: 79.18,
    tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM', utilization: 0.9, maxModelLen: 16_000,
    availableGiB: 64.45, weightsGiB: 1.12, activationGiB: 5.56, nonTorchGiB: 0.13, cudaGraphGiB: 0.1,
    quote: '**Available KV cache memory:** 64.45 GiB',
    source: LLM_D,
    note: 'The same at a context of 32,000.',
  },
  {
    model: 'Qwen/Qwen3-32B', architecture: QWEN3_32B, quantization: 'BF16', accelerator: 'H100', visibleGiB: 79.18,
    tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM', utilization: 0.9, maxModelLen: 16_000, availableGiB: 4.45,
    weightsGiB: 61.03, activationGiB: 5.64, nonTorchGiB: 0.14, cudaGraphGiB: -0.88,
    quote: '4.45 (column "Available KV Cache (GiB)")',
    source: LLM_D,
    note: 'Published as failed at a context of 32,000.',
  },
  {
    model: 'Qwen/Qwen3-32B', architecture: QWEN3_32B, quantization: 'BF16', accelerator: 'H100', tensorParallel: 2,
    pipelineParallel: 1, engine: 'vLLM', maxModelLen: 40_960, tokens: 275_760, tokensAre: 'logged',
    availableGiB: 33.66,
    quote: '33.66 GB × 2 (or 275,760 tokens)',
    source: LMCACHE,
    note: `${DEFAULT_090} The table names no engine; the numbers are those of vLLM's start-up log.`,
  },
  {
    model: 'Qwen/Qwen3-32B-AWQ', architecture: QWEN3_32B, quantization: 'AWQ', accelerator: 'RTX 5090',
    tensorParallel: 1, pipelineParallel: 1, engine: 'vLLM', date: '2026', utilization: 0.9, tokens: 28_496,
    tokensAre: 'fitted',
    quote: '(QuantOption("int4", 28496),),  # measured via vLLM auto-fit on RTX 5090 @ 0.90 util',
    source: VERATHOS,
  },
  {
    model: 'Qwen/Qwen3-14B', architecture: QWEN3_14B, quantization: 'BF16', accelerator: 'L40S', tensorParallel: 1,
    pipelineParallel: 1, engine: 'vLLM', maxModelLen: 40_960, tokens: 72_064, tokensAre: 'logged', availableGiB: 11.0,
    weightsGiB: 27.5185,
    quote: 'GPU KV cache size: 72,064 tokens',
    source: SERVING_BOOK,
    note: DEFAULT_090,
  },
  {
    model: 'Qwen/Qwen3-14B-AWQ', architecture: QWEN3_14B, quantization: 'AWQ', accelerator: 'L40S', tensorParallel: 1,
    pipelineParallel: 1, engine: 'vLLM', maxModelLen: 40_960, tokens: 191_056, tokensAre: 'logged',
    availableGiB: 29.15, weightsGiB: 9.3619,
    quote: 'GPU KV cache size: 191,056 tokens',
    source: SERVING_BOOK,
    note: `${DEFAULT_090} For the same model and GPU 194,192 tokens are quoted too, whose publication was not found.`,
  },
  {
    model: 'Qwen/Qwen3-14B', architecture: QWEN3_14B, quantization: 'BF16', accelerator: 'L40S', tensorParallel: 1,
    pipelineParallel: 1, engine: 'vLLM', date: '2026', maxModelLen: 40_960, tokens: 75_824, tokensAre: 'logged',
    availableGiB: 11.57, weightsGiB: 27.52,
    quote: 'GPU KV cache size: 75,824 tokens',
    source: 'public study notes in Korean on the same chapter (vllm serve Qwen/Qwen3-14B --disable-log-stats), with a newer vLLM',
    note: 'Utilization is not said: the default is 0.92 in newer versions, 0.90 before. Elsewhere this log is attributed to vLLM 0.28.0.',
  },
  {
    model: 'Qwen/Qwen3-235B-A22B-FP8', architecture: QWEN3_235B, quantization: 'FP8', accelerator: 'H100',
    tensorParallel: 4, pipelineParallel: 1, engine: 'vLLM', date: '2025-07', tokens: 178_880, tokensAre: 'logged',
    availableGiB: 8.11,
    quote: 'GPU KV cache size: 178,880 tokens',
    source: 'github.com/vllm-project/vllm/issues/21348',
    note: `${DEFAULT_090} A comment blames a profiling change of that month (vLLM PR 19312) for the small size.`,
  },
  {
    model: 'Qwen/Qwen3-235B-A22B-FP8', architecture: QWEN3_235B, quantization: 'FP8', accelerator: 'H100',
    tensorParallel: 4, pipelineParallel: 1, engine: 'SGLang', date: '2025-07', memFractionStatic: 0.93,
    tokens: 367_404, tokensAre: 'logged', availableGiB: 16.46,
    quote: 'KV Cache is allocated. #tokens: 367404, K size: 8.23 GB, V size: 8.23 GB',
    source: 'github.com/vllm-project/vllm/issues/21348',
    note: 'On the same machine as the row above.',
  },
];

/** Published sizes of the KV cache of a number of tokens, all on one GPU. */
export interface KVCacheSize {
  readonly model: string;
  readonly shapeOf: string;
  readonly engine: string;
  readonly tokens: number;
  readonly kvCacheDtype: 'bfloat16' | 'q8_0';
  readonly mebibytes: number;
  /** The rounding of the printed size. */
  readonly toleranceMiB: number;
  readonly quote: string;
  readonly source: string;
}

export const KV_CACHE_SIZES: readonly KVCacheSize[] = [
  {
    model: 'deepseek-ai/DeepSeek-V2-Lite-Chat',
    shapeOf: 'deepseek-v2-lite',
    engine: 'vLLM 0.8.3.dev172',
    tokens: 32_768,
    kvCacheDtype: 'bfloat16',
    mebibytes: 972.8,
    toleranceMiB: 5.12,
    quote: 'max seq len (32768), (0.95 GiB KV cache is needed',
    source: 'github.com/vllm-project/vllm/issues/15871',
  },
  {
    model: 'deepseek-ai/DeepSeek-R1',
    shapeOf: 'deepseek-r1',
    engine: 'ik_llama.cpp',
    tokens: 32_768,
    kvCacheDtype: 'q8_0',
    mebibytes: 1166.62,
    toleranceMiB: 0.01,
    quote: 'KV self size  = 1166.62 MiB, c^KV (q8_0): 1166.62 MiB, kv^T: not used',
    source: 'github.com/ikawrakow/ik_llama.cpp/pull/259',
  },
];
