import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import type { Catalog, MemorySetting, ModelEntry } from '../catalog/index.ts';
import { checkContext, chooseContext, concurrency, maxNumSeqs, shortestContext } from './context.ts';
import { engineCandidates } from './engine-choice.ts';
import type { EngineChoice } from './engine-choice.ts';
import { checkExtraArgs } from './extra-args.ts';
import { planHost } from './host.ts';
import { maxNumBatchedTokens } from './memory.ts';
import type { MemoryFit } from './memory.ts';
import type { ResolvedQuantization } from './quantization.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { resolveAccelerator, resolveModel } from './resolve.ts';
import type { ResolvedAccelerator } from './resolve.ts';
import { chooseSplit } from './split.ts';
import type { Split } from './split.ts';
import { planStartup, weightsFrom } from './startup.ts';
import type { WeightsFrom } from './startup.ts';
import type { ServingPlan } from './types.ts';
import { formatCount, GIB, round } from './units.ts';
import { checkpointBytes } from './weights.ts';
import type { Workload } from './workload.ts';

/** What `status.plan.warnings` has room for. */
const MAX_WARNINGS = 32;
/** Above this many GB, a restart that downloads again is worth a warning. */
const LARGE_DOWNLOAD_GB = 50;
/** More GPUs than this should not share layers over PCIe alone. Unverified; vLLM's docs prefer pipeline stages there. */
const SANE_PCIE_TENSOR = 2;

/** Plans one replica, or says why not. */
export function decide(spec: DeepSeekDeploymentSpec, catalog: Catalog): ServingPlan | Refusal {
  const model = resolveModel(spec, catalog);
  if (isRefusal(model)) return model;
  const accelerator = resolveAccelerator(spec, catalog);
  if (isRefusal(accelerator)) return accelerator;
  const from = weightsFrom(spec);
  if (isRefusal(from)) return from;
  const candidates = engineCandidates(spec, model, accelerator.entry, catalog);
  if (isRefusal(candidates)) return candidates;
  let first: Refusal | undefined;
  for (const choice of candidates) {
    const plan = decideEngine(spec, model, accelerator, choice, from, catalog);
    if (!isRefusal(plan)) return plan;
    first ??= plan;
  }
  return first ?? refuse('UnsupportedEngine', `no engine serves ${model.name} on ${accelerator.entry.name}`);
}

/** Plans one replica with one engine. */
function decideEngine(
  spec: DeepSeekDeploymentSpec,
  model: ModelEntry,
  accelerator: ResolvedAccelerator,
  { engine, quantization, warnings }: EngineChoice,
  from: WeightsFrom,
  catalog: Catalog,
): ServingPlan | Refusal {
  const extraArgs = checkExtraArgs(spec.engine?.extraArgs ?? [], engine);
  if (isRefusal(extraArgs)) return extraArgs;
  const wanted = spec.model.maxModelLen;
  const tooLong = checkContext(model, wanted);
  if (tooLong !== undefined) return tooLong;
  const minTokens = shortestContext(model, wanted);
  const workload: Workload = { model, accelerator: accelerator.entry, engine, quantization, minTokens };
  const split = chooseSplit(spec.accelerator, workload, catalog);
  if (isRefusal(split)) return split;
  const plan = assemble(spec, workload, split, from, [
    ...warnings,
    ...engine.warnings,
    ...accelerator.warnings,
    ...quantization.warnings,
    ...extraArgs.warnings,
  ]);
  return isFiniteThroughout(plan)
    ? plan
    : refuse(
        'NoMemoryModel',
        `the memory of ${model.name} on ${accelerator.entry.name} cannot be computed from these numbers`,
      );
}

function assemble(
  spec: DeepSeekDeploymentSpec,
  workload: Workload,
  { parallelism, memory }: Split,
  from: WeightsFrom,
  warnings: readonly string[],
): ServingPlan {
  const { model, accelerator, engine, quantization } = workload;
  const gpus = parallelism.tensor * parallelism.pipeline;
  const context = chooseContext(model, spec.model.maxModelLen, memory.kvCacheTokens);
  const maxConcurrency = concurrency(memory.kvCacheTokens, context.maxModelLen);
  const checkpointGiB = checkpointSizeGiB(model, quantization);
  const downloads =
    from === 'HuggingFace' && !spec.model.source?.cache?.persistentVolumeClaim && !spec.model.source?.cache?.hostPath;
  const startup = planStartup(spec, workload, parallelism, checkpointGiB, from);
  const { host, warnings: hostWarnings } = planHost(spec, gpus, checkpointGiB, downloads);
  return {
    model: {
      name: model.name,
      ...(quantization.repository !== undefined && { repository: quantization.repository }),
      ...(spec.model.revision !== undefined && { revision: spec.model.revision }),
      trustRemoteCode: spec.model.trustRemoteCode ?? false,
      quantizedOnLoad: quantization.quantizedOnLoad,
      checkpointGiB: round(checkpointGiB),
      source: from === 'Volume' ? 'PersistentVolumeClaim' : from,
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
    expertParallel: 1,
    gpusPerReplica: gpus,
    maxModelLen: context.maxModelLen,
    maxNumSeqs: maxNumSeqs(memory.kvCacheTokens, context.maxModelLen, engine.version.maxNumSeqs),
    maxNumBatchedTokens: maxNumBatchedTokens(engine.version, accelerator.computeCapability),
    memory: roundedMemory(memory, engine.version.memory.setting),
    kvCacheTokens: memory.kvCacheTokens,
    maxConcurrency,
    host,
    startupBudgetSeconds: startup.budgetSeconds,
    startup: startup.phases,
    warnings: bounded([
      ...warnings,
      ...context.warnings,
      ...(maxConcurrency < 2
        ? [
            `only ${maxConcurrency} sequences of ${formatCount(context.maxModelLen)} tokens fit into the KV cache at once`,
          ]
        : []),
      ...(accelerator.interconnect === 'PCIe' && parallelism.tensor > SANE_PCIE_TENSOR
        ? [
            `${parallelism.tensor} ${accelerator.name} share every layer over PCIe, which costs latency: GPUs with NVLink or fewer of them do better`,
          ]
        : []),
      ...(parallelism.pipeline > 1
        ? [
            `the layers run in ${parallelism.pipeline} pipeline stages, which wait for each other: latency is higher than with ${parallelism.tensor} x larger GPUs`,
          ]
        : []),
      ...hostWarnings,
      ...startup.warnings,
      ...downloadWarnings(checkpointGiB, downloads),
    ]),
  };
}

/** Each warning once, and no more than the status holds. */
function bounded(warnings: readonly string[]): string[] {
  return [...new Set(warnings)].slice(0, MAX_WARNINGS);
}

/** Bytes of the weights files, GiB. What is quantized on loading is downloaded in 16-bit. */
function checkpointSizeGiB({ architecture }: ModelEntry, quantization: ResolvedQuantization): number {
  const bytes = checkpointBytes(architecture, quantization);
  return (quantization.quantizedOnLoad ? bytes * (2 / quantization.entry.linearBytes) : bytes) / GIB;
}

function downloadWarnings(checkpointGiB: number, downloads: boolean): string[] {
  const gb = (checkpointGiB * GIB) / 1e9;
  return downloads && gb > LARGE_DOWNLOAD_GB
    ? [`each start of a pod downloads ${Math.round(gb)} GB: set model.source.cache to keep them`]
    : [];
}

function roundedMemory(memory: MemoryFit, kind: MemorySetting): ServingPlan['memory'] {
  return {
    gpuTotalGiB: memory.gpuTotalGiB,
    usableGiBPerGPU: round(memory.usableGiB),
    engineSetting: { kind, fraction: memory.utilization },
    weightsGiBPerGPU: round(memory.weightsGiB),
    overheadGiBPerGPU: round(memory.overheadGiB),
    kvCacheGiBPerGPU: round(memory.kvCacheGiB),
    kvBytesPerTokenPerGPU: memory.kvBytesPerToken,
  };
}

function isFiniteThroughout(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isFiniteThroughout);
}
