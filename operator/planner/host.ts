import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import type { DeviceKind } from '../catalog/index.ts';
import type { ServingPlan } from './types.ts';
import { formatBytes, formatGiB, GIB, parseQuantity, round } from './units.ts';

/** API server, tokenizer and engine core: Python processes with torch loaded. Unverified, about what vLLM 0.x shows. */
const SERVER_GIB = 3;
/** One worker process per GPU, with its CUDA context and pinned buffers. Unverified. */
const WORKER_GIB = 3;
/** Hugging Face's default size of a weights file: read ahead while it is copied to the GPU. */
const SHARD_GIB = 5;
/** What the streamer of object storage buffers on its way to the GPU, per process; it is told so (40 GB by default). */
export const STREAM_BUFFER_GIB = 4;
/** NCCL and the workers' message queues, per GPU; published manifests use 2 to 15 GiB for tensor parallelism. */
const SHARED_MEMORY_GIB = 2;
const LIMIT_FACTOR = 1.25;
/** Logs, compile caches, temporary files. */
const SCRATCH_GIB = 4;

/** Cores that a server on the CPU asks for: some, and more for larger models. Unverified: memory limits it, not cores. */
const CPU_CORES = { least: 4, perWeightsGiB: 1, most: 32 } as const;

/** What the container's size depends on. */
export interface HostInputs {
  readonly device: DeviceKind;
  readonly gpus: number;
  readonly checkpointGiB: number;
  /** Whether each pod downloads to the disk of its node. */
  readonly downloads: boolean;
  /** The weights come from object storage straight into the engine. */
  readonly streamed: boolean;
  /** Weights, overhead and KV cache of one rank. */
  readonly servingGiB: number;
  readonly weightsGiB: number;
}

/**
 * CPU, host memory and disk of the engine's container. Without GPU memory of its own a model lies in the host's: then
 * the request is weights, overhead and KV cache.
 */
export function planHost(
  { model, resources }: DeepSeekDeploymentSpec,
  { device, gpus, checkpointGiB, downloads, streamed, servingGiB, weightsGiB }: HostInputs,
): { readonly host: ServingPlan['host']; readonly warnings: readonly string[] } {
  const sharedMemoryGiB = gibibytes(resources?.sharedMemory) ?? (gpus > 1 ? gpus * SHARED_MEMORY_GIB : 1);
  const readAheadGiB = streamed ? gpus * STREAM_BUFFER_GIB : Math.min(checkpointGiB, SHARD_GIB);
  // A memory-backed /dev/shm counts against the container's memory.
  const needed = Math.ceil(
    device === 'GPU'
      ? SERVER_GIB + gpus * WORKER_GIB + readAheadGiB + sharedMemoryGiB
      : servingGiB + (streamed ? STREAM_BUFFER_GIB : 0),
  );
  const cores =
    device === 'CPU'
      ? Math.min(CPU_CORES.most, CPU_CORES.least + Math.ceil(weightsGiB * CPU_CORES.perWeightsGiB))
      : 2 + 2 * gpus;
  const wanted = gibibytes(resources?.memory);
  const disk = downloads ? Math.ceil(checkpointGiB * 1.05 + SCRATCH_GIB) : 0;
  const sizeLimit = downloads ? model.source?.cache?.emptyDir?.sizeLimit : undefined;
  const limit = gibibytes(sizeLimit);
  return {
    host: {
      cpu: String(resources?.cpu ?? cores),
      memoryRequestGiB: wanted ?? needed,
      memoryLimitGiB: wanted ?? Math.ceil(needed * LIMIT_FACTOR),
      sharedMemoryGiB,
      ephemeralStorageGiB: limit ?? disk,
    },
    warnings: [
      ...(wanted !== undefined && wanted < needed
        ? [`resources.memory is ${given(resources?.memory)}, and the engine is expected to need ${formatGiB(needed)}`]
        : []),
      ...(limit !== undefined && limit < checkpointGiB
        ? [
            `model.source.cache.emptyDir.sizeLimit is ${given(sizeLimit)}, and the weights are ${formatGiB(checkpointGiB)}: every pod would be evicted while it downloads them; set it to ${disk}Gi, or leave it out`,
          ]
        : []),
    ],
  };
}

/** The size that a quantity stands for. `100m` is a tenth of a byte, and hardly meant. */
function given(quantity: string | number = 0): string {
  const size = formatBytes(parseQuantity(quantity) ?? 0);
  return typeof quantity === 'string' && quantity.endsWith('m')
    ? `${size} (in ${quantity}, m means thousandths: write Mi or Gi)`
    : size;
}

/** What the spec gives a container of host memory, GiB. */
export function hostMemoryGiB({ resources }: DeepSeekDeploymentSpec): number | undefined {
  return gibibytes(resources?.memory);
}

function gibibytes(quantity: string | number | undefined): number | undefined {
  const bytes = quantity === undefined ? undefined : parseQuantity(quantity);
  return bytes === undefined || bytes <= 0 ? undefined : Math.max(round(bytes / GIB, 3), 0.001);
}
