import type { LatentAttention, ModelArchitecture, SparseIndexer } from '../catalog/index.ts';
import type { Parallelism } from './parallelism.ts';

/** Values that share a float32 scale in FP8 caches of latent attention. */
const FP8_GROUP = 128;

/**
 * Bytes of KV cache that one token takes on the fullest rank. Grouped-query attention: a key and a value per layer of
 * the stage and per head of the rank; with more ranks than KV heads each rank still holds a whole head, so more ranks
 * save nothing. Latent attention: one compressed vector per layer, which every tensor-parallel rank holds whole.
 */
export function kvBytesPerTokenPerRank(
  { layers, kvHeads, headDim, mla, indexer }: ModelArchitecture,
  { tensor, pipeline }: Parallelism,
  bytesPerElement: number,
): number {
  const stage = Math.ceil(layers / pipeline);
  if (mla !== undefined) return stage * (latentBytes(mla, indexer, bytesPerElement) + indexerBytes(indexer));
  return 2 * stage * Math.max(1, Math.ceil(kvHeads / tensor)) * headDim * bytesPerElement;
}

/**
 * One token's compressed keys and values in one layer. The FP8 layout of sparse attention (`fp8_ds_mla`) keeps the
 * rotary part in 16-bit and has scales: 512 + 4 x 4 + 64 x 2 = 656 bytes (vLLM v1/attention/backends/mla/flashmla_sparse.py).
 */
function latentBytes(
  { kvLoraRank, qkRopeHeadDim }: LatentAttention,
  indexer: SparseIndexer | undefined,
  bytesPerElement: number,
): number {
  return indexer !== undefined && bytesPerElement < 2
    ? kvLoraRank + 4 * Math.ceil(kvLoraRank / FP8_GROUP) + 2 * qkRopeHeadDim
    : (kvLoraRank + qkRopeHeadDim) * bytesPerElement;
}

/** The indexer's own key of one token in one layer: FP8 with a scale. Unverified: 132 bytes for 128 elements. */
function indexerBytes(indexer: SparseIndexer | undefined): number {
  return indexer === undefined ? 0 : indexer.headDim + 4 * Math.ceil(indexer.headDim / FP8_GROUP);
}
