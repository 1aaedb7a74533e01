import type { Checkpoint, ModelArchitecture, ModelEntry } from '../types.ts';
import { gguf } from './checkpoints.ts';

const REDHAT_COLLECTION = 'huggingface.co/collections/neuralmagic/deepseek-r1-distill-quantized';
const REDHAT_CARD = 'model card of the repository (llm-compressor: W4A16, symmetric, group 128)';

/** Red Hat's (formerly Neural Magic's) llm-compressor checkpoints of one R1 distill, and Unsloth's GGUF files. */
function distilled(name: string): ModelEntry['checkpoints'] {
  const checkpoint = (suffix: string, source: string): Checkpoint => ({
    repository: `RedHatAI/${name}-${suffix}`,
    format: 'compressed-tensors',
    source,
  });
  return {
    FP8: checkpoint('FP8-dynamic', REDHAT_COLLECTION),
    INT8: checkpoint('quantized.w8a8', REDHAT_COLLECTION),
    GPTQ: { ...checkpoint('quantized.w4a16', `${REDHAT_COLLECTION}; ${REDHAT_CARD}`), groupSize: 128 },
    GGUF: gguf(`unsloth/${name}-GGUF`),
  };
}

/** TheBloke's AWQ and GGUF checkpoints of a deepseek-llm chat model. */
function theBloke(name: string): ModelEntry['checkpoints'] {
  return {
    AWQ: {
      repository: `TheBloke/${name}-AWQ`,
      format: 'awq',
      groupSize: 128,
      source: `huggingface.co/TheBloke/${name}-AWQ; group size unverified (the quantizer's usual 128)`,
    },
    GGUF: gguf(`TheBloke/${name}-GGUF`),
  };
}

const DEEPSEEK_LLM_SOURCES = {
  repository: 'deepseek-ai/DeepSeek-LLM README.md@6712a86',
  architecture:
    'arXiv:2401.02954 model table (67B: 95 layers, 8192, 64 heads, 8 kv heads); deepseek-ai/DeepSeek-LLM README.md@6712a86',
  nativeDtype: 'deepseek-ai/DeepSeek-LLM README.md@6712a86',
  contextLength: 'deepseek-ai/DeepSeek-LLM README.md@6712a86 (4096)',
  licence: 'deepseek-ai/DeepSeek-LLM README.md@6712a86',
};

const DISTILL_SOURCES = {
  repository: 'deepseek-ai/DeepSeek-R1 README.md@0cf7856 (distill list)',
  architecture: 'config.json of the base model, sgl-project/ome pkg/hfutil/modelconfig/testdata@17b77ed',
  nativeDtype: 'sgl-project/ome pkg/hfutil/modelconfig/testdata@17b77ed',
  contextLength:
    'kaito presets/workspace/models/model_catalog.yaml@056b8280 (131072 for Llama-8B and Qwen-14B); unverified for the other distills',
  licence: 'deepseek-ai/DeepSeek-R1 README.md@0cf7856',
};

const DEEPSEEK_LICENCE = 'DeepSeek model agreement (commercial use allowed); code MIT';

const llama = {
  className: 'LlamaForCausalLM',
  tiedEmbeddings: false,
  attentionBias: false,
  queryKeyNorm: false,
} as const;
const qwen2 = {
  className: 'Qwen2ForCausalLM',
  tiedEmbeddings: false,
  attentionBias: true,
  queryKeyNorm: false,
} as const;

const DEEPSEEK_LLM_7B: ModelArchitecture = {
  ...llama,
  layers: 30,
  hiddenSize: 4096,
  intermediateSize: 11008,
  attentionHeads: 32,
  kvHeads: 32,
  headDim: 128,
  vocabSize: 102400,
};

/** 8 KV heads, not 64: several third-party catalogues are wrong here by a factor of 8 of KV cache. */
const DEEPSEEK_LLM_67B: ModelArchitecture = {
  ...llama,
  layers: 95,
  hiddenSize: 8192,
  intermediateSize: 22016,
  attentionHeads: 64,
  kvHeads: 8,
  headDim: 128,
  vocabSize: 102400,
};

const deepSeekLLM = {
  nativeDtype: 'bfloat16',
  contextLength: { card: 4096, config: 4096 },
  licence: DEEPSEEK_LICENCE,
  sources: DEEPSEEK_LLM_SOURCES,
} as const;

const distill = {
  aliases: [],
  nativeDtype: 'bfloat16',
  contextLength: { card: 131072, config: 131072 },
  sources: DISTILL_SOURCES,
} as const;

/** Models of the Llama and Qwen architectures: DeepSeek-LLM, and what was distilled from R1. */
export const DENSE_MODELS: readonly ModelEntry[] = [
  {
    ...deepSeekLLM,
    name: 'deepseek-llm-7b-base',
    aliases: [],
    repository: 'deepseek-ai/deepseek-llm-7b-base',
    architecture: DEEPSEEK_LLM_7B,
    checkpoints: {},
  },
  {
    ...deepSeekLLM,
    name: 'deepseek-llm-7b-chat',
    aliases: ['deepseek-llm-7b'],
    repository: 'deepseek-ai/deepseek-llm-7b-chat',
    architecture: DEEPSEEK_LLM_7B,
    checkpoints: theBloke('deepseek-llm-7B-chat'),
  },
  {
    ...deepSeekLLM,
    name: 'deepseek-llm-67b-base',
    aliases: [],
    repository: 'deepseek-ai/deepseek-llm-67b-base',
    architecture: DEEPSEEK_LLM_67B,
    checkpoints: {},
  },
  {
    ...deepSeekLLM,
    name: 'deepseek-llm-67b-chat',
    aliases: ['deepseek-llm-67b'],
    repository: 'deepseek-ai/deepseek-llm-67b-chat',
    architecture: DEEPSEEK_LLM_67B,
    checkpoints: theBloke('deepseek-llm-67b-chat'),
  },
  {
    ...distill,
    name: 'deepseek-r1-distill-qwen-1.5b',
    repository: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B',
    architecture: {
      ...qwen2,
      layers: 28,
      hiddenSize: 1536,
      intermediateSize: 8960,
      attentionHeads: 12,
      kvHeads: 2,
      headDim: 128,
      vocabSize: 151936,
    },
    licence: 'MIT (base Qwen2.5-Math, Apache-2.0)',
    checkpoints: distilled('DeepSeek-R1-Distill-Qwen-1.5B'),
    sources: { ...DISTILL_SOURCES, architecture: `${DISTILL_SOURCES.architecture}; unverified: untied output head` },
  },
  {
    ...distill,
    name: 'deepseek-r1-distill-qwen-7b',
    repository: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-7B',
    architecture: {
      ...qwen2,
      layers: 28,
      hiddenSize: 3584,
      intermediateSize: 18944,
      attentionHeads: 28,
      kvHeads: 4,
      headDim: 128,
      vocabSize: 152064,
    },
    licence: 'MIT (base Qwen2.5-Math, Apache-2.0)',
    checkpoints: distilled('DeepSeek-R1-Distill-Qwen-7B'),
  },
  {
    ...distill,
    name: 'deepseek-r1-distill-qwen-14b',
    repository: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B',
    architecture: {
      ...qwen2,
      layers: 48,
      hiddenSize: 5120,
      intermediateSize: 13824,
      attentionHeads: 40,
      kvHeads: 8,
      headDim: 128,
      vocabSize: 152064,
    },
    licence: 'MIT (base Qwen2.5, Apache-2.0)',
    checkpoints: distilled('DeepSeek-R1-Distill-Qwen-14B'),
  },
  {
    ...distill,
    name: 'deepseek-r1-distill-qwen-32b',
    repository: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-32B',
    architecture: {
      ...qwen2,
      layers: 64,
      hiddenSize: 5120,
      intermediateSize: 27648,
      attentionHeads: 40,
      kvHeads: 8,
      headDim: 128,
      vocabSize: 152064,
    },
    licence: 'MIT (base Qwen2.5, Apache-2.0)',
    checkpoints: distilled('DeepSeek-R1-Distill-Qwen-32B'),
  },
  {
    ...distill,
    name: 'deepseek-r1-distill-llama-8b',
    repository: 'deepseek-ai/DeepSeek-R1-Distill-Llama-8B',
    architecture: {
      ...llama,
      layers: 32,
      hiddenSize: 4096,
      intermediateSize: 14336,
      attentionHeads: 32,
      kvHeads: 8,
      headDim: 128,
      vocabSize: 128256,
    },
    licence: 'MIT + Llama 3.1 licence',
    checkpoints: distilled('DeepSeek-R1-Distill-Llama-8B'),
  },
  {
    ...distill,
    name: 'deepseek-r1-distill-llama-70b',
    repository: 'deepseek-ai/DeepSeek-R1-Distill-Llama-70B',
    architecture: {
      ...llama,
      layers: 80,
      hiddenSize: 8192,
      intermediateSize: 28672,
      attentionHeads: 64,
      kvHeads: 8,
      headDim: 128,
      vocabSize: 128256,
    },
    licence: 'MIT + Llama 3.3 licence',
    checkpoints: {
      ...distilled('DeepSeek-R1-Distill-Llama-70B'),
      AWQ: {
        repository: 'casperhansen/deepseek-r1-distill-llama-70b-awq',
        format: 'awq',
        groupSize: 128,
        source:
          'huggingface.co/casperhansen/deepseek-r1-distill-llama-70b-awq; group size unverified (the quantizer’s usual 128)',
      },
    },
  },
  {
    ...distill,
    name: 'deepseek-r1-0528-qwen3-8b',
    repository: 'deepseek-ai/DeepSeek-R1-0528-Qwen3-8B',
    architecture: {
      className: 'Qwen3ForCausalLM',
      tiedEmbeddings: false,
      attentionBias: false,
      queryKeyNorm: true,
      layers: 36,
      hiddenSize: 4096,
      intermediateSize: 12288,
      attentionHeads: 32,
      kvHeads: 8,
      headDim: 128,
      vocabSize: 151936,
    },
    licence: 'MIT',
    checkpoints: { GGUF: gguf('unsloth/DeepSeek-R1-0528-Qwen3-8B-GGUF') },
    sources: {
      ...DISTILL_SOURCES,
      architecture:
        'config.json of Qwen3-8B, sgl-project/ome pkg/hfutil/modelconfig/testdata@17b77ed (its own was not found)',
      contextLength: 'unverified: 131072 by YaRN x4 over 32768',
    },
  },
];
