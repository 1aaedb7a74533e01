import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { findAccelerator, findModel, similarNames } from '../catalog/index.ts';
import type { AcceleratorEntry, Catalog, MIGProfile, ModelArchitecture, ModelEntry } from '../catalog/index.ts';
import { countParameters } from './weights.ts';
import type { Measured } from './workload.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { formatCount, formatGiB, GIB, parseQuantity, round, withArticle } from './units.ts';

export interface ResolvedAccelerator {
  /** With the memory of the slice, where the spec asks for one. */
  readonly entry: AcceleratorEntry;
  readonly slice?: MIGProfile;
  readonly warnings: readonly string[];
}

/** The catalogue's model of that name, or the one that the spec describes. */
export function resolveModel({ model: spec }: DeepSeekDeploymentSpec, catalog: Catalog): ModelEntry | Refusal {
  if (spec.name === 'custom') return customModel(spec);
  const model = findModel(catalog, spec.name);
  if (model !== undefined) return model;
  const similar = similarNames(
    spec.name,
    catalog.models.map(({ name }) => name),
  );
  const known = similar.length > 0 ? similar : catalog.models.map(({ name }) => name);
  return refuse(
    'ModelNotFound',
    `no model ${spec.name} in the catalogue${similar.length > 0 ? ': did you mean' : ', which has'} ${known.join(', ')}? ` +
      'For any other, use name custom with model.architecture and model.source',
  );
}

/** The numbers that the user measured, if any. A refusal where the plan needs them or cannot read them. */
export function resolveMeasured(
  { model: spec }: DeepSeekDeploymentSpec,
  model: ModelEntry,
): Measured | undefined | Refusal {
  const { measured } = spec;
  if (measured === undefined) {
    return model.unknownMemory === undefined
      ? undefined
      : refuse(
          'NoMemoryModel',
          `the memory of ${model.name} cannot be computed: ${model.unknownMemory}. Set model.measured to what an engine reported when it started with it (weights, kvCacheBytesPerToken)`,
        );
  }
  const weights = parseQuantity(measured.weights);
  const overhead = measured.overheadPerGPU === undefined ? undefined : parseQuantity(measured.overheadPerGPU);
  const { kvCacheBytesPerToken } = measured;
  if (weights === undefined || weights <= 0 || !(kvCacheBytesPerToken > 0 && Number.isFinite(kvCacheBytesPerToken))) {
    return refuse('NoMemoryModel', 'model.measured needs weights, such as 160Gi, and kvCacheBytesPerToken above zero');
  }
  return {
    weightsGiB: weights / GIB,
    kvCacheBytesPerToken,
    ...(overhead !== undefined && { overheadGiBPerGPU: overhead / GIB }),
  };
}

/** A custom model may differ from its shape's own count by this much before the description is called wrong. */
const PARAMETER_TOLERANCE = 0.25;

function customModel(spec: DeepSeekDeploymentSpec['model']): ModelEntry | Refusal {
  const shape = spec.architecture;
  if (shape === undefined) return refuse('NoMemoryModel', 'a custom model needs model.architecture');
  const architecture: ModelArchitecture = {
    className: 'custom',
    layers: shape.layers,
    hiddenSize: shape.hiddenSize,
    intermediateSize: shape.intermediateSize,
    attentionHeads: shape.attentionHeads,
    kvHeads: shape.kvHeads,
    headDim: shape.headDim ?? Math.floor(shape.hiddenSize / shape.attentionHeads),
    vocabSize: shape.vocabSize,
    tiedEmbeddings: false,
    attentionBias: false,
    queryKeyNorm: false,
    ...(shape.mla !== undefined && { mla: shape.mla }),
    ...(shape.moe !== undefined && {
      moe: { ...shape.moe, sharedExperts: shape.moe.sharedExperts ?? 0, denseLayers: shape.moe.denseLayers ?? 0 },
    }),
  };
  const untied = countParameters(architecture);
  const tied = countParameters({ ...architecture, tiedEmbeddings: true });
  const difference = (total: number): number => Math.abs(shape.parameters - total) / total;
  const tiedEmbeddings = difference(tied.total) < difference(untied.total);
  const counted = tiedEmbeddings ? tied : untied;
  if (!(difference(counted.total) <= PARAMETER_TOLERANCE)) {
    return refuse(
      'NoMemoryModel',
      `model.architecture says ${formatCount(shape.parameters)} parameters, and its layers make ${formatCount(counted.total)}: one of them is wrong, or the model has parts that model.architecture does not describe`,
    );
  }
  return {
    name: 'custom',
    aliases: [],
    repository: spec.source?.huggingFace?.repository ?? 'custom',
    architecture: { ...architecture, tiedEmbeddings, parameters: shape.parameters },
    nativeDtype: 'bfloat16',
    contextLength: { card: shape.maxContext, config: shape.maxContext },
    licence: 'unknown',
    checkpoints: {},
    sources: { architecture: 'spec.model.architecture' },
  };
}

/**
 * Share of a GPU's nominal memory that a process sees, at worst: a "16 GB" T4 shows 14.56 GiB. People write the
 * nominal size for `custom` GPUs.
 */
const VISIBLE_SHARE = 0.91;

/** The catalogue's accelerator of that name, or the one that the spec describes. */
export function resolveAccelerator(
  { accelerator: spec }: DeepSeekDeploymentSpec,
  catalog: Catalog,
): ResolvedAccelerator | Refusal {
  const resource = spec.resourceName;
  if (resource?.endsWith('.shared') === true) {
    return refuse(
      'AcceleratorUnknown',
      `${resource} is a GPU that several pods share in turns, and nothing keeps them from using each other's memory: ask for whole GPUs, or for a MIG slice`,
    );
  }
  if (spec.type === 'custom') {
    const custom = customAccelerator(spec);
    return isRefusal(custom) || resource === undefined ? custom : (foreign(custom.entry, resource) ?? custom);
  }
  const entry = findAccelerator(catalog, spec.type);
  if (entry !== undefined) {
    if (resource === undefined) return { entry, warnings: [] };
    return (
      foreign(entry, resource) ??
      (MIG_RESOURCE.test(resource)
        ? slice(entry, resource)
        : { entry: { ...entry, resourceName: resource }, warnings: [] })
    );
  }
  const names = catalog.accelerators.map(({ name }) => name);
  const similar = similarNames(spec.type, names);
  return refuse(
    'AcceleratorUnknown',
    `no accelerator ${spec.type} in the catalogue${similar.length > 0 ? `: did you mean ${similar.join(' or ')}?` : '.'} ` +
      `It has ${names.join(', ')}; for any other, use type custom with accelerator.custom`,
  );
}

const MIG_RESOURCE = /\/mig-/;

/** Whose GPUs have CUDA. A device plugin may give them another name, and keeps the domain. */
const CUDA_VENDOR = 'nvidia.com/';

/** A device of another vendor would be given the image for CUDA, and a CPU needs none. */
function foreign(
  { name, device }: Pick<AcceleratorEntry, 'name' | 'device'>,
  resourceName: string,
): Refusal | undefined {
  if (device === 'CPU') {
    return refuse(
      'AcceleratorUnknown',
      `accelerator.resourceName is ${resourceName}, and ${withArticle(name)} needs no device: leave it out, or set accelerator.type to the device that it is`,
    );
  }
  if (resourceName.startsWith(CUDA_VENDOR)) return undefined;
  return refuse(
    'AcceleratorUnknown',
    `accelerator.resourceName is ${resourceName}, and ${name === 'custom' ? 'a custom accelerator' : withArticle(name)} is a GPU with CUDA, which pods ask for as ${CUDA_RESOURCE} or another name of ${CUDA_VENDOR.slice(0, -1)}: correct it or leave it out; only GPUs with CUDA, and CPUs, can be planned for`,
  );
}

/** The part of a GPU that a resource of the device plugin stands for. */
function slice(entry: AcceleratorEntry, resourceName: string): ResolvedAccelerator | Refusal {
  const { memory, migProfiles = [] } = entry;
  const profile = migProfiles.find((candidate) => candidate.resourceName === resourceName);
  if (profile === undefined || memory === undefined) {
    const known = migProfiles.map((candidate) => candidate.resourceName).join(', ');
    return refuse(
      'AcceleratorUnknown',
      `${resourceName} is not a slice of ${withArticle(entry.name)}, which has ${known || 'none'}`,
    );
  }
  const { visibleGiB, computeShare } = profile;
  return {
    entry: {
      ...entry,
      resourceName,
      memory: { deviceMiB: Math.ceil(visibleGiB * 1024), visibleGiB },
      maxPerNode: 1,
      relativeCost: entry.relativeCost * computeShare,
    },
    slice: profile,
    warnings: [],
  };
}

const CUDA_RESOURCE = 'nvidia.com/gpu';

function customAccelerator(spec: DeepSeekDeploymentSpec['accelerator']): ResolvedAccelerator | Refusal {
  const bytes = spec.custom === undefined ? undefined : parseQuantity(spec.custom.memory);
  if (bytes === undefined || bytes <= 0)
    return refuse('AcceleratorUnknown', 'a custom accelerator needs accelerator.custom.memory, such as 48Gi');
  if (spec.resourceName !== undefined && MIG_RESOURCE.test(spec.resourceName)) {
    return refuse(
      'AcceleratorUnknown',
      `${spec.resourceName} is a slice of a GPU of the catalogue: name that GPU in accelerator.type`,
    );
  }
  const capability = spec.custom?.computeCapability;
  if (capability === undefined) {
    return refuse(
      'AcceleratorUnknown',
      'a custom accelerator needs accelerator.custom.computeCapability, such as "8.9": only CUDA GPUs can be planned for',
    );
  }
  const nominal = bytes / GIB;
  const visible = round(nominal * VISIBLE_SHARE);
  return {
    entry: {
      name: 'custom',
      device: 'GPU',
      computeCapability: capability,
      memory: { deviceMiB: Math.round(nominal * 1024), visibleGiB: visible },
      interconnect: 'PCIe',
      resourceName: spec.resourceName ?? CUDA_RESOURCE,
      maxPerNode: 8,
      relativeCost: nominal / 16,
      nodeLabels: [],
      sources: {},
    },
    warnings: [
      `of the ${formatGiB(nominal)} of the custom accelerator, ${formatGiB(visible)} are planned with: drivers and error correction take the rest`,
      ...(Object.keys(spec.nodeSelector ?? {}).length > 0
        ? []
        : [
            `any node with ${spec.resourceName ?? CUDA_RESOURCE} may get the pods, whatever its GPUs: set accelerator.nodeSelector to the labels of the nodes that have this one`,
          ]),
    ],
  };
}
