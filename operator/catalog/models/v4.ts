import type { ModelArchitecture, ModelEntry } from '../types.ts';

const KAITO = 'kaito presets/workspace/models/model_catalog.yaml@056b8280';
const RECIPES = 'vllm-project/recipes models/deepseek-ai@8959cf64';

const UNKNOWN =
  'its compressed sparse attention keeps a different number of tokens in each layer, and no public fact gives the bytes of one';

/**
 * Only what is published. The width of the experts is not: `intermediateSize` stands in for it, with which a plan that has
 * measured weights computes the activations (without `overheadPerGPU`) and the legal tensor-parallel sizes.
 */
const V4: Omit<ModelArchitecture, 'layers' | 'hiddenSize' | 'intermediateSize' | 'attentionHeads'> = {
  className: 'DeepseekV4ForCausalLM',
  kvHeads: 1,
  headDim: 512,
  vocabSize: 129_280,
  tiedEmbeddings: false,
  attentionBias: false,
  queryKeyNorm: false,
};

const FLASH: ModelArchitecture = {
  ...V4,
  layers: 43,
  hiddenSize: 4096,
  intermediateSize: 4096,
  attentionHeads: 64,
  parameters: 284_000_000_000,
};

const PRO: ModelArchitecture = {
  ...V4,
  layers: 61,
  hiddenSize: 7168,
  intermediateSize: 7168,
  attentionHeads: 128,
  parameters: 1_600_000_000_000,
};

function entry(repository: string, architecture: ModelArchitecture, bytes: number, size: string): ModelEntry {
  return {
    name: repository.replace(/^.*\//, '').toLowerCase(),
    aliases: [],
    repository,
    architecture,
    nativeDtype: 'float8',
    checkpointBytes: bytes,
    unknownMemory: UNKNOWN,
    contextLength: { card: 1_048_576, config: 1_048_576 },
    licence: 'MIT',
    requirements: [
      {
        engine: 'vLLM',
        minVersion: '0.20.0',
        trustRemoteCode: true,
        source: `${RECIPES} (min_vllm_version, base_args)`,
      },
    ],
    checkpoints: {},
    sources: {
      repository: KAITO,
      architecture: `${KAITO}; unverified: vocabulary, and the widths of MLP and experts (placeholders; a plan with measured numbers computes activations and legal splits with them)`,
      nativeDtype: `${RECIPES} (FP8 with FP4 experts)`,
      checkpointBytes: `${KAITO} (${size})`,
      unknownMemory: 'no public source found',
      contextLength: KAITO,
      licence: KAITO,
      requirements: 'per row',
    },
  };
}

/** 155.43 GiB and 805.34 GiB. */
const FLASH_BYTES = 166_891_691_704;
const PRO_BYTES = 864_727_240_172;

/** DeepSeek-V4: planned only from numbers that the user measured. */
export const V4_MODELS: readonly ModelEntry[] = [
  entry(
    'deepseek-ai/DeepSeek-V4-Flash',
    FLASH,
    FLASH_BYTES,
    'V4-Flash-0731: 155.43Gi; the first release is taken to be as large',
  ),
  entry('deepseek-ai/DeepSeek-V4-Flash-0731', FLASH, FLASH_BYTES, '155.43Gi'),
  entry('deepseek-ai/DeepSeek-V4-Pro', PRO, PRO_BYTES, '805.34Gi'),
  entry(
    'deepseek-ai/DeepSeek-V4-Pro-0813',
    PRO,
    PRO_BYTES,
    'V4-Pro: 805.34Gi; the later release is taken to be as large',
  ),
];
