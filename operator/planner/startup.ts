/** Where the engine reads the weights from. */
export type WeightsFrom = 'HuggingFace' | 'Volume' | 'Image';

/**
 * GiB per second, on the slow side of what is usual; none of it is a promise of a cloud. A download ends on the
 * node's disk and is read again from the page cache.
 */
const THROUGHPUT = {
  /** 100 MiB/s from the hub or a mirror. */
  download: 0.1,
  /** 500 MiB/s: local disk or page cache to GPU. */
  disk: 0.5,
  /** 200 MiB/s: a network file system. */
  network: 0.2,
} as const;

/** Imports, CUDA contexts, tokenizer: 39-49 s were measured for vLLM 0.32.0 on two slow cores. */
const START_SECONDS = 60;
/** torch.compile, CUDA graphs, memory profiling and warm-up. Unverified. */
const COMPILE_SECONDS = 120;
const MARGIN = 1.5;
const MINIMUM_SECONDS = 300;
const STEP_SECONDS = 30;

/** Seconds from the container's start to its first healthy answer, with margin. Pulling the engine's image is not in it. */
export function startupBudgetSeconds(checkpointGiB: number, from: WeightsFrom): number {
  const read =
    from === 'HuggingFace'
      ? checkpointGiB / THROUGHPUT.download + checkpointGiB / THROUGHPUT.disk
      : checkpointGiB / (from === 'Volume' ? THROUGHPUT.network : THROUGHPUT.disk);
  const seconds = (read + START_SECONDS + COMPILE_SECONDS) * MARGIN;
  return Math.max(MINIMUM_SECONDS, Math.ceil(seconds / STEP_SECONDS) * STEP_SECONDS);
}
