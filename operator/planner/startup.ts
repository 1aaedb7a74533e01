import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import type { EngineVersion } from '../catalog/index.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { ServingPlan, WeightsSource } from './types.ts';
import type { Workload } from './workload.ts';

/**
 * GiB per second, on the slow side of what is usual; none of it is a promise of a cloud. A download ends on the
 * node's disk and is read again from the page cache. Unverified but for the order of magnitude.
 */
const THROUGHPUT = {
  /** 100 MiB/s from the hub, a mirror or a bucket. */
  download: 0.1,
  /** 500 MiB/s: local disk or page cache to GPU, and a bucket that is streamed with many connections. */
  disk: 0.5,
  /** 200 MiB/s: a network file system. */
  network: 0.2,
  /** 1 GiB/s: 16-bit weights that are quantized while they load. */
  quantize: 1,
} as const;

const MARGIN = 1.5;
const MINIMUM_SECONDS = 300;
const STEP_SECONDS = 30;

export interface StartupInputs {
  /** Bytes of the weights files, GiB. */
  readonly checkpointGiB: number;
  readonly from: WeightsSource;
  /** The engine reads the weights out of a bucket by itself. */
  readonly streamed: boolean;
  readonly quantizedOnLoad: boolean;
  /** The weights are FP8 in blocks, for which some engines compile kernels. */
  readonly blockFP8: boolean;
  readonly engine: EngineVersion['startup'];
}

/**
 * What the start of a pod takes, in phases, from the container's start to its first healthy answer. Pulling the
 * engine's image is not in it. A cache that outlives the pod saves the download from the second start on.
 */
export function startupTimes({
  checkpointGiB,
  from,
  streamed,
  quantizedOnLoad,
  blockFP8,
  engine,
}: StartupInputs): ServingPlan['startup'] {
  const read = checkpointGiB / (from === 'PersistentVolumeClaim' ? THROUGHPUT.network : THROUGHPUT.disk);
  const quantize = quantizedOnLoad ? checkpointGiB / THROUGHPUT.quantize : 0;
  return {
    downloadSeconds: isDownloaded(from, streamed) ? Math.ceil(checkpointGiB / THROUGHPUT.download) : 0,
    // Imports, contexts and the tokenizer come first.
    loadSeconds: Math.ceil(engine.startSeconds + read + quantize),
    compileSeconds: Math.ceil(engine.compileSeconds + (blockFP8 ? engine.blockFP8CompileSeconds : 0)),
    warmUpSeconds: Math.ceil(engine.warmUpSeconds),
  };
}

/** How long the start may take: what it takes, with a margin. */
export function startupBudgetSeconds(phases: ServingPlan['startup']): number {
  const { downloadSeconds, loadSeconds, compileSeconds, warmUpSeconds } = phases;
  const seconds = (downloadSeconds + loadSeconds + compileSeconds + warmUpSeconds) * MARGIN;
  return Math.max(MINIMUM_SECONDS, Math.ceil(seconds / STEP_SECONDS) * STEP_SECONDS);
}

/** The source that the spec names; the hub by default. */
export function weightsFrom({ model: { source } }: DeepSeekDeploymentSpec): WeightsSource | Refusal {
  for (const member of ['huggingFace', 'objectStorage'] as const) {
    const { endpoint } = source?.[member] ?? {};
    if (endpoint !== undefined && !isAddress(endpoint))
      return refuse(
        'InvalidSpec',
        `model.source.${member}.endpoint, ${JSON.stringify(endpoint)}, is no address that can be reached`,
      );
  }
  if (source?.objectStorage !== undefined) {
    const { uri, endpoint } = source.objectStorage;
    return uri.startsWith('oss://') && endpoint === undefined
      ? refuse(
          'UnsupportedSource',
          'model.source.objectStorage has an oss:// address, whose region the address does not tell: set endpoint, such as https://oss-cn-hangzhou.aliyuncs.com',
        )
      : 'ObjectStorage';
  }
  if (source?.persistentVolumeClaim !== undefined) return 'PersistentVolumeClaim';
  return source?.image === undefined ? 'HuggingFace' : 'Image';
}

/** The schema's pattern takes more: `http://]`, an IPv4 address of 999, the ports 0 and 70000. */
const isAddress = (text: string): boolean => URL.canParse(text) && new URL(text).port !== '0';

/** Whether the engine reads the weights out of the bucket by itself, straight into GPU memory. */
export function isStreamed(
  { model: { source } }: DeepSeekDeploymentSpec,
  { streamsFrom = [] }: EngineVersion,
): boolean {
  const uri = source?.objectStorage?.uri;
  return uri !== undefined && streamsFrom.some((scheme) => uri.startsWith(`${scheme}://`));
}

/** Whether the weights are fetched to a disk before the engine loads them. */
export function isDownloaded(from: WeightsSource, streamed: boolean): boolean {
  return from === 'HuggingFace' || (from === 'ObjectStorage' && !streamed);
}

/** How long a pod takes to start, in phases, and how long it may take. */
export interface Startup {
  readonly phases: ServingPlan['startup'];
  readonly budgetSeconds: number;
}

/** Plans the start of one pod. */
export function planStartup(
  { engine: { version }, quantization }: Workload,
  { checkpointGiB, from, streamed }: Pick<StartupInputs, 'checkpointGiB' | 'from' | 'streamed'>,
): Startup {
  const phases = startupTimes({
    checkpointGiB,
    from,
    streamed,
    quantizedOnLoad: quantization.quantizedOnLoad,
    blockFP8: quantization.format === 'fp8-block',
    engine: version.startup,
  });
  return { phases, budgetSeconds: startupBudgetSeconds(phases) };
}
