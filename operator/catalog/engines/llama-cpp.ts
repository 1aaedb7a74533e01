import type { EngineEntry, EngineVersion } from '../types.ts';
import { LLAMA_SERVER_B11669_FLAGS } from './llama-cpp-flags.ts';

const HELP = 'help of the real llama-server 0.7.0 (build 11669)';
const README = 'llama.cpp tools/server/README.md@00dc8057';
const EVERYWHERE = ['GPU', 'UnifiedMemory', 'CPU'] as const;

const B11669: EngineVersion = {
  version: 'b11669',
  images: {
    GPU: 'ghcr.io/ggml-org/llama.cpp:server-cuda-b11669',
    UnifiedMemory: 'ghcr.io/ggml-org/llama.cpp:server-cuda-b11669',
    CPU: 'ghcr.io/ggml-org/llama.cpp:server-b11669',
  },
  ...LLAMA_SERVER_B11669_FLAGS,
  plannedFlags: [
    {
      flags: [
        '-m',
        '--model',
        '-mu',
        '--model-url',
        '-hf',
        '-hfr',
        '--hf-repo',
        '-hff',
        '--hf-file',
        '-dr',
        '--docker-repo',
        '--models-dir',
        '--models-preset',
      ],
      field: 'spec.model.source',
    },
    { flags: ['-a', '--alias'], field: 'spec.model.servedNames' },
    { flags: ['-c', '--ctx-size'], field: 'spec.model.maxModelLen' },
    { flags: ['-ctk', '--cache-type-k', '-ctv', '--cache-type-v'], field: 'spec.quantization.kvCache' },
    { flags: ['-ngl', '--gpu-layers', '--n-gpu-layers', '-dev', '--device'], field: 'spec.accelerator.type' },
    { flags: ['-sm', '--split-mode', '-ts', '--tensor-split', '-mg', '--main-gpu'], field: 'spec.accelerator.count' },
    { flags: ['-fit', '--fit', '-fitt', '--fit-target', '-fitc', '--fit-ctx'], because: 'the plan computes it' },
    {
      flags: ['-kvu', '--kv-unified', '-no-kvu', '--no-kv-unified', '--kv-unified-per-slot'],
      because: 'the plan computes it',
    },
    {
      flags: ['-np', '--parallel'],
      because: 'the slots share the context, and as many are planned as spec.model.maxModelLen and the memory allow',
    },
    { flags: ['--host', '--port', '--api-prefix', '--reuse-port'], because: 'probes and Services rely on it' },
    {
      flags: ['--ssl-key-file', '--ssl-cert-file'],
      because: 'probes and the operator speak plain HTTP to the pod',
    },
    { flags: ['--api-key', '--api-key-file'], field: 'spec.engine.apiKeySecretRef' },
    { flags: ['-hft', '--hf-token'], field: 'spec.model.source.huggingFace.tokenSecretRef' },
    { flags: ['--rpc'], field: 'spec.replicas' },
    {
      flags: [
        '--embd-gemma-default',
        '--fim-qwen-1.5b-default',
        '--fim-qwen-3b-default',
        '--fim-qwen-7b-default',
        '--fim-qwen-7b-spec',
        '--fim-qwen-14b-spec',
        '--fim-qwen-30b-default',
        '--gpt-oss-20b-default',
        '--gpt-oss-120b-default',
        '--vision-gemma-4b-default',
        '--vision-gemma-12b-default',
      ],
      field: 'spec.model.source',
    },
    { flags: ['-mmu', '--mmproj-url'], because: 'it downloads a second model, which the plan does not count' },
    {
      flags: ['--embedding', '--embeddings', '--rerank', '--reranking'],
      because: 'only models that generate text are planned for',
    },
    {
      flags: ['--override-kv'],
      because: 'it changes the model that the memory is planned for: use spec.model.name custom for another shape',
    },
    {
      flags: ['--tools', '--tools-runtime', '-ag', '--agent'],
      because: 'it lets everybody who reaches the model run commands in the pod',
    },
    { flags: ['--metrics'], because: 'it is always on' },
    {
      flags: ['-h', '--help', '--usage', '--version', '--completion-bash', '-cl', '--cache-list', '--list-devices'],
      because: 'it serves nothing',
    },
  ],
  uncountedFlags: [
    '-b',
    '--batch-size',
    '-ub',
    '--ubatch-size',
    '-kvo',
    '--kv-offload',
    '-nkvo',
    '--no-kv-offload',
    '-cmoe',
    '--cpu-moe',
    '-ncmoe',
    '--n-cpu-moe',
    '-ncffn',
    '--n-cpu-ffn',
    '-ot',
    '--override-tensor',
    '--lora',
    '--lora-scaled',
    '--spec-draft-model',
    '-md',
    '--model-draft',
    '--spec-draft-hf',
    '-hfd',
    '-hfrd',
    '--hf-repo-draft',
    '-cram',
    '--cache-ram',
    '--moe-cache-mib',
    '-mm',
    '--mmproj',
    '-lm',
    '--load-mode',
  ],
  architectures: [
    {
      classes: ['LlamaForCausalLM', 'Qwen2ForCausalLM', 'Qwen3ForCausalLM'],
      devices: EVERYWHERE,
      source: 'llama.cpp README.md: supported models',
    },
    {
      classes: ['DeepseekV2ForCausalLM', 'DeepseekV3ForCausalLM'],
      devices: EVERYWHERE,
      expandsFilesBefore: '2025-04',
      source:
        'llama.cpp README.md: supported models (deepseek2); PR #12801: "Legacy non-MLA GGUF files can still be loaded but won\'t benefit from the reduced KV-cache size". Which of the repositories are older is unverified',
    },
  ],
  quantizations: [
    { quantization: 'GGUF', devices: EVERYWHERE, source: 'llama.cpp README.md: any CPU and any CUDA GPU' },
  ],
  checkpointFormats: ['gguf'],
  quantizesOnLoad: [],
  memory: {
    setting: 'None',
    utilization: 1,
    baseOverheadGiB: [
      {
        from: '5.0',
        value: 1.5,
        source: `${HELP}: --fit leaves 1 GiB of a device free; 0.5 GiB of CUDA context and compute buffers is unverified`,
      },
    ],
    tensorParallelGiB: 0.25,
  },
  maxNumBatchedTokens: [{ from: '5.0', value: 512, source: `${HELP}: default of --ubatch-size` }],
  maxNumSeqs: 8,
  startup: { startSeconds: 5, compileSeconds: 0, blockFP8CompileSeconds: 0, warmUpSeconds: 10 },
  servedNames: 'Several',
  checksApiKey: true,
  endpoints: { port: 8080, health: '/health', metrics: '/metrics' },
  metrics: {
    requestsRunning: 'llamacpp:requests_processing',
    requestsWaiting: 'llamacpp:requests_deferred',
    promptTokens: 'llamacpp:prompt_tokens_total',
    generationTokens: 'llamacpp:tokens_predicted_total',
  },
  drain: {
    onSigterm: 'Cuts',
    newRequests: 'Refused',
    health: 'Refused',
    source:
      'measured on llama-server 0.7.0 (build 11669): generation stops at once, open streams are cut at their next ping (30 s by default), no new connections',
  },
  sources: {
    images:
      'ghcr.io/ggml-org/llama.cpp (server-bNNNN, server-cuda-bNNNN); that the tags of this build exist, and run on Jetson, is unverified',
    flags: HELP,
    flagValues: HELP,
    plannedFlags: HELP,
    uncountedFlags: HELP,
    quantizations: 'per row',
    checkpointFormats: 'llama.cpp README.md',
    quantizesOnLoad: 'llama.cpp README.md: files are converted beforehand',
    memory: `the context is allocated as it is asked for: ${README}; tensorParallelGiB unverified`,
    maxNumBatchedTokens: 'per row; passed explicitly',
    maxNumSeqs: 'unverified: each slot has a context of its own; passed explicitly',
    startup:
      'measured with a tiny model: healthy after 0.5 s; the first pages of a large file and the warm-up pass are unverified',
    servedNames: `${HELP}: --alias takes several, comma-separated`,
    checksApiKey: `${HELP}: --api-key-file, LLAMA_API_KEY`,
    endpoints: `llama-server 0.7.0, run for real; the default port differs between versions (${README})`,
    metrics: 'exposition of the real llama-server 0.7.0',
  },
};

export const LLAMA_CPP: EngineEntry = {
  type: 'llama.cpp',
  versions: [B11669],
  flagHistory: [
    { flag: '--mlock', instead: '--load-mode mlock', source: 'refused by the real llama-server 0.7.0 (build 11669)' },
    { flag: '--no-mmap', instead: '--load-mode none', source: 'refused by the real llama-server 0.7.0 (build 11669)' },
    { flag: '--mmap', instead: '--load-mode mmap', source: 'refused by the real llama-server 0.7.0 (build 11669)' },
    { flag: '--direct-io', instead: '--load-mode dio', source: 'refused by the real llama-server 0.7.0 (build 11669)' },
  ],
};
