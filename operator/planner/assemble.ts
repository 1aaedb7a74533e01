import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import type { MemorySetting, ModelEntry } from '../catalog/index.ts';
import { chooseContext, concurrency, hostTokens, maxNumSeqs, slots } from './context.ts';
import { planHost } from './host.ts';
import { hostKVCacheGiB, maxNumBatchedTokens, memorySetting } from './memory.ts';
import type { MemoryFit } from './memory.ts';
import type { ResolvedQuantization } from './quantization.ts';
import type { Split } from './split.ts';
import { isDownloaded, isStreamed, planStartup } from './startup.ts';
import type { ServingPlan, WeightsSource } from './types.ts';
import { formatCount, formatGiB, formatTokens, GIB, round } from './units.ts';
import { checkpointBytes, countParameters } from './weights.ts';
import type { Workload } from './workload.ts';

/** What `status.plan.warnings` has room for. */
const MAX_WARNINGS = 32;
/** Above this many GB, a restart that downloads again is worth a warning. */
const LARGE_DOWNLOAD_GB = 50;
/** More GPUs than this should not share layers over PCIe alone. Unverified; vLLM's docs prefer pipeline stages there. */
const SANE_PCIE_TENSOR = 2;

/** The plan of a workload that fits: context, concurrency, host, start-up, and what to warn about. */
export function assemble(
  spec: DeepSeekDeploymentSpec,
  workload: Workload,
  { parallelism, memory: room }: Split,
  from: WeightsSource,
  warnings: readonly string[],
): ServingPlan {
  const { model, accelerator, engine, quantization } = workload;
  const gpus = accelerator.device === 'CPU' ? 0 : parallelism.tensor * parallelism.pipeline;
  const { maxModelLen, sequences, memory, contextWarnings } = serve(spec, workload, room);
  const maxConcurrency = concurrency(memory.kvCacheTokens, maxModelLen);
  const checkpointGiB = checkpointSizeGiB(model, quantization);
  const streamed = isStreamed(spec, engine.version);
  const { persistentVolumeClaim, hostPath } = spec.model.source?.cache ?? {};
  const downloadsToNode = isDownloaded(from, streamed) && !persistentVolumeClaim && !hostPath;
  const startup = planStartup(workload, { checkpointGiB, from, streamed });
  const { host, warnings: hostWarnings } = planHost(spec, {
    device: accelerator.device,
    gpus,
    checkpointGiB,
    downloads: downloadsToNode,
    streamed,
    servingGiB: memory.weightsGiB + memory.overheadGiB + memory.kvCacheGiB,
    weightsGiB: memory.weightsGiB,
  });
  return {
    model: {
      name: model.name,
      ...(quantization.repository !== undefined && { repository: quantization.repository }),
      ...(spec.model.revision !== undefined && { revision: spec.model.revision }),
      trustRemoteCode: spec.model.trustRemoteCode ?? false,
      quantizedOnLoad: quantization.quantizedOnLoad,
      ...(quantization.format !== undefined && { checkpointFormat: quantization.format }),
      ...(quantization.ggufType !== undefined && { ggufType: quantization.ggufType }),
      checkpointGiB: round(checkpointGiB),
      source: from,
      ...(streamed && { streamed }),
    },
    engine: { type: engine.type, version: engine.version.version, image: engine.image },
    quantization: quantization.entry.type,
    computeDtype: quantization.computeDtype,
    kvCacheDtype: quantization.kvCacheDtype,
    accelerator: {
      type: accelerator.name,
      device: accelerator.device,
      ...(accelerator.resourceName !== undefined && { resourceName: accelerator.resourceName }),
      ...(accelerator.computeCapability !== undefined && { computeCapability: accelerator.computeCapability }),
    },
    tensorParallel: parallelism.tensor,
    pipelineParallel: parallelism.pipeline,
    expertParallel: parallelism.expert ?? 1,
    gpusPerReplica: gpus,
    maxModelLen,
    maxNumSeqs: sequences,
    maxNumBatchedTokens: maxNumBatchedTokens(engine.version, accelerator.computeCapability),
    memory: roundedMemory(memory, memorySetting(engine.version, accelerator)),
    kvCacheTokens: memory.kvCacheTokens,
    maxConcurrency,
    host,
    startupBudgetSeconds: startup.budgetSeconds,
    startup: startup.phases,
    warnings: bounded([
      ...warnings,
      ...measuredWarnings(workload),
      ...contextWarnings,
      ...(maxConcurrency < 2
        ? [`only ${maxConcurrency} sequences of ${formatTokens(maxModelLen)} fit into the KV cache at once`]
        : []),
      ...splitWarnings(workload, parallelism),
      ...hostWarnings,
      ...downloadWarnings(checkpointGiB, downloadsToNode),
    ]),
  };
}

/**
 * Context and sequences, and the memory as it will be used. Engines that manage their KV cache take all the room that
 * there is; the others allocate slots of full length. On the host's memory no more is taken than conversations need.
 */
function serve(
  spec: DeepSeekDeploymentSpec,
  { model, accelerator: { device }, engine: { version } }: Workload,
  room: MemoryFit,
): {
  readonly maxModelLen: number;
  readonly sequences: number;
  readonly memory: MemoryFit;
  readonly contextWarnings: readonly string[];
} {
  const wanted = spec.model.maxModelLen;
  const available = device === 'GPU' ? room.kvCacheTokens : Math.min(room.kvCacheTokens, hostTokens(model, wanted));
  const { maxModelLen, warnings: contextWarnings } = chooseContext(model, wanted, available, device);
  const allocates = version.memory.setting === 'None';
  const sequences = (allocates ? slots : maxNumSeqs)(available, maxModelLen, version.maxNumSeqs);
  const kvCacheTokens = allocates ? sequences * maxModelLen : available;
  if (kvCacheTokens >= room.kvCacheTokens) return { maxModelLen, sequences, memory: room, contextWarnings };
  const kvCacheGiB =
    device === 'CPU'
      ? hostKVCacheGiB(version, kvCacheTokens, room.kvBytesPerToken)
      : (kvCacheTokens * room.kvBytesPerToken) / GIB;
  return { maxModelLen, sequences, memory: { ...room, kvCacheTokens, kvCacheGiB }, contextWarnings };
}

/** Each warning once, and no more than the status holds. */
function bounded(warnings: readonly string[]): string[] {
  return [...new Set(warnings)].slice(0, MAX_WARNINGS);
}

/** Bytes of the weights files, GiB. What is quantized on loading is downloaded in 16-bit. */
/** What is downloaded: weights that the engine quantizes, or widens to 32-bit, while it loads them lie there in 16-bit. */
function checkpointSizeGiB({ architecture, repository }: ModelEntry, quantization: ResolvedQuantization): number {
  const widened = quantization.entry.linearBytes > 2 && quantization.repository === repository;
  const bytes =
    quantization.quantizedOnLoad || widened
      ? 2 * countParameters(architecture).total
      : checkpointBytes(architecture, quantization);
  return bytes / GIB;
}

function measuredWarnings({ measured }: Workload): string[] {
  return measured === undefined
    ? []
    : [
        `the memory is planned from model.measured (${formatGiB(measured.weightsGiB)} of weights, ${formatCount(measured.kvCacheBytesPerToken)} bytes of KV cache per token), not computed`,
      ];
}

function splitWarnings({ accelerator }: Workload, { tensor, pipeline, expert = 1 }: Split['parallelism']): string[] {
  return [
    ...(accelerator.interconnect === 'PCIe' && tensor > SANE_PCIE_TENSOR
      ? [
          `${tensor} ${accelerator.name} share every layer over PCIe, which costs latency: GPUs with NVLink or fewer of them do better`,
        ]
      : []),
    ...(pipeline > 1
      ? [
          `the layers run in ${pipeline} pipeline stages, which wait for each other: latency is higher than with ${tensor} x larger GPUs`,
        ]
      : []),
    ...(expert > 1 ? [`whole experts are divided over ${expert} GPUs, because their width cannot be`] : []),
  ];
}

function downloadWarnings(checkpointGiB: number, downloads: boolean): string[] {
  const gb = (checkpointGiB * GIB) / 1e9;
  return downloads && gb > LARGE_DOWNLOAD_GB
    ? [`each start of a pod downloads ${Math.round(gb)} GB: set model.source.cache to keep them`]
    : [];
}

function roundedMemory(memory: MemoryFit, kind: MemorySetting): ServingPlan['memory'] {
  return {
    gpuTotalGiB: round(memory.gpuTotalGiB),
    usableGiBPerGPU: round(memory.usableGiB),
    ...(kind !== 'None' && { engineSetting: { kind, fraction: memory.utilization } }),
    weightsGiBPerGPU: round(memory.weightsGiB),
    overheadGiBPerGPU: round(memory.overheadGiB),
    kvCacheGiBPerGPU: round(memory.kvCacheGiB),
    kvBytesPerTokenPerGPU: memory.kvBytesPerToken,
  };
}
