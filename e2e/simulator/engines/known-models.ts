/**
 * What an engine would read in a model's configuration, of the models that are served here: from their published
 * configurations (deepseek-ai on Hugging Face; deepseek-ai/DeepSeek-LLM@6712a86, DeepSeek-R1@0cf7856,
 * DeepSeek-V3 inference/configs@9b4e978). Written down a second time on purpose: the simulated engines stand for the
 * world, and must not believe the operator's catalogue.
 */
export interface KnownModel {
  /** Billions of parameters. */
  readonly parameters: number;
  readonly layers: number;
  readonly heads: number;
  /** 1 with latent attention, whose cache no rank shares. */
  readonly kvHeads: number;
  /** Elements that the cache keeps of one token in one layer. */
  readonly kvElements: number;
  /** Bytes per parameter of the published weights. */
  readonly nativeBytes: number;
}

/** Latent attention: 512 compressed elements and 64 of the rotary part. */
const LATENT = 576;

function dense(parameters: number, layers: number, heads: number, kvHeads: number): KnownModel {
  return { parameters, layers, heads, kvHeads, kvElements: 2 * kvHeads * 128, nativeBytes: 2 };
}

function latent(parameters: number, layers: number, heads: number, nativeBytes: number): KnownModel {
  return { parameters, layers, heads, kvHeads: 1, kvElements: LATENT, nativeBytes };
}

/** The first that matches: long names before their beginnings. */
const known: readonly (readonly [RegExp, KnownModel])[] = [
  [/deepseek-llm-67b/, dense(67.42, 95, 64, 8)],
  [/deepseek-llm-7b/, dense(6.91, 30, 32, 32)],
  [/r1-distill-qwen-1\.5b/, dense(1.78, 28, 12, 2)],
  [/r1-distill-qwen-7b/, dense(7.62, 28, 28, 4)],
  [/r1-distill-qwen-14b/, dense(14.77, 48, 40, 8)],
  [/r1-distill-qwen-32b/, dense(32.76, 64, 40, 8)],
  [/r1-distill-llama-8b/, dense(8.03, 32, 32, 8)],
  [/r1-distill-llama-70b/, dense(70.55, 80, 64, 8)],
  [/r1-0528-qwen3-8b/, dense(8.19, 36, 32, 8)],
  [/v2-lite/, latent(15.7, 27, 16, 2)],
  [/deepseek-(coder-)?v2/, latent(235.7, 60, 128, 2)],
  [/deepseek-(v3|r1)/, latent(671, 61, 128, 1)],
];

/** The model behind a repository, a path or a file name; undefined when nothing is known about it. */
export function knownModel(name: string): KnownModel | undefined {
  const lower = name.toLowerCase();
  return known.find(([pattern]) => pattern.test(lower))?.[1];
}

/** Bits per weight of GGUF files (ggml-org/llama.cpp tools/quantize/README.md@311c2c9f). */
const ggufBits: readonly (readonly [RegExp, number])[] = [
  [/q2_k/, 3.16],
  [/iq4_xs/, 4.46],
  [/q4_k_s/, 4.67],
  [/q4(_k_m|_k|_0)?/, 4.5],
  [/q5/, 5.5],
  [/q6_k/, 6.5],
  [/q8_0/, 8.5],
  [/bf16|f16/, 16],
  [/f32/, 32],
];

/** Bytes that one weight takes, as the name of the repository or file says; never more than it really is. */
export function bytesPerWeight(name: string, model: KnownModel): number {
  const lower = name.toLowerCase();
  if (/gguf/.test(lower) || /\bq\d/.test(lower)) {
    const bits = ggufBits.find(([pattern]) => pattern.test(lower))?.[1];
    if (bits !== undefined) return bits / 8;
  }
  if (/awq|gptq.?int4|gptq|int4|w4a16|4bit/.test(lower)) return 0.55;
  if (/w8a8|w8a16|int8|fp8/.test(lower)) return 1.02;
  if (/bf16|fp16/.test(lower)) return 2;
  return model.nativeBytes;
}
