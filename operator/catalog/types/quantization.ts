import type { QuantizationType } from '../../api/index.ts';

export interface QuantizationEntry {
  readonly type: QuantizationType;
  /** For people, e.g. `INT8 (W8A8)`. */
  readonly label: string;
  /** Bytes of one parameter of the transformer blocks' linear layers, without scales. */
  readonly linearBytes: number;
  /** Bytes of scales and zero points per group of `groupSize` weights, or per output channel if there are no groups. */
  readonly scaleBytes: number;
  /** Weights in a group when the checkpoint does not say; absent for per-channel and unquantized types. */
  readonly groupSize?: number;
  /** Bytes of one parameter of embeddings, output head and norms. */
  readonly otherBytes: number;
  /**
   * Where the weights come from: the checkpoint as published (`Native`), a repository that was quantized beforehand
   * (`Prequantized`), or either, the engine quantizing while it loads (`Online`).
   */
  readonly weights: 'Native' | 'Prequantized' | 'Online';
  /** What the engine computes in; `Native` is the checkpoint's dtype where the GPU has it, else float16. */
  readonly compute: 'float32' | 'bfloat16' | 'float16' | 'Native';
  /** GGUF only: bits of one weight by file type, scales and all kinds of tensors averaged in. */
  readonly ggufBitsPerWeight?: Readonly<Record<string, number>>;
  readonly source: string;
}
