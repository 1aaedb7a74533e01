import type { EngineRequirement, ModelArchitecture, ModelEntry } from '../types.ts';
import { awq, channelINT8, gguf, upcast } from './checkpoints.ts';

/** 671B parameters, 37B active, without the layer of multi-token prediction. */
const V3: ModelArchitecture = {
  className: 'DeepseekV3ForCausalLM',
  layers: 61,
  hiddenSize: 7168,
  intermediateSize: 18_432,
  attentionHeads: 128,
  kvHeads: 128,
  headDim: 192,
  vocabSize: 129_280,
  tiedEmbeddings: false,
  attentionBias: false,
  queryKeyNorm: false,
  mla: { kvLoraRank: 512, qLoraRank: 1536, qkNopeHeadDim: 128, qkRopeHeadDim: 64, vHeadDim: 128 },
  moe: { experts: 256, activeExperts: 8, sharedExperts: 1, intermediateSize: 2048, denseLayers: 3 },
};

/** With the indexer of sparse attention. */
const V3_2: ModelArchitecture = {
  ...V3,
  className: 'DeepseekV32ForCausalLM',
  indexer: { heads: 64, headDim: 128 },
};

/** 641.30 GiB, 642.14 GiB with the indexer. */
const V3_BYTES = 688_590_615_347;
const V3_2_BYTES = 689_492_558_479;
/** 14.4 GiB of the 641.30 GiB are the layer of multi-token prediction, which engines load for speculation only. */
const LOADED_SHARE = 0.9775;

const KAITO = 'kaito presets/workspace/models/model_catalog.yaml@056b8280';
const V3_REPOSITORY = 'deepseek-ai/DeepSeek-V3 README.md@9b4e978';
const V3_2_REPOSITORY = 'deepseek-ai/DeepSeek-V3.2-Exp README.md@3b99a53';
const R1_REPOSITORY = 'deepseek-ai/DeepSeek-R1 README.md@0cf7856';
const RECIPES = 'vllm-project/recipes models/deepseek-ai@8959cf64';
const SGLANG = 'SGLang docs/basic_usage/deepseek_v3.md@0f4513c2';
const CHANNEL_INT8 = 'benchmark/deepseek_v3/README.md@0006053c (32 x L40S, with --quantization w8a8_int8)';
const SWIFT = 'modelscope/ms-swift list of models';
/** No public text says the group size of these repositories. */
const GROUP_64 = 'unverified: the group size of 64';

/** The first version that the recipe of vLLM names; older ones serve the model with other flags. */
const fromVLLM = (minVersion: string): readonly EngineRequirement[] => [
  { engine: 'vLLM', minVersion, source: `${RECIPES} (min_vllm_version)` },
];

interface Variant {
  readonly repository: string;
  readonly source: string;
  readonly aliases?: readonly string[];
  readonly licence?: string;
  readonly licenceSource?: string;
  /** Context that the card promises; default: that of the config. */
  readonly card?: number;
  readonly checkpoints?: ModelEntry['checkpoints'];
}

const CONFIG_CONTEXT = 163_840;

function entry(variant: Variant, shape: ModelArchitecture = V3): ModelEntry {
  const { repository, source, aliases = [], licence = 'MIT', card = CONFIG_CONTEXT, checkpoints = {} } = variant;
  const sparse = shape.indexer !== undefined;
  return {
    name: repository.replace(/^.*\//, '').toLowerCase(),
    aliases,
    repository,
    architecture: shape,
    nativeDtype: 'float8',
    checkpointBytes: sparse ? V3_2_BYTES : V3_BYTES,
    loadedShare: LOADED_SHARE,
    contextLength: { card, config: CONFIG_CONTEXT },
    licence,
    requirements: fromVLLM(sparse ? '0.18.0' : '0.12.0'),
    checkpoints,
    sources: {
      repository: source,
      architecture: sparse
        ? 'deepseek-ai/DeepSeek-V3.2-Exp inference/config_671B_v3.2.json@3b99a53'
        : 'deepseek-ai/DeepSeek-V3 inference/configs/config_671B.json@9b4e978; sgl-project/ome pkg/hfutil/modelconfig/testdata/deepseek_v3.json@17b77ed',
      nativeDtype: 'deepseek-ai/DeepSeek-V3 README_WEIGHTS.md (FP8 e4m3 in blocks of 128 x 128)',
      checkpointBytes: sparse
        ? `${KAITO} (V3.2: 642.14Gi)`
        : `${KAITO} (R1-0528 and V3-0324: 641.30Gi; the others have the same shape)`,
      loadedShare: 'computed: the shape without multi-token prediction is 626.9 GiB of 641.30 GiB',
      contextLength: `${KAITO} (163840)${card === CONFIG_CONTEXT ? '' : `; ${source} (card: 128K)`}`,
      licence: variant.licenceSource ?? source,
      requirements: 'per row',
    },
  };
}

const MODEL_LICENCE = 'DeepSeek model licence (commercial use allowed); code MIT';

/** DeepSeek-V3, R1 and what followed with the same shape, published in FP8; and V3.2 with sparse attention. */
export const V3_MODELS: readonly ModelEntry[] = [
  entry({
    repository: 'deepseek-ai/DeepSeek-V3',
    source: V3_REPOSITORY,
    licence: MODEL_LICENCE,
    card: 131_072,
    checkpoints: {
      BF16: upcast('unsloth/DeepSeek-V3-bf16', 'unverified: huggingface.co/unsloth/DeepSeek-V3-bf16'),
      AWQ: awq(
        'cognitivecomputations/DeepSeek-V3-AWQ',
        `huggingface.co/cognitivecomputations/DeepSeek-V3-AWQ; ${GROUP_64}`,
        64,
      ),
      GGUF: gguf('unsloth/DeepSeek-V3-GGUF'),
    },
  }),
  entry({
    repository: 'deepseek-ai/DeepSeek-V3-Base',
    source: V3_REPOSITORY,
    licence: MODEL_LICENCE,
    card: 131_072,
  }),
  entry({
    repository: 'deepseek-ai/DeepSeek-V3-0324',
    source: KAITO,
    checkpoints: { GGUF: gguf('unsloth/DeepSeek-V3-0324-GGUF') },
  }),
  entry({
    repository: 'deepseek-ai/DeepSeek-R1',
    source: R1_REPOSITORY,
    checkpoints: {
      BF16: upcast('unsloth/DeepSeek-R1-BF16', SWIFT),
      INT8: channelINT8('meituan/DeepSeek-R1-Channel-INT8', `${SGLANG} (16 x A100); ${CHANNEL_INT8}`),
      AWQ: awq('cognitivecomputations/DeepSeek-R1-AWQ', `${SWIFT}; ${GROUP_64}`, 64),
      GGUF: gguf('unsloth/DeepSeek-R1-GGUF'),
    },
  }),
  entry({ repository: 'deepseek-ai/DeepSeek-R1-Zero', source: R1_REPOSITORY }),
  entry({
    repository: 'deepseek-ai/DeepSeek-R1-0528',
    source: KAITO,
    checkpoints: {
      BF16: upcast('unsloth/DeepSeek-R1-0528-BF16', `${SGLANG}; ${SWIFT}`),
      AWQ: awq('cognitivecomputations/DeepSeek-R1-0528-AWQ', `${SWIFT}; ${GROUP_64}`, 64),
      GGUF: gguf('unsloth/DeepSeek-R1-0528-GGUF'),
    },
  }),
  entry({
    repository: 'deepseek-ai/DeepSeek-V3.1',
    source: `${RECIPES}/DeepSeek-V3.1.yaml`,
    licenceSource: 'unverified: MIT',
    checkpoints: { GGUF: gguf('unsloth/DeepSeek-V3.1-GGUF') },
  }),
  entry({
    repository: 'deepseek-ai/DeepSeek-V3.1-Base',
    source: 'unverified: named beside DeepSeek-V3.1',
    licenceSource: 'unverified: MIT',
  }),
  entry({
    repository: 'deepseek-ai/DeepSeek-V3.1-Terminus',
    source: V3_2_REPOSITORY,
    licenceSource: 'unverified: MIT',
    checkpoints: {
      INT8: channelINT8(
        'IntervitensInc/DeepSeek-V3.1-Terminus-Channel-int8',
        'SGLang docs/platforms/cpu_server.md@06a974da (optimized models; started with --quantization w8a8_int8)',
      ),
      GGUF: gguf('unsloth/DeepSeek-V3.1-Terminus-GGUF'),
    },
  }),
  entry({ repository: 'deepseek-ai/DeepSeek-V3.2-Exp', source: V3_2_REPOSITORY }, V3_2),
  entry({ repository: 'deepseek-ai/DeepSeek-V3.2', source: KAITO }, V3_2),
  entry({ repository: 'deepseek-ai/DeepSeek-V3.2-Speciale', source: V3_2_REPOSITORY }, V3_2),
];
