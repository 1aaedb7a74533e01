import type { EngineEntry, EngineVersion, PlannedFlag } from '../types.ts';
import { TRTLLM_1_2_FLAGS, TRTLLM_1_3_FLAGS } from './tensorrt-llm-flags.ts';

const MATRIX = 'TensorRT-LLM docs support-matrix.md@9b062a83';
const RECIPES = 'nvidia.github.io/TensorRT-LLM/1.3.0rc27/features/quantization.html';
const SERVE_1_2 = 'TensorRT-LLM tensorrt_llm/commands/serve.py@00209af (1.2)';
const CONTRACT =
  'TensorRT-LLM tests/unittest/api_stability/references/trtllm_serve_cli.yaml@029e223d (main branch after 1.3)';

/** The flags that only the plan may set, as far as this version has them. */
function planned(flags: readonly string[]): readonly PlannedFlag[] {
  const all: readonly PlannedFlag[] = [
    { flags: ['--tokenizer', '--custom_module_dirs', '--backend'], field: 'spec.model.source' },
    { flags: ['--served_model_name'], field: 'spec.model.servedNames' },
    { flags: ['--revision', '--hf_revision'], field: 'spec.model.revision' },
    { flags: ['--max_seq_len'], field: 'spec.model.maxModelLen' },
    { flags: ['--trust_remote_code'], field: 'spec.model.trustRemoteCode' },
    { flags: ['--kv_cache_dtype'], field: 'spec.quantization.kvCache' },
    { flags: ['--tensor_parallel_size', '--tp_size'], field: 'spec.accelerator.parallelism.tensor' },
    { flags: ['--pipeline_parallel_size', '--pp_size'], field: 'spec.accelerator.parallelism.pipeline' },
    {
      flags: ['--moe_expert_parallel_size', '--ep_size', '--moe_cluster_parallel_size', '--cluster_size'],
      because: 'the plan computes it',
    },
    {
      flags: ['--context_parallel_size', '--cp_size', '--gpus_per_node', '--enable_attention_dp'],
      field: 'spec.accelerator.count',
    },
    {
      flags: ['--free_gpu_memory_fraction', '--kv_cache_free_gpu_memory_fraction'],
      because: 'the plan computes it',
    },
    { flags: ['--host', '--port', '--grpc'], because: 'probes and Services rely on it' },
    {
      flags: ['--server_role', '--disagg_cluster_uri', '--metadata_server_config_file'],
      field: 'spec.replicas',
    },
    { flags: ['--enable_visual_gen', '--visual_gen_args'], because: 'only models that generate text are planned for' },
    { flags: ['--config', '--extra_llm_api_options'], because: 'metrics and number formats are set in it' },
  ];
  return all.flatMap((entry) => {
    const has = entry.flags.filter((flag) => flags.includes(flag));
    return has.length > 0 ? [{ ...entry, flags: has }] : [];
  });
}

const UNCOUNTED = ['--max_batch_size', '--max_num_tokens', '--max_beam_width'];

const COMMON: Omit<EngineVersion, 'version' | 'images' | 'flags' | 'plannedFlags' | 'metrics' | 'sources'> = {
  uncountedFlags: UNCOUNTED,
  architectures: [
    { classes: ['LlamaForCausalLM', 'Qwen2ForCausalLM', 'Qwen3ForCausalLM'], from: '8.0', source: MATRIX },
    { classes: ['DeepseekV3ForCausalLM'], from: '9.0', source: `${MATRIX}: Hopper and Blackwell only` },
    {
      classes: ['DeepseekV32ForCausalLM'],
      from: '9.0',
      source: `${SERVE_1_2}: it brings the tokenizer deepseek_v32; the GPUs are unverified, taken as for V3`,
    },
  ],
  quantizations: [
    { quantization: 'FP32', from: '8.0', source: MATRIX },
    { quantization: 'FP16', from: '8.0', source: MATRIX },
    { quantization: 'BF16', from: '8.0', source: MATRIX },
    { quantization: 'FP8', from: '8.9', source: MATRIX },
    { quantization: 'AWQ', from: '8.0', source: `${MATRIX}; ${RECIPES} (W4A16 AWQ)` },
    { quantization: 'GPTQ', from: '8.0', source: `${MATRIX}; ${RECIPES} (W4A16 GPTQ)` },
  ],
  checkpointFormats: ['unquantized', 'fp8-block'],
  quantizesOnLoad: [],
  fp8KVCacheFrom: '8.9',
  memory: {
    setting: 'FractionOfFree',
    utilization: 0.9,
    baseOverheadGiB: [
      { from: '8.0', value: 2, source: 'unverified: CUDA context, CUDA graphs and workspaces' },
      { from: '9.0', value: 4, source: 'unverified: as 8.0, with the larger workspaces of Hopper’s kernels' },
    ],
    tensorParallelGiB: 1,
  },
  maxNumBatchedTokens: [{ from: '8.0', value: 8192, source: `${SERVE_1_2}: default of BuildConfig.max_num_tokens` }],
  maxNumSeqs: 256,
  startup: { startSeconds: 90, compileSeconds: 150, blockFP8CompileSeconds: 900, warmUpSeconds: 60 },
  servedNames: 'One',
  checksApiKey: false,
  endpoints: { port: 8000, health: '/health', metrics: '/prometheus/metrics' },
  drain: {
    onSigterm: 'Drains',
    newRequests: 'Refused',
    health: 'Refused',
    source: 'unverified: that of uvicorn, which serves it (openai_server.py@00057725)',
  },
};

const SOURCES = {
  uncountedFlags: 'meaning of the flags in their help',
  quantizations: `per row; INT8 is in the matrix of the removed TensorRT backend only, not among the recipes of ${RECIPES}`,
  quantizesOnLoad: `${RECIPES}: it runs what was quantized beforehand`,
  fp8KVCacheFrom: RECIPES,
  memory: `the fraction is of what weights and activations leave free: ${SERVE_1_2}; tensorParallelGiB unverified, as for vLLM`,
  maxNumBatchedTokens: 'per row; passed explicitly',
  maxNumSeqs: 'unverified: as for vLLM; passed explicitly',
  startup:
    'unverified: an hour was reported for V3 (loading, autotuning and warm-up together), minutes for small models',
  checksApiKey: `no such flag in ${CONTRACT}`,
  endpoints: 'TensorRT-LLM tensorrt_llm/serve/openai_server.py@00057725',
};

const V1_3: EngineVersion = {
  ...COMMON,
  version: '1.3.0rc23',
  images: { GPU: 'nvcr.io/nvidia/tensorrt-llm/release:1.3.0rc23' },
  ...TRTLLM_1_3_FLAGS,
  plannedFlags: planned(TRTLLM_1_3_FLAGS.flags),
  checkpointFormats: ['unquantized', 'fp8-block', 'compressed-tensors'],
  metrics: {
    requestsRunning: 'trtllm_num_requests_running',
    requestsWaiting: 'trtllm_num_requests_waiting',
    kvCacheUsage: 'trtllm_kv_cache_utilization',
    timeToFirstToken: 'trtllm_time_to_first_token_seconds',
    interTokenLatency: 'trtllm_time_per_output_token_seconds',
    timePerOutputToken: 'trtllm_time_per_output_token_seconds',
    requestLatency: 'trtllm_e2e_request_latency_seconds',
    queueTime: 'trtllm_request_queue_time_seconds',
    promptTokens: 'trtllm_prompt_tokens_total',
    generationTokens: 'trtllm_generation_tokens_total',
    requestsSucceeded: 'trtllm_request_success_total',
    requestsFailed: 'trtllm_request_error_total',
  },
  sources: {
    ...SOURCES,
    images: 'release:1.3.0rc23 is in public use; no 1.3 without "rc" on PyPI in November 2026',
    flags: `${CONTRACT}; that 1.3.0rc23 has all of them is unverified`,
    flagValues: `${CONTRACT}; that 1.3.0rc23 has all of them is unverified`,
    plannedFlags: CONTRACT,
    checkpointFormats: `${RECIPES}; compressed-tensors with one group: TensorRT-LLM issue #17723`,
    servedNames: 'TensorRT-LLM PR #11711 (one name; several: PR #12746, open)',
    metrics: 'TensorRT-LLM tensorrt_llm/metrics/collector.py@050f80de; PR #12545',
  },
};

const V1_2: EngineVersion = {
  ...COMMON,
  version: '1.2.1',
  images: { GPU: 'nvcr.io/nvidia/tensorrt-llm/release:1.2.1' },
  flags: TRTLLM_1_2_FLAGS,
  plannedFlags: planned(TRTLLM_1_2_FLAGS),
  servedNames: 'None',
  metrics: {
    timeToFirstToken: 'trtllm_time_to_first_token_seconds',
    interTokenLatency: 'trtllm_time_per_output_token_seconds',
    timePerOutputToken: 'trtllm_time_per_output_token_seconds',
    requestLatency: 'trtllm_e2e_request_latency_seconds',
    queueTime: 'trtllm_request_queue_time_seconds',
    requestsSucceeded: 'trtllm_request_success_total',
  },
  sources: {
    ...SOURCES,
    images: 'release:1.2.1 is in public use, and the newest version on PyPI without "rc"',
    flags: SERVE_1_2,
    plannedFlags: SERVE_1_2,
    checkpointFormats: RECIPES,
    servedNames: `no such flag in ${SERVE_1_2}`,
    metrics: 'TensorRT-LLM PR #5785 (five request metrics); the prefix is unverified for 1.2',
  },
};

/** NVIDIA's engine, with its PyTorch backend. The newest release candidate comes first: 1.2 has no queue metrics and no served names. */
export const TENSORRT_LLM: EngineEntry = {
  type: 'TensorRT-LLM',
  versions: [V1_3, V1_2],
  flagHistory: [
    { flag: '--served_model_name', since: '1.3.0', source: 'TensorRT-LLM PR #11711' },
    { flag: '--kv_cache_dtype', since: '1.3.0', source: `${CONTRACT}; not in ${SERVE_1_2}` },
    { flag: '--enable_attention_dp', since: '1.3.0', source: `${CONTRACT}; not in ${SERVE_1_2}` },
  ],
};
