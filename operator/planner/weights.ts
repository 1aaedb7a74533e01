import type { CheckpointFormat, ModelArchitecture, QuantizationEntry } from '../catalog/index.ts';
import { expertSplit } from './parallelism.ts';
import type { Parallelism } from './parallelism.ts';

/** How weights are stored: what their size depends on beside the shape of the model. */
export interface WeightFormat {
  readonly entry: QuantizationEntry;
  /** Weights that share a scale, or the width of a block; absent: one scale per output channel. */
  readonly groupSize?: number;
  /** Layout of the checkpoint, where it matters: `fp8-block` has one float32 scale per block of 128 x 128. */
  readonly format?: CheckpointFormat;
  /** File type, such as Q4_K_M. GGUF only. */
  readonly ggufType?: string;
  /** Bytes of the weights files, where published: they win over what the shape gives. */
  readonly checkpointBytes?: number;
  /** Share of those bytes that engines load; default 1. */
  readonly loadedShare?: number;
}

/** Parameters of a decoder-only transformer, by what quantization and sharding do to them. */
export interface ParameterCount {
  /** Linear layers of all blocks: what quantization makes smaller. */
  readonly linear: number;
  /** Of those, the key and value projections. They are replicated when there are more ranks than KV heads. */
  readonly keyValueProjections: number;
  /** Of those, what every rank holds whole: the down-projections of latent attention, and the indexer. */
  readonly replicated: number;
  /** Of those, the routed experts. */
  readonly routedExperts: number;
  /** Output channels of the linear layers: a per-channel scale each. */
  readonly linearOutputs: number;
  /** Embedding, and the output head if it has a matrix of its own. */
  readonly embeddings: number;
  /** Norms, biases and the routers of experts: in 16-bit, and whole on every rank. */
  readonly small: number;
  readonly total: number;
}

interface Layers {
  readonly dense: number;
  readonly moe: number;
}

/** Counts the parameters of an architecture; a stated total wins over the count of its linear layers. */
export function countParameters(architecture: ModelArchitecture): ParameterCount {
  return count(architecture, allLayers(architecture));
}

function count(architecture: ModelArchitecture, layers: Layers): ParameterCount {
  const { hiddenSize, vocabSize, parameters } = architecture;
  const embeddings = vocabSize * hiddenSize * (architecture.tiedEmbeddings ? 1 : 2);
  const counted = countLayers(architecture, layers);
  const small = hiddenSize + counted.small;
  if (parameters === undefined) return { ...counted, embeddings, small, total: counted.linear + embeddings + small };
  const all = countLayers(architecture, allLayers(architecture));
  const stated = Math.max(parameters - embeddings - hiddenSize - all.small, 0);
  const factor = all.linear === 0 ? 0 : stated / all.linear;
  const linear = counted.linear * factor;
  return {
    linear,
    keyValueProjections: counted.keyValueProjections * factor,
    replicated: counted.replicated * factor,
    routedExperts: counted.routedExperts * factor,
    linearOutputs: counted.linearOutputs,
    embeddings,
    small,
    total: linear + embeddings + small,
  };
}

const allLayers = ({ layers, moe }: ModelArchitecture): Layers => {
  const dense = moe === undefined ? layers : Math.min(moe.denseLayers, layers);
  return { dense, moe: layers - dense };
};

/** Layers of the fullest pipeline stage. Experts take more than dense layers: the stage that has most of them. */
function stageLayers(architecture: ModelArchitecture, pipeline: number): Layers {
  const all = allLayers(architecture);
  const stage = Math.ceil(architecture.layers / pipeline);
  const moe = Math.min(stage, all.moe);
  return { dense: stage - moe, moe };
}

type LayerCount = Omit<ParameterCount, 'embeddings' | 'total'>;

function countLayers(architecture: ModelArchitecture, { dense, moe: moeLayers }: Layers): LayerCount {
  const { hiddenSize, intermediateSize, moe } = architecture;
  const attention = architecture.mla === undefined ? groupedAttention(architecture) : latentAttention(architecture);
  const mlp = (width: number): number => 3 * hiddenSize * width;
  const outputs = (width: number): number => 2 * width + hiddenSize;
  const { experts = 0, sharedExperts = 0, intermediateSize: expertSize = 0 } = moe ?? {};
  const layers = dense + moeLayers;
  const routedExperts = moeLayers * experts * mlp(expertSize);
  return {
    linear:
      layers * attention.linear +
      dense * mlp(intermediateSize) +
      moeLayers * mlp(sharedExperts * expertSize) +
      routedExperts,
    keyValueProjections: layers * attention.keyValueProjections,
    replicated: layers * attention.replicated,
    routedExperts,
    linearOutputs:
      layers * attention.outputs +
      dense * outputs(intermediateSize) +
      moeLayers * (experts * outputs(expertSize) + (sharedExperts > 0 ? outputs(sharedExperts * expertSize) : 0)),
    small: layers * (2 * hiddenSize + attention.small) + moeLayers * experts * (hiddenSize + 1),
  };
}

/** One layer's attention. */
interface AttentionCount {
  readonly linear: number;
  readonly keyValueProjections: number;
  readonly replicated: number;
  readonly outputs: number;
  readonly small: number;
}

function groupedAttention(architecture: ModelArchitecture): AttentionCount {
  const { hiddenSize, attentionHeads, kvHeads, headDim } = architecture;
  const queryWidth = attentionHeads * headDim;
  const keyValueWidth = 2 * kvHeads * headDim;
  return {
    linear: 2 * hiddenSize * queryWidth + hiddenSize * keyValueWidth,
    keyValueProjections: hiddenSize * keyValueWidth,
    replicated: 0,
    outputs: queryWidth + keyValueWidth + hiddenSize,
    small:
      (architecture.attentionBias ? queryWidth + keyValueWidth : 0) + (architecture.queryKeyNorm ? 2 * headDim : 0),
  };
}

/** Down- and up-projections as in deepseek-ai/DeepSeek-V3 inference/model.py@9b4e978, and V3.2's indexer. */
function latentAttention({ hiddenSize, attentionHeads, mla, indexer }: ModelArchitecture): AttentionCount {
  const { kvLoraRank, qLoraRank, qkNopeHeadDim, qkRopeHeadDim, vHeadDim } = mla ?? NO_LATENT;
  const queryWidth = attentionHeads * (qkNopeHeadDim + qkRopeHeadDim);
  const valueWidth = attentionHeads * vHeadDim;
  const expandedWidth = attentionHeads * (qkNopeHeadDim + vHeadDim);
  const latentWidth = kvLoraRank + qkRopeHeadDim;
  const queryInput = qLoraRank ?? hiddenSize;
  const index =
    indexer === undefined
      ? 0
      : queryInput * indexer.heads * indexer.headDim + hiddenSize * (indexer.headDim + indexer.heads);
  const replicated = hiddenSize * ((qLoraRank ?? 0) + latentWidth) + index;
  return {
    linear: replicated + queryInput * queryWidth + kvLoraRank * expandedWidth + valueWidth * hiddenSize,
    keyValueProjections: 0,
    replicated,
    outputs: (qLoraRank ?? 0) + latentWidth + queryWidth + expandedWidth + hiddenSize,
    small: (qLoraRank ?? 0) + kvLoraRank,
  };
}

const NO_LATENT = { kvLoraRank: 0, qLoraRank: undefined, qkNopeHeadDim: 0, qkRopeHeadDim: 0, vHeadDim: 0 };

/** Weights of one block that share a scale in the FP8 checkpoints that DeepSeek publishes. */
const FP8_BLOCK = 128 * 128;
/** The file type that llama.cpp itself takes when none is said: the usual compromise of size and quality. */
export const DEFAULT_GGUF_TYPE = 'Q4_K_M';
/** Of a file type that the catalogue does not know: more than any that is quantized. */
const UNKNOWN_GGUF_BITS = 16;

/** Bytes of one linear parameter with its share of the scales. */
function bytesPerLinear(parameters: ParameterCount, { entry, groupSize, format }: WeightFormat): number {
  if (format === 'fp8-block') return entry.linearBytes + 4 / FP8_BLOCK;
  if (groupSize !== undefined) return entry.linearBytes + entry.scaleBytes / groupSize;
  const scales = parameters.linear === 0 ? 0 : (parameters.linearOutputs / parameters.linear) * entry.scaleBytes;
  return entry.linearBytes + scales;
}

/** Bytes of one parameter of a GGUF file, all kinds of tensors averaged; undefined for every other format. */
function ggufBytes({ entry, ggufType }: WeightFormat): number | undefined {
  if (entry.ggufBitsPerWeight === undefined) return undefined;
  return (entry.ggufBitsPerWeight[ggufType ?? DEFAULT_GGUF_TYPE] ?? UNKNOWN_GGUF_BITS) / 8;
}

/** Bytes of all weights that an engine loads, from the shape of the model alone. */
export function weightBytes(architecture: ModelArchitecture, weights: WeightFormat): number {
  const parameters = countParameters(architecture);
  const gguf = ggufBytes(weights);
  if (gguf !== undefined) return parameters.total * gguf;
  return (
    parameters.linear * bytesPerLinear(parameters, weights) +
    (parameters.embeddings + parameters.small) * weights.entry.otherBytes
  );
}

/** Bytes of the weights files: as published, else from the shape. */
export function checkpointBytes(architecture: ModelArchitecture, weights: WeightFormat): number {
  return weights.checkpointBytes ?? weightBytes(architecture, weights);
}

/**
 * Bytes of weights on the fullest rank. Linear layers and embeddings are divided by the tensor-parallel size, key and
 * value projections only down to one head a rank, the down-projections of latent attention not at all, and experts by
 * ranks or each by its width; a pipeline stage holds its layers, and at most one of embedding and output head.
 */
export function weightBytesPerRank(
  architecture: ModelArchitecture,
  weights: WeightFormat,
  parallelism: Parallelism,
): number {
  const { tensor, pipeline } = parallelism;
  const stage = count(architecture, stageLayers(architecture, pipeline));
  const { keyValueProjections, replicated, routedExperts } = stage;
  const linear =
    (stage.linear - keyValueProjections - replicated - routedExperts) / tensor +
    keyValueProjections / Math.min(tensor, architecture.kvHeads) +
    replicated +
    routedExperts * expertSplit(architecture, parallelism);
  const embeddings = (pipeline > 1 && !architecture.tiedEmbeddings ? stage.embeddings / 2 : stage.embeddings) / tensor;
  const gguf = ggufBytes(weights);
  const bytes =
    gguf === undefined
      ? linear * bytesPerLinear(stage, weights) + (embeddings + stage.small) * weights.entry.otherBytes
      : (linear + embeddings + stage.small) * gguf;
  return bytes * publishedFactor(architecture, weights);
}

/** What the published files are larger or smaller than the shape says, without what engines do not load. */
function publishedFactor(architecture: ModelArchitecture, weights: WeightFormat): number {
  if (weights.checkpointBytes === undefined) return 1;
  const computed = weightBytes(architecture, weights);
  return computed > 0 ? (weights.checkpointBytes * (weights.loadedShare ?? 1)) / computed : 1;
}
