import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import type { ServingPlan } from './types.ts';
import { formatGiB, GIB, parseQuantity, round } from './units.ts';

/** API server, tokenizer and engine core: Python processes with torch loaded. Unverified, about what vLLM 0.x shows. */
const SERVER_GIB = 3;
/** One worker process per GPU, with its CUDA context and pinned buffers. Unverified. */
const WORKER_GIB = 3;
/** Hugging Face's default size of a weights file: read ahead while it is copied to the GPU. */
const SHARD_GIB = 5;
/** NCCL and the workers' message queues, per GPU; published manifests use 2 to 15 GiB for tensor parallelism. */
const SHARED_MEMORY_GIB = 2;
const LIMIT_FACTOR = 1.25;
/** Logs, compile caches, temporary files. */
const SCRATCH_GIB = 4;

/** CPU, host memory and disk of the engine's container. */
export function planHost(
  spec: DeepSeekDeploymentSpec,
  gpus: number,
  checkpointGiB: number,
  downloads: boolean,
): { readonly host: ServingPlan['host']; readonly warnings: readonly string[] } {
  const { resources } = spec;
  const sharedMemoryGiB = gibibytes(resources?.sharedMemory) ?? (gpus > 1 ? gpus * SHARED_MEMORY_GIB : 1);
  // A memory-backed /dev/shm counts against the container's memory.
  const needed = Math.ceil(SERVER_GIB + gpus * WORKER_GIB + Math.min(checkpointGiB, SHARD_GIB) + sharedMemoryGiB);
  const wanted = gibibytes(resources?.memory);
  return {
    host: {
      cpu: String(resources?.cpu ?? 2 + 2 * gpus),
      memoryRequestGiB: wanted ?? needed,
      memoryLimitGiB: wanted ?? Math.ceil(needed * LIMIT_FACTOR),
      sharedMemoryGiB,
      ephemeralStorageGiB: downloads ? Math.ceil(checkpointGiB * 1.05 + SCRATCH_GIB) : 0,
    },
    warnings:
      wanted !== undefined && wanted < needed
        ? [`resources.memory is ${formatGiB(wanted)}, and the engine is expected to need ${formatGiB(needed)}`]
        : [],
  };
}

function gibibytes(quantity: string | number | undefined): number | undefined {
  const bytes = quantity === undefined ? undefined : parseQuantity(quantity);
  return bytes === undefined || bytes <= 0 ? undefined : Math.max(round(bytes / GIB, 3), 0.001);
}
