import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomWeights } from './random-weights.ts';

const LAYERS = 2;
const WIDTH = 128;
const HEADS = 4;
const KV_HEADS = 2;
const FEED_FORWARD = 256;
const CONTEXT = 4096;
const SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|pad|>'] as const;
const VOCABULARY = 256 + SPECIAL.length;

/** Weights this small keep random layers from overflowing. */
const SCALE = 0.1;

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Writes a Qwen2 checkpoint of random weights as Hugging Face's libraries read it: safetensors, configuration, and a
 * tokenizer of bytes. One megabyte.
 */
export async function writeTinyCheckpoint(dir: string, seed = 1): Promise<void> {
  await mkdir(dir, { recursive: true });
  await Promise.all([
    writeFile(join(dir, 'model.safetensors'), safetensors(tensors(seed))),
    writeFile(join(dir, 'config.json'), JSON.stringify(config)),
    writeFile(join(dir, 'generation_config.json'), JSON.stringify({ eos_token_id: 256, pad_token_id: 259 })),
    writeFile(join(dir, 'tokenizer.json'), JSON.stringify(tokenizer())),
    writeFile(join(dir, 'tokenizer_config.json'), JSON.stringify(tokenizerConfig)),
  ]);
}

const config = {
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  hidden_size: WIDTH,
  intermediate_size: FEED_FORWARD,
  num_hidden_layers: LAYERS,
  num_attention_heads: HEADS,
  num_key_value_heads: KV_HEADS,
  hidden_act: 'silu',
  max_position_embeddings: CONTEXT,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  vocab_size: VOCABULARY,
  tie_word_embeddings: false,
  bos_token_id: 256,
  eos_token_id: 256,
  torch_dtype: 'float32',
  use_sliding_window: false,
};

function tensors(seed: number): Tensor[] {
  let count = 0;
  const matrix = (name: string, rows: number, columns: number): Tensor => ({
    name: `${name}.weight`,
    shape: [rows, columns],
    data: randomWeights(seed + count++, rows * columns).map((weight) => weight * SCALE),
  });
  const filled = (name: string, length: number, value: number): Tensor => ({
    name,
    shape: [length],
    data: new Float32Array(length).fill(value),
  });
  const key = (WIDTH / HEADS) * KV_HEADS;
  const layer = (index: number): Tensor[] => {
    const prefix = `model.layers.${index}`;
    const attention = `${prefix}.self_attn`;
    return [
      filled(`${prefix}.input_layernorm.weight`, WIDTH, 1),
      filled(`${prefix}.post_attention_layernorm.weight`, WIDTH, 1),
      matrix(`${attention}.q_proj`, WIDTH, WIDTH),
      matrix(`${attention}.k_proj`, key, WIDTH),
      matrix(`${attention}.v_proj`, key, WIDTH),
      matrix(`${attention}.o_proj`, WIDTH, WIDTH),
      filled(`${attention}.q_proj.bias`, WIDTH, 0),
      filled(`${attention}.k_proj.bias`, key, 0),
      filled(`${attention}.v_proj.bias`, key, 0),
      matrix(`${prefix}.mlp.gate_proj`, FEED_FORWARD, WIDTH),
      matrix(`${prefix}.mlp.up_proj`, FEED_FORWARD, WIDTH),
      matrix(`${prefix}.mlp.down_proj`, WIDTH, FEED_FORWARD),
    ];
  };
  return [
    matrix('model.embed_tokens', VOCABULARY, WIDTH),
    filled('model.norm.weight', WIDTH, 1),
    matrix('lm_head', VOCABULARY, WIDTH),
    ...Array.from({ length: LAYERS }, (_, index) => layer(index)).flat(),
  ];
}

/** The format: eight bytes of length, a JSON header with offsets, the numbers (huggingface/safetensors README). */
function safetensors(list: readonly Tensor[]): Buffer {
  let offset = 0;
  const header: Record<string, object> = {};
  for (const { name, shape, data } of list) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...list.map(({ data }) => Buffer.from(data.buffer))]);
}

/** GPT-2's printable stand-ins for bytes: printable ones are themselves, the others follow after U+0100. */
function byteCharacters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

function tokenizer(): object {
  const vocabulary = Object.fromEntries(byteCharacters().map((character, byte) => [character, byte]));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, index) => ({
      id: 256 + index,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: byteLevel,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: vocabulary,
      merges: [],
    },
  };
}

const tokenizerConfig = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  eos_token: SPECIAL[0],
  pad_token: SPECIAL[3],
  model_max_length: CONTEXT,
  clean_up_tokenization_spaces: false,
  chat_template:
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
};
