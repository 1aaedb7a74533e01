import type { DeepSeekDeploymentSpec, EngineType } from '../api/index.ts';
import { findQuantization } from '../catalog/index.ts';
import type { Catalog } from '../catalog/index.ts';
import { fitMemory } from './memory.ts';
import type { MemoryFit } from './memory.ts';
import { legalParallelism, legalTensorSizes, splitsUpTo, tensorParallelProblem } from './parallelism.ts';
import type { Parallelism } from './parallelism.ts';
import { nativeQuantization } from './checkpoint.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { formatGiB, formatTokens, GIB, round, withArticle } from './units.ts';
import type { MemoryDemand } from './types.ts';
import { weightBytesPerRank } from './weights.ts';
import type { Workload } from './workload.ts';

export interface Split {
  readonly parallelism: Parallelism;
  readonly memory: MemoryFit;
}

/** More nodes than this are not even mentioned in a refusal. */
const MAX_NODES = 16;

/** Finds how many GPUs, and how they share the model: as the spec says, else the fewest that hold it. */
export function chooseSplit(
  accelerator: DeepSeekDeploymentSpec['accelerator'],
  workload: Workload,
  catalog: Catalog,
): Split | Refusal {
  const { maxPerNode } = workload.accelerator;
  const candidates = candidateSplits(accelerator, workload);
  if (isRefusal(candidates)) return candidates;
  const [preferred] = candidates;
  if (preferred === undefined) return refuse('IllegalParallelism', `${workload.model.name} has no legal split`);
  const fixed = accelerator.count !== undefined || accelerator.parallelism?.tensor !== undefined;
  const gpus = preferred.tensor * preferred.pipeline;
  if (fixed && gpus > maxPerNode) return tooManyForOneNode(gpus, workload);
  for (const parallelism of candidates) {
    const memory = fits(workload, parallelism, catalog);
    if (memory !== undefined) return { parallelism, memory };
  }
  if (fixed) return insufficient(workload, preferred, catalog);
  return needsMultipleNodes(workload, catalog) ?? insufficient(workload, candidates.at(-1) ?? preferred, catalog);
}

/** The splits to try, in this order; a refusal if what the spec asks for is illegal. */
function candidateSplits(spec: DeepSeekDeploymentSpec['accelerator'], workload: Workload): Parallelism[] | Refusal {
  const { count, parallelism } = spec;
  const { tensor, pipeline } = parallelism ?? {};
  for (const [field, value] of Object.entries({
    count,
    'parallelism.tensor': tensor,
    'parallelism.pipeline': pipeline,
  })) {
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      return refuse('IllegalParallelism', `accelerator.${field} ${value} is not a number of GPUs`);
    }
  }
  const asked = { count, tensor, pipeline };
  const { slice, accelerator, engine } = workload;
  if (slice !== undefined)
    return single(asked, `${slice.resourceName} is a slice of a GPU, and slices cannot share a model`);
  if (accelerator.device === 'CPU')
    return single(asked, `${accelerator.name} is no GPU, and a replica has one container`);
  return SPLITS_BY_LAYERS.has(engine.type) ? layerSplits(asked, workload) : tensorSplits(asked, workload);
}

interface Asked {
  readonly count: number | undefined;
  readonly tensor: number | undefined;
  readonly pipeline: number | undefined;
}

/** Engines that give each GPU whole layers, and share no layer. */
const SPLITS_BY_LAYERS: ReadonlySet<EngineType> = new Set<EngineType>(['llama.cpp']);

function single({ count = 1, tensor = 1, pipeline = 1 }: Asked, why: string): Parallelism[] | Refusal {
  return Math.max(count, tensor, pipeline) > 1
    ? refuse('IllegalParallelism', `${why}: leave accelerator.count and accelerator.parallelism out`)
    : [{ tensor: 1, pipeline: 1 }];
}

function layerSplits(
  { count, tensor = 1, pipeline }: Asked,
  { model, accelerator, engine }: Workload,
): Parallelism[] | Refusal {
  const { layers } = model.architecture;
  const gpus = pipeline ?? count;
  if (tensor > 1 || (count !== undefined && gpus !== count)) {
    return refuse(
      'IllegalParallelism',
      `${engine.type} gives each GPU whole layers: set accelerator.count, and leave accelerator.parallelism out`,
    );
  }
  if (gpus !== undefined && gpus > layers)
    return refuse('IllegalParallelism', `${gpus} GPUs are more than the ${layers} layers of ${model.name}`);
  if (gpus !== undefined) return [{ tensor: 1, pipeline: gpus }];
  return Array.from({ length: Math.min(accelerator.maxPerNode, layers) }, (_, index) => ({
    tensor: 1,
    pipeline: index + 1,
  }));
}

function tensorSplits({ count, tensor, pipeline }: Asked, workload: Workload): Parallelism[] | Refusal {
  const { architecture, name } = workload.model;
  const { groupSize } = workload.quantization;
  const { maxPerNode } = workload.accelerator;
  const illegal = (problem: string, max: number): Refusal =>
    refuse(
      'IllegalParallelism',
      `${name} cannot be split like that: ${problem}. Legal tensor-parallel sizes: ${legalTensorSizes(architecture, Math.min(max, 64), groupSize).join(', ') || 'none'}`,
    );
  const one = (size: number, stages: number): Parallelism[] | Refusal => {
    const split = legalParallelism(architecture, size, stages, groupSize);
    const max = Math.max(size * stages, maxPerNode);
    if (split === undefined) {
      return illegal(tensorParallelProblem(architecture, size, groupSize) ?? `${size} GPUs cannot share it`, max);
    }
    return stages > architecture.layers
      ? illegal(`${stages} stages are more than its ${architecture.layers} layers`, maxPerNode)
      : [split];
  };
  if (tensor !== undefined) {
    const stages = pipeline ?? (count === undefined ? 1 : count / tensor);
    if (!Number.isInteger(stages))
      return illegal(`${count ?? 0} GPUs are not a multiple of tensor-parallel size ${tensor}`, maxPerNode);
    if (count !== undefined && count !== tensor * stages)
      return illegal(`${count} GPUs are not ${tensor} x ${stages}`, maxPerNode);
    return one(tensor, stages);
  }
  if (count !== undefined) {
    const stages = pipeline ?? 1;
    return Number.isInteger(count / stages)
      ? one(count / stages, stages)
      : illegal(`${count} GPUs are not a multiple of ${stages} stages`, maxPerNode);
  }
  const splits = splitsUpTo(architecture, maxPerNode, pipeline, groupSize);
  return splits.length > 0
    ? splits
    : illegal(`no split into ${pipeline ?? 1} stages fits into ${maxPerNode} GPUs`, maxPerNode);
}

/** The memory of this split if it holds the weights, also while they are loaded, and one sequence. */
function fits(workload: Workload, parallelism: Parallelism, catalog: Catalog): MemoryFit | undefined {
  const { minTokens } = workload;
  const memory = fitMemory(workload, parallelism);
  if (!(memory.kvCacheTokens >= minTokens)) return undefined;
  return loadPeakGiB(workload, parallelism, catalog) <= memory.usableGiB ? memory : undefined;
}

/** GPU memory that the weights take while they are quantized on loading: their 16-bit size. 0 if they are not. */
function loadPeakGiB({ model, quantization }: Workload, parallelism: Parallelism, catalog: Catalog): number {
  if (!quantization.quantizedOnLoad) return 0;
  const entry = findQuantization(catalog, nativeQuantization(model));
  return entry === undefined ? 0 : weightBytesPerRank(model.architecture, { entry }, parallelism) / GIB;
}

function insufficient(workload: Workload, parallelism: Parallelism, catalog: Catalog): Refusal {
  const { model, accelerator, quantization, minTokens, slice } = workload;
  const memory = fitMemory(workload, parallelism);
  const gpus = parallelism.tensor * parallelism.pipeline;
  const what = `${model.name} in ${quantization.entry.type}${gpus > 1 ? ` on ${gpus} GPUs` : ''}`;
  const giver =
    accelerator.device === 'CPU' ? 'resources.memory' : withArticle(slice?.resourceName ?? accelerator.name);
  const gives = `${giver} gives ${formatGiB(memory.usableGiB)}`;
  const weights = `${what} needs ${formatGiB(memory.weightsGiB)} of weights${accelerator.device === 'GPU' ? ' per GPU' : ''}`;
  const kvCacheGiB = (minTokens * memory.kvBytesPerToken) / GIB;
  const demand: MemoryDemand = {
    usableGiBPerGPU: round(memory.usableGiB),
    weightsGiBPerGPU: round(memory.weightsGiB),
    overheadGiBPerGPU: round(memory.overheadGiB),
    kvCacheGiBPerGPU: round(kvCacheGiB),
    tokens: minTokens,
  };
  if (memory.weightsGiB > memory.usableGiB) return refuse('InsufficientGPUMemory', `${weights}; ${gives}`, demand);
  const peak = loadPeakGiB(workload, parallelism, catalog);
  if (peak > memory.usableGiB) {
    return refuse(
      'InsufficientGPUMemory',
      `${what} is quantized while it loads, and its 16-bit weights need ${formatGiB(peak)} per GPU; ${gives}`,
    );
  }
  const needed = `${weights} and ${formatGiB(memory.overheadGiB)} of overhead`;
  if (memory.kvCacheGiB <= 0)
    return refuse('InsufficientGPUMemory', `${needed}; ${gives}, which leaves no room for the KV cache`, demand);
  return refuse(
    'InsufficientGPUMemory',
    `${needed}; ${gives}, which leaves ${formatGiB(memory.kvCacheGiB)} for the KV cache: ${formatTokens(memory.kvCacheTokens)}, ` +
      `and one sequence of ${formatTokens(minTokens)} needs ${formatGiB(kvCacheGiB)}`,
    demand,
  );
}

function tooManyForOneNode(gpus: number, { accelerator }: Workload): Refusal {
  const nodes = Math.ceil(gpus / accelerator.maxPerNode);
  return refuse(
    'NeedsMultipleNodes',
    `${gpus} GPUs of type ${accelerator.name} are ${nodes} nodes of ${accelerator.maxPerNode}, and one replica has to fit into one node`,
  );
}

/** The refusal that says how many nodes it would take, if any number of them would do. */
function needsMultipleNodes(workload: Workload, catalog: Catalog): Refusal | undefined {
  const { model, accelerator, engine, quantization, slice } = workload;
  if (slice !== undefined || accelerator.device !== 'GPU' || SPLITS_BY_LAYERS.has(engine.type)) return undefined;
  const { maxPerNode } = accelerator;
  const { architecture } = model;
  const tensor = legalTensorSizes(architecture, maxPerNode, quantization.groupSize).at(-1) ?? 1;
  for (let nodes = 2; nodes <= Math.min(MAX_NODES, architecture.layers); nodes += 1) {
    const split = legalParallelism(architecture, tensor, nodes, quantization.groupSize);
    if (split === undefined || fits(workload, split, catalog) === undefined) continue;
    return refuse(
      'NeedsMultipleNodes',
      `${model.name} in ${quantization.entry.type} needs ${nodes} nodes with ${tensor} x ${accelerator.name} each, and one replica has to fit into one node`,
    );
  }
  return undefined;
}
