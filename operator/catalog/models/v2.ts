import type { LatentAttention, ModelArchitecture, ModelEntry } from '../types.ts';
import { channelFP8, gguf } from './checkpoints.ts';

const LICENCE = 'DeepSeek model agreement (commercial use allowed); code MIT';

const LATENT_ATTENTION: LatentAttention = {
  kvLoraRank: 512,
  qkNopeHeadDim: 128,
  qkRopeHeadDim: 64,
  vHeadDim: 128,
};

/** 15.7B parameters, 2.4B active. */
const V2_LITE: ModelArchitecture = {
  className: 'DeepseekV2ForCausalLM',
  layers: 27,
  hiddenSize: 2048,
  intermediateSize: 10_944,
  attentionHeads: 16,
  kvHeads: 16,
  headDim: 192,
  vocabSize: 102_400,
  tiedEmbeddings: false,
  attentionBias: false,
  queryKeyNorm: false,
  mla: LATENT_ATTENTION,
  moe: { experts: 64, activeExperts: 6, sharedExperts: 2, intermediateSize: 1408, denseLayers: 1 },
};

/** 236B parameters, 21B active. */
const V2: ModelArchitecture = {
  className: 'DeepseekV2ForCausalLM',
  layers: 60,
  hiddenSize: 5120,
  intermediateSize: 12_288,
  attentionHeads: 128,
  kvHeads: 128,
  headDim: 192,
  vocabSize: 102_400,
  tiedEmbeddings: false,
  attentionBias: false,
  queryKeyNorm: false,
  mla: { ...LATENT_ATTENTION, qLoraRank: 1536 },
  moe: { experts: 160, activeExperts: 6, sharedExperts: 2, intermediateSize: 1536, denseLayers: 1 },
};

const V2_README = 'deepseek-ai/DeepSeek-V2 README.md@ec98ee3';
const CODER_README = 'deepseek-ai/DeepSeek-Coder-V2 README.md@c59bc46';

function sources(readme: string, config: string): ModelEntry['sources'] {
  return {
    repository: readme,
    architecture: `deepseek-ai/DeepSeek-V3 inference/configs/${config}@9b4e978; ${readme}`,
    nativeDtype: readme,
    contextLength: `${readme} (card); max_position_embeddings 163840: gpustack tests/policies/candidate_selectors/conftest.py@47277d79`,
    licence: readme,
    gated: 'sgl-project/ome config/models/deepseek-ai/DeepSeek-V2.5.yaml@17b77ed',
  };
}

interface Variant {
  readonly repository: string;
  readonly card: number;
  readonly aliases?: readonly string[];
  readonly gated?: boolean;
  readonly checkpoints?: ModelEntry['checkpoints'];
}

function entry(architecture: ModelArchitecture, config: string, readme: string, variant: Variant): ModelEntry {
  const { repository, card, aliases = [], gated, checkpoints = {} } = variant;
  return {
    name: repository.replace(/^.*\//, '').toLowerCase(),
    aliases,
    repository,
    architecture,
    nativeDtype: 'bfloat16',
    contextLength: { card, config: 163_840 },
    licence: LICENCE,
    ...(gated === true && { gated }),
    checkpoints,
    sources: sources(readme, config),
  };
}

const lite = (readme: string, variant: Variant): ModelEntry => entry(V2_LITE, 'config_16B.json', readme, variant);
const large = (readme: string, variant: Variant): ModelEntry => entry(V2, 'config_236B.json', readme, variant);

const RED_HAT =
  'transformers tests (TokenizersBackendV5RoundtripIntegrationTest) and sglang python/sglang/test/test_utils.py';

/** DeepSeek-V2 and what was made from it: latent attention and experts, in 16-bit. */
export const V2_MODELS: readonly ModelEntry[] = [
  lite(V2_README, { repository: 'deepseek-ai/DeepSeek-V2-Lite', card: 32_768 }),
  lite(V2_README, {
    repository: 'deepseek-ai/DeepSeek-V2-Lite-Chat',
    card: 32_768,
    checkpoints: { GGUF: gguf('mradermacher/DeepSeek-V2-Lite-Chat-GGUF') },
  }),
  lite(CODER_README, { repository: 'deepseek-ai/DeepSeek-Coder-V2-Lite-Base', card: 131_072 }),
  lite(CODER_README, {
    repository: 'deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct',
    aliases: ['deepseek-coder-v2-lite'],
    card: 131_072,
    checkpoints: {
      FP8: channelFP8('RedHatAI/DeepSeek-Coder-V2-Lite-Instruct-FP8', RED_HAT),
      GGUF: gguf('bartowski/DeepSeek-Coder-V2-Lite-Instruct-GGUF'),
    },
  }),
  large(V2_README, { repository: 'deepseek-ai/DeepSeek-V2', card: 131_072 }),
  large(V2_README, { repository: 'deepseek-ai/DeepSeek-V2-Chat', card: 131_072 }),
  large(CODER_README, { repository: 'deepseek-ai/DeepSeek-Coder-V2-Base', card: 131_072 }),
  large(CODER_README, {
    repository: 'deepseek-ai/DeepSeek-Coder-V2-Instruct',
    aliases: ['deepseek-coder-v2'],
    card: 131_072,
  }),
  large(V2_README, {
    repository: 'deepseek-ai/DeepSeek-V2.5',
    card: 131_072,
    gated: true,
    checkpoints: { GGUF: gguf('bartowski/DeepSeek-V2.5-GGUF') },
  }),
];
