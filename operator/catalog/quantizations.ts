import type { QuantizationEntry } from './types.ts';

const LLM_COMPRESSOR =
  'llm-compressor model cards: only the linear layers of the blocks are quantized, one 16-bit scale per output channel';

/**
 * What each quantization costs in memory. Embeddings, output head and norms stay in 16-bit in all of the quantized types.
 * GGUF has a size per file type and is not computed here.
 */
export const QUANTIZATIONS: readonly QuantizationEntry[] = [
  {
    type: 'FP32',
    label: 'FP32',
    linearBytes: 4,
    scaleBytes: 0,
    otherBytes: 4,
    weights: 'Native',
    compute: 'float32',
    source: 'IEEE 754',
  },
  {
    type: 'BF16',
    label: 'BF16',
    linearBytes: 2,
    scaleBytes: 0,
    otherBytes: 2,
    weights: 'Native',
    compute: 'bfloat16',
    source: 'bfloat16',
  },
  {
    type: 'FP16',
    label: 'FP16',
    linearBytes: 2,
    scaleBytes: 0,
    otherBytes: 2,
    weights: 'Native',
    compute: 'float16',
    source: 'IEEE 754',
  },
  {
    type: 'FP8',
    label: 'FP8',
    linearBytes: 1,
    scaleBytes: 2,
    otherBytes: 2,
    weights: 'Online',
    compute: 'Native',
    source: `${LLM_COMPRESSOR}; vllm docs/features/quantization/fp8.md@405f4e1f (online from a 16-bit checkpoint)`,
  },
  {
    type: 'INT8',
    label: 'INT8 (W8A8)',
    linearBytes: 1,
    scaleBytes: 2,
    otherBytes: 2,
    weights: 'Prequantized',
    compute: 'Native',
    source: `${LLM_COMPRESSOR}; vllm docs/features/quantization/README.md@50feac95`,
  },
  {
    type: 'W8A16',
    label: 'INT8 weights (W8A16)',
    linearBytes: 1,
    scaleBytes: 2,
    otherBytes: 2,
    weights: 'Prequantized',
    compute: 'Native',
    source: `${LLM_COMPRESSOR}; vllm docs/features/quantization/README.md@50feac95`,
  },
  {
    type: 'AWQ',
    label: 'INT4 (AWQ)',
    linearBytes: 0.5,
    scaleBytes: 2.5,
    groupSize: 128,
    otherBytes: 2,
    weights: 'Prequantized',
    compute: 'float16',
    source: 'AutoAWQ GEMM layout: 4-bit weights, per group one fp16 scale and one packed 4-bit zero point',
  },
  {
    type: 'GPTQ',
    label: 'INT4 (GPTQ)',
    linearBytes: 0.5,
    scaleBytes: 2.5,
    groupSize: 128,
    otherBytes: 2,
    weights: 'Prequantized',
    compute: 'Native',
    source: 'GPTQ layout: 4-bit weights, per group one fp16 scale and one packed 4-bit zero point',
  },
];
