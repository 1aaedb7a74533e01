import type { ModelArchitecture } from '../catalog/index.ts';
import type { Parallelism } from './parallelism.ts';

/**
 * Bytes of KV cache that one token takes on the fullest rank: a key and a value per layer of the stage and per head
 * of the rank. With more ranks than KV heads each rank still holds a whole head, so more ranks save nothing.
 */
export function kvBytesPerTokenPerRank(
  { layers, kvHeads, headDim }: ModelArchitecture,
  { tensor, pipeline }: Parallelism,
  bytesPerElement: number,
): number {
  return 2 * Math.ceil(layers / pipeline) * Math.max(1, Math.ceil(kvHeads / tensor)) * headDim * bytesPerElement;
}
