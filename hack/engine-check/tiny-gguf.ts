import { encodeGguf } from './gguf.ts';
import type { GgufTensor } from './gguf.ts';
import { randomWeights } from './random-weights.ts';

/** Sizes of the tiny model: large enough for every step of inference, small enough to load at once. */
const LAYERS = 2;
const WIDTH = 64;
const HEADS = 4;
const FEED_FORWARD = 128;
/** What the model says it was trained for; the command line asks for no more. */
const CONTEXT = 16_384;

/** `llama_token_type`. */
const TOKEN = { unknown: 2, control: 3, byte: 6 } as const;

/** Three control tokens and one for each byte. */
const TOKENS = [
  '<unk>',
  '<s>',
  '</s>',
  ...Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
];

/**
 * A Llama model of random weights with a vocabulary of bytes, as a GGUF file of half a megabyte: its answers are noise,
 * and everything around them is real.
 */
export function tinyGguf(seed = 1): Buffer {
  let tensors = 0;
  const matrix = (name: string, columns: number, rows: number): GgufTensor => ({
    name: `${name}.weight`,
    shape: [columns, rows],
    data: randomWeights(seed + tensors++, columns * rows),
  });
  const norm = (name: string): GgufTensor => ({
    name: `${name}.weight`,
    shape: [WIDTH],
    data: new Float32Array(WIDTH).fill(1),
  });
  const layer = (index: number): GgufTensor[] => {
    const block = `blk.${index}`;
    return [
      norm(`${block}.attn_norm`),
      ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name) => matrix(`${block}.${name}`, WIDTH, WIDTH)),
      norm(`${block}.ffn_norm`),
      matrix(`${block}.ffn_gate`, WIDTH, FEED_FORWARD),
      matrix(`${block}.ffn_up`, WIDTH, FEED_FORWARD),
      matrix(`${block}.ffn_down`, FEED_FORWARD, WIDTH),
    ];
  };
  return encodeGguf(
    {
      'general.architecture': { type: 'string', value: 'llama' },
      'general.name': { type: 'string', value: 'tiny' },
      'llama.block_count': { type: 'uint32', value: LAYERS },
      'llama.context_length': { type: 'uint32', value: CONTEXT },
      'llama.embedding_length': { type: 'uint32', value: WIDTH },
      'llama.feed_forward_length': { type: 'uint32', value: FEED_FORWARD },
      'llama.attention.head_count': { type: 'uint32', value: HEADS },
      'llama.attention.head_count_kv': { type: 'uint32', value: HEADS },
      'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-5 },
      'llama.rope.dimension_count': { type: 'uint32', value: WIDTH / HEADS },
      'tokenizer.ggml.model': { type: 'string', value: 'llama' },
      'tokenizer.ggml.tokens': { type: 'strings', value: TOKENS },
      'tokenizer.ggml.scores': { type: 'float32s', value: TOKENS.map(() => 0) },
      'tokenizer.ggml.token_type': {
        type: 'int32s',
        value: TOKENS.map((_, index) => (index === 0 ? TOKEN.unknown : index < 3 ? TOKEN.control : TOKEN.byte)),
      },
      'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 1 },
      'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 2 },
      'tokenizer.ggml.unknown_token_id': { type: 'uint32', value: 0 },
    },
    [
      matrix('token_embd', WIDTH, TOKENS.length),
      norm('output_norm'),
      matrix('output', WIDTH, TOKENS.length),
      ...Array.from({ length: LAYERS }, (_, index) => layer(index)).flat(),
    ],
  );
}
