import type { EngineEntry, EngineVersion } from '../types.ts';
import { SGLANG_0_5_23_FLAGS } from './sglang-flags.ts';

const MATRIX = 'sglang docs quantization.md@0f4513c2, install.md@010db98c';
const PACKAGE = 'sglang 0.5.23 (package on PyPI)';
const T4_WARNING =
  'SGLang is made for compute capability 8.0 and later: on 7.5 it is best effort, and vLLM is better tested there';

const SGLANG_0_5_23: EngineVersion = {
  version: '0.5.23',
  images: { GPU: 'lmsysorg/sglang:v0.5.23' },
  ...SGLANG_0_5_23_FLAGS,
  plannedFlags: [
    { flags: ['--model-path', '--model', '--tokenizer-path'], field: 'spec.model.source' },
    { flags: ['--served-model-name'], field: 'spec.model.servedNames' },
    { flags: ['--revision'], field: 'spec.model.revision' },
    { flags: ['--context-length'], field: 'spec.model.maxModelLen' },
    { flags: ['--trust-remote-code'], field: 'spec.model.trustRemoteCode' },
    { flags: ['--dtype', '--quantization', '--load-format'], field: 'spec.quantization.type' },
    { flags: ['--kv-cache-dtype'], field: 'spec.quantization.kvCache' },
    { flags: ['--tp-size', '--tensor-parallel-size'], field: 'spec.accelerator.parallelism.tensor' },
    { flags: ['--pp-size', '--pipeline-parallel-size'], field: 'spec.accelerator.parallelism.pipeline' },
    { flags: ['--ep-size', '--expert-parallel-size', '--ep'], because: 'the plan computes it' },
    {
      flags: [
        '--dp-size',
        '--data-parallel-size',
        '--nnodes',
        '--node-rank',
        '--dist-init-addr',
        '--nccl-init-addr',
        '--enable-dp-attention',
      ],
      field: 'spec.replicas',
    },
    { flags: ['--mem-fraction-static', '--max-total-tokens'], because: 'the plan computes it' },
    {
      flags: ['--host', '--port', '--fastapi-root-path', '--grpc-mode', '--smg-grpc-mode', '--enable-http2'],
      because: 'probes and Services rely on it',
    },
    {
      flags: ['--ssl-keyfile', '--ssl-certfile', '--ssl-ca-certs', '--ssl-keyfile-password'],
      because: 'probes and the operator speak plain HTTP to the pod',
    },
    { flags: ['--api-key'], field: 'spec.engine.apiKeySecretRef' },
    { flags: ['--device', '--base-gpu-id', '--gpu-id-step'], field: 'spec.accelerator.type' },
    { flags: ['--admin-api-key'], because: 'a key among the arguments can be read by everybody who may read pods' },
    {
      flags: ['--disaggregation-mode'],
      because: 'a replica serves whole requests: prefill and decode apart are not planned for',
    },
    {
      flags: [
        '--dcp-size',
        '--decode-context-parallel-size',
        '--attn-cp-size',
        '--attention-context-parallel-size',
        '--moe-dp-size',
        '--moe-data-parallel-size',
      ],
      because: 'the plan computes it',
    },
    { flags: ['--is-embedding'], because: 'only models that generate text are planned for' },
    {
      flags: ['--json-model-override-args'],
      because: 'it changes the model that the memory is planned for: use spec.model.name custom for another shape',
    },
    { flags: ['--config'], because: 'flags in a file would pass the plan by: write them into engine.extraArgs' },
  ],
  uncountedFlags: [
    '--max-running-requests',
    '--chunked-prefill-size',
    '--max-prefill-tokens',
    '--cuda-graph-max-bs-decode',
    '--cuda-graph-bs-decode',
    '--enable-lora',
    '--lora-paths',
    '--speculative-algorithm',
    '--speculative-draft-model-path',
    '--speculative-draft-model',
    '--cpu-offload-gb',
    '--enable-torch-compile',
  ],
  architectures: [
    {
      classes: ['LlamaForCausalLM', 'Qwen2ForCausalLM', 'Qwen3ForCausalLM'],
      from: '7.5',
      source: `${PACKAGE}: srt/models; ${MATRIX} (7.5 and later with FlashInfer)`,
    },
    {
      classes: ['DeepseekV2ForCausalLM', 'DeepseekV3ForCausalLM'],
      from: '8.0',
      source: `${PACKAGE}: srt/models/deepseek_v2.py; latent attention below 8.0: unverified, taken as not served`,
    },
    {
      classes: ['DeepseekV32ForCausalLM', 'DeepseekV4ForCausalLM'],
      from: '9.0',
      source: `${PACKAGE}: srt/models; docs basic_usage/deepseek_v32.md (Hopper and later)`,
    },
  ],
  quantizations: [
    { quantization: 'FP32', from: '7.5', before: '8.0', warning: T4_WARNING, source: MATRIX },
    { quantization: 'FP32', from: '8.0', source: MATRIX },
    { quantization: 'FP16', from: '7.5', before: '8.0', warning: T4_WARNING, source: MATRIX },
    { quantization: 'FP16', from: '8.0', source: MATRIX },
    { quantization: 'BF16', from: '8.0', source: MATRIX },
    { quantization: 'FP8', from: '8.9', source: MATRIX },
    {
      quantization: 'FP8',
      from: '8.0',
      before: '8.9',
      warning:
        'this GPU has no FP8 arithmetic: SGLang keeps FP8 weights and computes in 16-bit (Marlin), which saves memory, not time',
      source: `${PACKAGE}: srt/layers/quantization/fp8.py (Marlin below 8.9)`,
    },
    {
      quantization: 'INT8',
      from: '8.0',
      before: '10.0',
      source: `${MATRIX}; the code says 7.5 (srt/layers/quantization/w8a8_int8.py), unverified there and on Blackwell, taken as not supported`,
    },
    { quantization: 'W8A16', from: '8.0', source: `${PACKAGE}: srt/layers/quantization/gptq (Marlin from 8.0)` },
    { quantization: 'AWQ', from: '7.5', before: '8.0', warning: T4_WARNING, source: `${PACKAGE}: awq.py` },
    { quantization: 'AWQ', from: '8.0', source: MATRIX },
    { quantization: 'GPTQ', from: '7.5', before: '8.0', warning: T4_WARNING, source: `${PACKAGE}: gptq.py` },
    { quantization: 'GPTQ', from: '8.0', source: MATRIX },
  ],
  checkpointFormats: ['unquantized', 'compressed-tensors', 'awq', 'gptq', 'fp8-block', 'channel-int8'],
  quantizesOnLoad: ['FP8'],
  fp8KVCacheFrom: '8.9',
  memory: {
    setting: 'StaticFraction',
    utilization: 1,
    baseOverheadGiB: [{ from: '7.5', value: 0.5, source: 'unverified: CUDA context, before the weights' }],
    tensorParallelGiB: 1,
    reserve: {
      fixedGiB: 0.5,
      perBatchedTokenMiB: 1.5,
      perSequenceMiB: 2,
      perRankGiB: 0.125,
      graphsGiB: 0.5,
      latentGraphsGiB: 1.5,
    },
  },
  maxNumBatchedTokens: [
    { from: '7.5', value: 2048, source: `${PACKAGE}: srt/arg_groups/memory_hook.py (default below 20 GiB)` },
    { from: '9.0', value: 8192, source: `${PACKAGE}: srt/arg_groups/memory_hook.py (default from 60 GiB on)` },
  ],
  maxNumSeqs: 256,
  startup: { startSeconds: 60, compileSeconds: 60, blockFP8CompileSeconds: 600, warmUpSeconds: 30 },
  servedNames: 'One',
  checksApiKey: true,
  endpoints: { port: 30000, health: '/health', metrics: '/metrics' },
  metrics: {
    requestsRunning: 'sglang:num_running_reqs',
    requestsWaiting: 'sglang:num_queue_reqs',
    kvCacheUsage: 'sglang:token_usage',
    timeToFirstToken: 'sglang:time_to_first_token_seconds',
    interTokenLatency: 'sglang:inter_token_latency_seconds',
    timePerOutputToken: 'sglang:request_time_per_output_token_seconds',
    requestLatency: 'sglang:e2e_request_latency_seconds',
    queueTime: 'sglang:queue_time_seconds',
    promptTokens: 'sglang:prompt_tokens_total',
    generationTokens: 'sglang:generation_tokens_total',
    requestsSucceeded: 'sglang:num_requests_total',
    requestsFailed: 'sglang:num_aborted_requests_total',
  },
  drain: {
    onSigterm: 'Drains',
    // It goes on to serve what comes over open connections, and says by its health that nothing new should.
    newRequests: 'Served',
    health: 'Error503',
    source: `${PACKAGE}: srt/managers/tokenizer_manager.py sigterm_watchdog; srt/entrypoints/http_server.py, where only /health and /ready look at the shutdown`,
  },
  sources: {
    images: 'hub.docker.com/r/lmsysorg/sglang (v0.5.20, v0.5.21 in public use); the tag of 0.5.23 is unverified',
    flags: `${PACKAGE}: its own argument parser`,
    flagValues: `${PACKAGE}: its own argument parser`,
    plannedFlags: `${PACKAGE}: srt/arg_groups`,
    uncountedFlags: `${PACKAGE}: srt/arg_groups`,
    quantizations: 'per row',
    checkpointFormats: `${MATRIX}; channel-int8: benchmark/deepseek_v3/README.md@0006053c`,
    quantizesOnLoad: `${MATRIX}; ${PACKAGE}: --quantization fp8`,
    fp8KVCacheFrom: 'unverified: taken from vLLM’s table',
    memory: `${PACKAGE}: srt/arg_groups/memory_hook.py: what it keeps free when no fraction is given; the fraction is (weights + KV cache) / memory; unverified: tensorParallelGiB, as for vLLM`,
    maxNumBatchedTokens: 'per row; passed explicitly',
    maxNumSeqs: 'unverified: as for vLLM; passed explicitly',
    startup:
      'blockFP8CompileSeconds: DeepGEMM compiles for about 10 minutes at its first start (sglang docs basic_usage/deepseek_v3.md@0f4513c2); the rest unverified',
    servedNames: `${PACKAGE}: --served-model-name takes one`,
    checksApiKey: `${PACKAGE}: --api-key`,
    endpoints: `${PACKAGE}: srt/entrypoints/http_server.py`,
    metrics: `${PACKAGE}: srt/observability/metrics_collector.py`,
  },
};

export const SGLANG: EngineEntry = {
  type: 'SGLang',
  versions: [SGLANG_0_5_23],
  flagHistory: [
    {
      flag: '--cuda-graph-max-bs',
      instead: '--cuda-graph-max-bs-decode',
      source: 'known of earlier versions, not in the parser of 0.5.23',
    },
    {
      flag: '--enable-ep-moe',
      instead: '--ep-size',
      source: 'known of earlier versions, not in the parser of 0.5.23',
    },
    {
      flag: '--enable-deepep-moe',
      instead: '--moe-a2a-backend deepep',
      source: 'known of earlier versions, not in the parser of 0.5.23',
    },
  ],
};
