import type { ArchitectureSpec, QuantizationSpec } from '../../operator/api/index.ts';
import {
  CATALOG,
  type LatentAttention,
  type MixtureOfExperts,
  type ModelArchitecture,
} from '../../operator/catalog/index.ts';
import { countParameters } from '../../operator/planner/weights.ts';
import { ConfigFields, invalidConfig, isObject, type JsonObject, notDescribable, oneLine } from './fields.ts';
import { contextOf, notesOn, quantizationOf } from './notes.ts';

/** What a Hugging Face config.json says, in the words of the API. */
export interface ImportedModel {
  /** `architectures[0]`; absent when the config does not say. */
  readonly className?: string;
  readonly architecture: ArchitectureSpec;
  /** What the weights are stored in; absent: bfloat16, or the config does not say. */
  readonly quantization?: QuantizationSpec;
  /** What could not be known, and what was left out. */
  readonly notes: readonly string[];
}

/** Reads the text of a config.json; `file` names it in errors. Throws CommandError. */
export function importConfig(text: string, file: string): ImportedModel {
  const whole = parse(text, file);
  // Models that also see or hear keep their language model's shape in text_config.
  const inner = isObject(whole['text_config']) ? whole['text_config'] : undefined;
  const config = new ConfigFields({ ...whole, ...inner }, file);
  const className = classNameOf(whole, file);
  refuseOtherKinds(config, className, file);

  const shape = shapeOf(config, className);
  const { tokens: maxContext, notes: contextNotes } = contextOf(config);
  config.check();
  const { total } = countParameters(shape);
  const quantization = quantizationOf(config);
  return {
    ...(className !== undefined && { className }),
    architecture: architectureSpec(shape, total, maxContext, config.has('head_dim')),
    ...(quantization.spec && { quantization: quantization.spec }),
    notes: [...contextNotes, ...quantization.notes, ...new Set(config.leftOut), ...notesOn(config, shape, className)],
  };
}

function parse(text: string, file: string): JsonObject {
  let value: unknown;
  try {
    // A config comes from anybody, and what it says ends up in comments and errors.
    value = JSON.parse(text, (_, member: unknown) => (typeof member === 'string' ? oneLine(member) : member));
  } catch (cause) {
    throw invalidConfig(`${file}: not JSON: ${oneLine((cause as Error).message)}`, { cause });
  }
  if (!isObject(value)) throw invalidConfig(`${file}: not a config.json: it holds no object`);
  if ('weight_map' in value) {
    throw invalidConfig(`${file}: this is the index of the weights; the shape is in config.json beside it`);
  }
  return value;
}

function classNameOf(config: JsonObject, file: string): string | undefined {
  const names = config['architectures'];
  const [name] = Array.isArray(names) ? (names as readonly unknown[]) : [];
  if (typeof name !== 'string') return undefined;
  if (!/^[A-Za-z0-9_.]+$/.test(name)) {
    throw invalidConfig(`${file}: architectures[0] should be the name of a class and is ${JSON.stringify(name)}`);
  }
  return name;
}

/** Fields of layers that keep a state instead of keys and values. */
const STATE_FIELDS = ['mamba_d_state', 'ssm_cfg', 'state_size', 'linear_num_key_heads', 'rwkv_version', 'lru_width'];

/** Says no to models whose memory `model.architecture` cannot describe: another kind of model, or of cache. */
function refuseOtherKinds(config: ConfigFields, className: string | undefined, file: string): void {
  const no = (why: string): never => {
    throw notDescribable(`${file}: ${why}`);
  };
  if (config.isTrue('is_encoder_decoder')) no('an encoder-decoder model, and model.architecture describes decoders');
  if (className !== undefined && !/(ForCausalLM|ForConditionalGeneration|LMHeadModel)$/.test(className)) {
    no(`${className} is not a model that generates text`);
  }
  const state = STATE_FIELDS.find((name) => config.has(name));
  const layerTypes = config.value('layer_types');
  const linear = Array.isArray(layerTypes) && layerTypes.some((type) => /linear|mamba|recurrent/.test(String(type)));
  if (state !== undefined || linear) {
    no(
      `some of its layers keep a state instead of keys and values (${state ?? 'layer_types'}), which model.architecture cannot describe`,
    );
  }
  if (config.has('index_n_heads') || config.has('index_head_dim')) {
    const sparse = CATALOG.models.filter(({ architecture }) => architecture.indexer).map(({ name }) => name);
    no(
      `its indexer of sparse attention (index_n_heads) caches keys of its own, which model.architecture cannot describe: name a model of the catalogue instead (model.name ${sparse.join(' or ')}), with your weights in model.source`,
    );
  }
  if (config.has('compress_ratios')) {
    no(
      'it compresses keys and values over tokens (compress_ratios), which model.architecture cannot describe: its memory can only be measured',
    );
  }
}

function shapeOf(config: ConfigFields, className: string | undefined): ModelArchitecture {
  const hiddenSize = config.count('hidden_size');
  const attentionHeads = config.count('num_attention_heads');
  const moe = mixtureOf(config);
  const mla = latentAttentionOf(config);
  return {
    className: className ?? 'custom',
    layers: config.count('num_hidden_layers'),
    hiddenSize,
    // A mixture without dense layers may leave it out.
    intermediateSize:
      moe === undefined
        ? config.count('intermediate_size')
        : (config.optionalCount('intermediate_size') ?? moe.intermediateSize),
    attentionHeads,
    kvHeads: config.optionalCount('num_key_value_heads') ?? attentionHeads,
    headDim:
      (mla === undefined ? config.optionalCount('head_dim') : undefined) ??
      Math.floor(hiddenSize / Math.max(1, attentionHeads)),
    vocabSize: config.count('vocab_size'),
    tiedEmbeddings: config.isTrue('tie_word_embeddings'),
    attentionBias: config.isTrue('attention_bias') || /^Qwen2/.test(className ?? ''),
    queryKeyNorm: /^Qwen3/.test(className ?? ''),
    ...(mla && { mla }),
    ...(moe && { moe }),
  };
}

function latentAttentionOf(config: ConfigFields): LatentAttention | undefined {
  if (!config.has('kv_lora_rank')) return undefined;
  const qLoraRank = config.optionalCount('q_lora_rank');
  return {
    kvLoraRank: config.count('kv_lora_rank'),
    ...(qLoraRank !== undefined && { qLoraRank }),
    qkNopeHeadDim: config.count('qk_nope_head_dim'),
    qkRopeHeadDim: config.count('qk_rope_head_dim'),
    vHeadDim: config.count('v_head_dim'),
  };
}

/** The experts, under the names that DeepSeek, Mixtral and Qwen have for them. */
function mixtureOf(config: ConfigFields): MixtureOfExperts | undefined {
  const experts = config.optionalCount('n_routed_experts', 'num_local_experts', 'num_experts');
  if (experts === undefined || experts <= 1) return undefined;
  const intermediateSize = config.optionalCount('moe_intermediate_size') ?? config.count('intermediate_size');
  const sharedWidth = config.optionalCount('shared_expert_intermediate_size') ?? 0;
  return {
    experts,
    activeExperts: config.count('num_experts_per_tok'),
    sharedExperts: config.optionalCount('n_shared_experts') ?? Math.round(sharedWidth / Math.max(1, intermediateSize)),
    intermediateSize,
    denseLayers: config.optionalCount('first_k_dense_replace') ?? 0,
  };
}

function architectureSpec(
  shape: ModelArchitecture,
  parameters: number,
  maxContext: number,
  ownHeadDim: boolean,
): ArchitectureSpec {
  const { layers, hiddenSize, intermediateSize, attentionHeads, kvHeads, headDim, vocabSize, mla, moe } = shape;
  return {
    parameters,
    layers,
    hiddenSize,
    intermediateSize,
    attentionHeads,
    kvHeads,
    ...(ownHeadDim && mla === undefined && { headDim }),
    vocabSize,
    maxContext,
    ...(mla && { mla }),
    ...(moe && { moe }),
  };
}
