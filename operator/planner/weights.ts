import type { ModelArchitecture, QuantizationEntry } from '../catalog/index.ts';
import type { Parallelism } from './parallelism.ts';

/** Parameters of a dense decoder-only transformer, by what quantization does to them. */
export interface ParameterCount {
  /** Linear layers of all blocks: what quantization makes smaller. */
  readonly linear: number;
  /** Of those, the key and value projections. They are replicated when there are more ranks than KV heads. */
  readonly keyValueProjections: number;
  /** Output channels of the linear layers: a per-channel scale each. */
  readonly linearOutputs: number;
  /** Embedding, and the output head if it has a matrix of its own. */
  readonly embeddings: number;
  /** Norms and biases. */
  readonly small: number;
  readonly total: number;
}

/** Counts the parameters of an architecture; a stated total wins over the count of its linear layers. */
export function countParameters(architecture: ModelArchitecture): ParameterCount {
  const { layers, hiddenSize, intermediateSize, attentionHeads, kvHeads, headDim, vocabSize } = architecture;
  const queryWidth = attentionHeads * headDim;
  const keyValueWidth = 2 * kvHeads * headDim;
  const keyValueProjections = layers * hiddenSize * keyValueWidth;
  const counted = layers * (2 * hiddenSize * queryWidth + 3 * hiddenSize * intermediateSize) + keyValueProjections;
  const embeddings = vocabSize * hiddenSize * (architecture.tiedEmbeddings ? 1 : 2);
  const small =
    hiddenSize +
    layers *
      (2 * hiddenSize +
        (architecture.attentionBias ? queryWidth + keyValueWidth : 0) +
        (architecture.queryKeyNorm ? 2 * headDim : 0));
  const linear =
    architecture.parameters === undefined ? counted : Math.max(architecture.parameters - embeddings - small, 0);
  return {
    linear,
    keyValueProjections: Math.min(keyValueProjections, linear),
    linearOutputs: layers * (queryWidth + keyValueWidth + 2 * hiddenSize + 2 * intermediateSize),
    embeddings,
    small,
    total: linear + embeddings + small,
  };
}

/** Bytes of one linear parameter with its share of the scales. */
function bytesPerLinear(count: ParameterCount, quantization: QuantizationEntry, groupSize: number | undefined): number {
  if (groupSize !== undefined) return quantization.linearBytes + quantization.scaleBytes / groupSize;
  const scales = count.linear === 0 ? 0 : (count.linearOutputs / count.linear) * quantization.scaleBytes;
  return quantization.linearBytes + scales;
}

/** Bytes of all weights: the size of the checkpoint. `groupSize` is that of the checkpoint, if it has groups. */
export function weightBytes(
  architecture: ModelArchitecture,
  quantization: QuantizationEntry,
  groupSize?: number,
): number {
  const count = countParameters(architecture);
  return (
    count.linear * bytesPerLinear(count, quantization, groupSize) +
    (count.embeddings + count.small) * quantization.otherBytes
  );
}

/**
 * Bytes of weights on the fullest rank. Linear layers and embeddings are divided by the tensor-parallel size, key and
 * value projections only down to one head a rank; a pipeline stage holds its layers, and at most one of embedding and
 * output head.
 */
export function weightBytesPerRank(
  architecture: ModelArchitecture,
  quantization: QuantizationEntry,
  { tensor, pipeline }: Parallelism,
  groupSize?: number,
): number {
  const count = countParameters(architecture);
  const stage = Math.ceil(architecture.layers / pipeline) / architecture.layers;
  const linear =
    (count.linear - count.keyValueProjections) / tensor +
    count.keyValueProjections / Math.min(tensor, architecture.kvHeads);
  const embeddings = pipeline > 1 && !architecture.tiedEmbeddings ? count.embeddings / 2 : count.embeddings;
  return (
    stage * linear * bytesPerLinear(count, quantization, groupSize) +
    (embeddings / tensor + stage * count.small) * quantization.otherBytes
  );
}
