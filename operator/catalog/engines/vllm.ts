import type { EngineEntry, EngineVersion } from '../types.ts';
import { VLLM_0_32_0_FLAGS } from './vllm-flags.ts';

const VLLM_TABLE = 'vllm docs/features/quantization/README.md@50feac95';
const VLLM_CUDA = 'vllm platforms/cuda.py@002db495';
const VLLM_BACKENDS = 'vllm docs/design/attention_backends.md@00139433';
const CPU_WARNING =
  'vLLM on a CPU is for small models: llama.cpp with GGUF weights answers faster and takes less memory';

const VLLM_0_32_0: EngineVersion = {
  version: '0.32.0',
  images: { GPU: 'vllm/vllm-openai:v0.32.0', CPU: 'vllm/vllm-openai-cpu:v0.32.0' },
  ...VLLM_0_32_0_FLAGS,
  plannedFlags: [
    { flags: ['--model'], field: 'spec.model.source' },
    { flags: ['--served-model-name'], field: 'spec.model.servedNames' },
    { flags: ['--revision'], field: 'spec.model.revision' },
    { flags: ['--max-model-len'], field: 'spec.model.maxModelLen' },
    { flags: ['--trust-remote-code', '--no-trust-remote-code'], field: 'spec.model.trustRemoteCode' },
    { flags: ['--dtype', '--quantization', '-q'], field: 'spec.quantization.type' },
    { flags: ['--kv-cache-dtype'], field: 'spec.quantization.kvCache' },
    { flags: ['--tensor-parallel-size', '-tp'], field: 'spec.accelerator.parallelism.tensor' },
    { flags: ['--pipeline-parallel-size', '-pp'], field: 'spec.accelerator.parallelism.pipeline' },
    {
      flags: [
        '--data-parallel-size',
        '-dp',
        '--data-parallel-size-local',
        '-dpl',
        '--nnodes',
        '-n',
        '--node-rank',
        '-r',
      ],
      field: 'spec.replicas',
    },
    { flags: ['--prefill-context-parallel-size', '-pcp'], field: 'spec.accelerator.count' },
    {
      flags: [
        '--gpu-memory-utilization',
        '--device-memory-utilization',
        '--kv-cache-memory-bytes',
        '--num-gpu-blocks-override',
      ],
      because: 'the plan computes it',
    },
    {
      flags: ['--host', '--port', '--uds', '--root-path', '--headless', '--grpc'],
      because: 'probes and Services rely on it',
    },
    {
      flags: ['--ssl-keyfile', '--ssl-certfile'],
      because: 'probes and the operator speak plain HTTP to the pod',
    },
    { flags: ['--api-key'], field: 'spec.engine.apiKeySecretRef' },
    { flags: ['--hf-token'], field: 'spec.model.source.huggingFace.tokenSecretRef' },
    { flags: ['--shutdown-timeout'], field: 'spec.termination.drainDeadline' },
    { flags: ['-h', '--help'], because: 'it serves nothing' },
    { flags: ['--load-format'], field: 'spec.model.source' },
    { flags: ['--tokenizer'], field: 'spec.model.source' },
    { flags: ['--tokenizer-revision'], field: 'spec.model.revision' },
    { flags: ['--download-dir'], field: 'spec.model.source.cache' },
    {
      flags: ['--hf-overrides'],
      because: 'it changes the model that the memory is planned for: use spec.model.name custom for another shape',
    },
    { flags: ['--runner', '--convert'], because: 'only models that generate text are planned for' },
    {
      flags: ['--distributed-executor-backend'],
      because: 'the GPUs of a replica are in one pod, in which vLLM starts its processes by itself',
    },
    { flags: ['-dcp', '--decode-context-parallel-size'], because: 'the plan computes it' },
    {
      flags: [
        '--data-parallel-address',
        '-dpa',
        '--data-parallel-backend',
        '-dpb',
        '--data-parallel-external-lb',
        '-dpe',
        '--data-parallel-hybrid-lb',
        '-dph',
        '--data-parallel-multi-port-external-lb',
        '-dpm',
        '--data-parallel-rank',
        '-dpn',
        '--data-parallel-rpc-port',
        '-dpp',
        '--data-parallel-start-rank',
        '-dpr',
        '--data-parallel-supervisor-port',
        '--master-addr',
        '--master-port',
      ],
      field: 'spec.replicas',
    },
    { flags: ['--config'], because: 'flags in a file would pass the plan by: write them into engine.extraArgs' },
  ],
  uncountedFlags: [
    '--max-num-seqs',
    '--max-num-batched-tokens',
    '--max-cudagraph-capture-size',
    '--cudagraph-capture-sizes',
    '--enable-expert-parallel',
    '--enable-lora',
    '--speculative-config',
    '-sc',
    '--spec-model',
    '--cpu-offload-gb',
    '--kv-offloading-size',
  ],
  architectures: [
    {
      classes: ['LlamaForCausalLM', 'Qwen2ForCausalLM', 'Qwen3ForCausalLM'],
      from: '7.5',
      source: 'vllm docs/getting_started/installation/gpu.cuda.inc.md@0487d5c2',
    },
    {
      classes: ['LlamaForCausalLM', 'Qwen2ForCausalLM', 'Qwen3ForCausalLM'],
      devices: ['CPU'],
      warning: CPU_WARNING,
      source: 'vllm 0.32.0, CPU build, run for real with a Qwen2; latent attention on CPU: unverified, so not here',
    },
    {
      classes: ['DeepseekV2ForCausalLM', 'DeepseekV3ForCausalLM'],
      from: '8.0',
      compute: ['float16', 'bfloat16'],
      source: `${VLLM_BACKENDS}: the backends of latent attention compute in fp16 and bf16; prefill of latent attention needs FlashAttention 2, which needs 8.0 (inferred for 7.5)`,
    },
    {
      classes: ['DeepseekV32ForCausalLM'],
      from: '9.0',
      before: '11.0',
      compute: ['bfloat16'],
      source: `${VLLM_BACKENDS}: sparse attention has kernels for 9.x and 10.x, in bf16`,
    },
    {
      classes: ['DeepseekV4ForCausalLM'],
      from: '9.0',
      fp8KVCacheOnly: true,
      source: `${VLLM_BACKENDS}: sparse attention has kernels from Hopper on; vllm: "DeepseekV4 only supports fp8 kv-cache format for now"`,
    },
  ],
  quantizations: [
    { quantization: 'FP32', from: '7.5', source: VLLM_CUDA },
    { quantization: 'FP32', devices: ['CPU'], source: 'vllm 0.32.0, CPU build' },
    { quantization: 'BF16', devices: ['CPU'], source: 'vllm 0.32.0, CPU build' },
    { quantization: 'FP16', from: '7.5', source: VLLM_CUDA },
    { quantization: 'BF16', from: '8.0', source: VLLM_CUDA },
    { quantization: 'FP8', from: '8.9', source: VLLM_TABLE },
    {
      quantization: 'FP8',
      from: '8.0',
      before: '8.9',
      warning:
        'this GPU has no FP8 arithmetic: vLLM keeps FP8 weights and computes in 16-bit (Marlin), which saves memory, not time',
      source: 'vllm docs/features/quantization/fp8.md@405f4e1f',
    },
    {
      quantization: 'FP8',
      from: '7.5',
      before: '8.0',
      warning: 'FP8 weights on compute capability 7.5 go through a slow 16-bit path (Marlin): INT8 is faster here',
      source: 'vllm PR #29901, #34319',
    },
    { quantization: 'INT8', from: '7.5', before: '10.0', source: `${VLLM_TABLE}; Blackwell is not in the table` },
    { quantization: 'W8A16', from: '7.5', source: `${VLLM_TABLE} (GPTQ, 8 bits)` },
    {
      quantization: 'AWQ',
      from: '7.5',
      before: '8.0',
      warning: 'AWQ on compute capability 7.5 uses slower kernels than on 8.0 and later',
      source: `${VLLM_TABLE}; vllm PR #29901, #31000`,
    },
    { quantization: 'AWQ', from: '8.0', source: VLLM_TABLE },
    { quantization: 'GPTQ', from: '7.5', source: VLLM_TABLE },
  ],
  checkpointFormats: ['unquantized', 'compressed-tensors', 'awq', 'gptq', 'fp8-block'],
  quantizesOnLoad: ['FP8'],
  fp8KVCacheFrom: '8.9',
  memory: {
    setting: 'FractionOfTotal',
    utilization: 0.9,
    baseOverheadGiB: [
      { from: '7.5', value: 0.7, source: 'unverified: assumed as on 8.9' },
      {
        from: '8.0',
        value: 1.2,
        source: 'DeepSeek-R1-Distill-Qwen-1.5B, 1 x A100-40GB, vLLM 0.9.0.1: 1,131,008 KV tokens',
      },
      { from: '8.6', value: 0.7, source: 'Qwen3-14B bf16 and AWQ, 1 x L40S: 72,064 and 194,192 KV tokens' },
      {
        from: '9.0',
        value: 1.6,
        source:
          'Llama-3.1-8B, 1 x H100, vLLM 0.11.0: 420,905 KV tokens (llm-d-benchmark config_explorer@2593348); Llama-3.1-70B, 4 x H100: 420,208 (LMCache faq.rst@df95ae5)',
      },
    ],
    tensorParallelGiB: 1,
    hostServerGiB: 3,
    hostKVCacheStepGiB: 1,
  },
  maxNumBatchedTokens: [
    {
      from: '7.5',
      value: 2048,
      source: 'vllm engine/arg_utils.py: default of the API server below 70 GiB, and on A100',
    },
    {
      from: '9.0',
      value: 8192,
      source: 'vllm engine/arg_utils.py: default of the API server from 70 GiB on, A100 excepted',
    },
  ],
  maxNumSeqs: 256,
  startup: { startSeconds: 60, compileSeconds: 90, blockFP8CompileSeconds: 240, warmUpSeconds: 30 },
  servedNames: 'Several',
  checksApiKey: true,
  endpoints: { port: 8000, health: '/health', metrics: '/metrics' },
  metrics: {
    requestsRunning: 'vllm:num_requests_running',
    requestsWaiting: 'vllm:num_requests_waiting',
    kvCacheUsage: 'vllm:kv_cache_usage_perc',
    timeToFirstToken: 'vllm:time_to_first_token_seconds',
    interTokenLatency: 'vllm:inter_token_latency_seconds',
    timePerOutputToken: 'vllm:request_time_per_output_token_seconds',
    requestLatency: 'vllm:e2e_request_latency_seconds',
    queueTime: 'vllm:request_queue_time_seconds',
    promptTokens: 'vllm:prompt_tokens_total',
    generationTokens: 'vllm:generation_tokens_total',
    requestsSucceeded: 'vllm:request_success_total',
    requestsFailed: 'http_requests_total',
  },
  streamsFrom: ['s3', 'gs', 'az'],
  drain: {
    onSigterm: 'DrainsWhenTold',
    newRequests: 'Error500',
    health: 'Ok',
    source: 'measured on vLLM 0.32.0 (CPU build) with two running streams',
  },
  sources: {
    streamsFrom:
      'vllm docs/models/extensions/runai_model_streamer.md; the image installs runai-model-streamer with s3 (vllm docker/Dockerfile@0000977e), and later gcs and azure',
    images: 'hub.docker.com/r/vllm/vllm-openai',
    flags: 'help of the real vLLM 0.32.0',
    flagValues: 'help of the real vLLM 0.32.0',
    uncountedFlags: 'meaning of the flags in the help of the real vLLM 0.32.0',
    plannedFlags: 'meaning of the flags in the help of the real vLLM 0.32.0',
    quantizations: 'per row',
    checkpointFormats:
      'vllm docs/features/quantization/README.md@50feac95; GGUF left the image in 0.24.0 (vLLM PR #39612)',
    quantizesOnLoad: 'vllm docs/features/quantization/fp8.md@405f4e1f',
    startup:
      'startSeconds: 39-49 s until healthy measured on 2 slow cores with a tiny model (CPU build); the rest unverified: torch.compile, CUDA graphs and DeepGEMM by impression',
    servedNames: 'vLLM 0.32.0 (CPU build): both of two names answer, another gets 404',
    checksApiKey: 'help of the real vLLM 0.32.0',
    endpoints: 'vllm serve 0.32.0, run for real (CPU build)',
    metrics: 'exposition of the real vLLM 0.32.0 (CPU build)',
    fp8KVCacheFrom: `${VLLM_TABLE}; design/attention_backends.md@00139433 (8.0 has it on some backends only)`,
    memory:
      'utilization: a fraction of the total visible memory (vllm config/cache.py@002f10e0; default 0.92, 0.90 before), passed explicitly; ' +
      'tensorParallelGiB: Llama-3.1-70B on 4 x H100 against 8B on 1 x H100 (same logs as baseOverheadGiB); ' +
      'hostServerGiB unverified: API server and engine core with torch loaded, as on a GPU; hostKVCacheStepGiB: VLLM_CPU_KVCACHE_SPACE is a whole number (vllm envs.py)',
    maxNumBatchedTokens: 'per row; passed explicitly',
    maxNumSeqs: 'vllm engine/arg_utils.py: default of the API server below 70 GiB; passed explicitly',
  },
};

export const VLLM: EngineEntry = {
  type: 'vLLM',
  versions: [VLLM_0_32_0],
  flagHistory: [
    {
      flag: '--disable-log-requests',
      removedIn: '0.12.0',
      instead: '--no-enable-log-requests',
      source: 'vLLM PR #21739, #29402',
    },
    { flag: '--shutdown-timeout', since: '0.18.0', source: 'vLLM PR #36666' },
    {
      flag: '--swap-space',
      instead: '--kv-offloading-size',
      source: 'known of earlier versions, not in the help of 0.32.0',
    },
    {
      flag: '--max-seq-len-to-capture',
      instead: '--max-cudagraph-capture-size',
      source: 'known of earlier versions, not in the help of 0.32.0',
    },
    {
      flag: '--guided-decoding-backend',
      instead: '--structured-outputs-config',
      source: 'known of earlier versions, not in the help of 0.32.0',
    },
    { flag: '--num-scheduler-steps', source: 'known of earlier versions, not in the help of 0.32.0' },
  ],
};
