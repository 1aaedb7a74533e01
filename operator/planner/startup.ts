import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import type { Parallelism } from './parallelism.ts';
import type { EngineVersion } from '../catalog/index.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { ServingPlan } from './types.ts';
import type { Workload } from './workload.ts';

/** Where the engine reads the weights from. */
export type WeightsFrom = 'HuggingFace' | 'Volume' | 'Image' | 'ObjectStorage';

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
    from === 'HuggingFace' || from === 'ObjectStorage'
      ? checkpointGiB / THROUGHPUT.download + checkpointGiB / THROUGHPUT.disk
      : checkpointGiB / (from === 'Volume' ? THROUGHPUT.network : THROUGHPUT.disk);
  const seconds = (read + START_SECONDS + COMPILE_SECONDS) * MARGIN;
  return Math.max(MINIMUM_SECONDS, Math.ceil(seconds / STEP_SECONDS) * STEP_SECONDS);
}

/** The source that the spec names; the hub by default. */
export function weightsFrom({ model: { source } }: DeepSeekDeploymentSpec): WeightsFrom | Refusal {
  if (source?.objectStorage !== undefined) {
    const { uri, endpoint } = source.objectStorage;
    return uri.startsWith('oss://') && endpoint === undefined
      ? refuse(
          'UnsupportedSource',
          'model.source.objectStorage has an oss:// address, whose region the address does not tell: set endpoint, such as https://oss-cn-hangzhou.aliyuncs.com',
        )
      : 'ObjectStorage';
  }
  if (source?.persistentVolumeClaim !== undefined) return 'Volume';
  return source?.image === undefined ? 'HuggingFace' : 'Image';
}

/** Whether the engine reads the weights out of the bucket by itself, straight into GPU memory. */
export function isStreamed(
  { model: { source } }: DeepSeekDeploymentSpec,
  { streamsFrom = [] }: EngineVersion,
): boolean {
  const uri = source?.objectStorage?.uri;
  return uri !== undefined && streamsFrom.some((scheme) => uri.startsWith(`${scheme}://`));
}

/** How long a pod takes to start, in phases, and how long it may take. */
export interface Startup {
  readonly phases: ServingPlan['startup'];
  readonly budgetSeconds: number;
  readonly warnings: readonly string[];
}

/** Plans the start of one pod. */
export function planStartup(
  _spec: DeepSeekDeploymentSpec,
  _workload: Workload,
  _parallelism: Parallelism,
  checkpointGiB: number,
  from: WeightsFrom,
): Startup {
  return {
    phases: { downloadSeconds: 0, loadSeconds: 0, compileSeconds: 0, warmUpSeconds: 0 },
    budgetSeconds: startupBudgetSeconds(checkpointGiB, from),
    warnings: [],
  };
}
