import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { findAccelerator, findModel, similarNames } from '../catalog/index.ts';
import type { AcceleratorEntry, Catalog, ModelEntry } from '../catalog/index.ts';
import { countParameters } from './weights.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { formatCount, formatGiB, GIB, parseQuantity, round } from './units.ts';

export interface ResolvedAccelerator {
  readonly entry: AcceleratorEntry;
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

/** A custom model may differ from its shape's own count by this much before the description is called wrong. */
const PARAMETER_TOLERANCE = 0.25;

function customModel(spec: DeepSeekDeploymentSpec['model']): ModelEntry | Refusal {
  const shape = spec.architecture;
  if (shape === undefined) return refuse('NoMemoryModel', 'a custom model needs model.architecture');
  if (shape.mla !== undefined || shape.moe !== undefined) {
    const kind = shape.mla === undefined ? 'mixture-of-experts' : 'latent-attention';
    return refuse(
      'NoMemoryModel',
      `${kind} models cannot be planned by this version: only dense ones with grouped-query attention`,
    );
  }
  const architecture = {
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
  };
  const untied = countParameters(architecture);
  const tied = countParameters({ ...architecture, tiedEmbeddings: true });
  const difference = (total: number): number => Math.abs(shape.parameters - total) / total;
  const tiedEmbeddings = difference(tied.total) < difference(untied.total);
  const counted = tiedEmbeddings ? tied : untied;
  if (!(difference(counted.total) <= PARAMETER_TOLERANCE)) {
    return refuse(
      'NoMemoryModel',
      `model.architecture says ${formatCount(shape.parameters)} parameters, and its layers make ${formatCount(counted.total)}: one of them is wrong, or the model is not a dense transformer`,
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
  if (resource !== undefined && /mig-|\.shared$/.test(resource)) {
    return refuse(
      'AcceleratorUnknown',
      `${resource} is a part of a GPU, which this version cannot plan for: ask for whole GPUs`,
    );
  }
  if (spec.type === 'custom') return customAccelerator(spec);
  const entry = findAccelerator(catalog, spec.type);
  if (entry !== undefined) {
    return { entry: { ...entry, ...(resource !== undefined && { resourceName: resource }) }, warnings: [] };
  }
  const names = catalog.accelerators.map(({ name }) => name);
  const similar = similarNames(spec.type, names);
  return refuse(
    'AcceleratorUnknown',
    `no accelerator ${spec.type} in the catalogue${similar.length > 0 ? `: did you mean ${similar.join(' or ')}?` : '.'} ` +
      `It has ${names.join(', ')}; for any other, use type custom with accelerator.custom`,
  );
}

function customAccelerator(spec: DeepSeekDeploymentSpec['accelerator']): ResolvedAccelerator | Refusal {
  const bytes = spec.custom === undefined ? undefined : parseQuantity(spec.custom.memory);
  if (bytes === undefined || bytes <= 0)
    return refuse('AcceleratorUnknown', 'a custom accelerator needs accelerator.custom.memory, such as 48Gi');
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
      resourceName: spec.resourceName ?? 'nvidia.com/gpu',
      maxPerNode: 8,
      relativeCost: nominal / 16,
      nodeLabels: [],
      sources: {},
    },
    warnings: [
      `of the ${formatGiB(nominal)} of the custom accelerator, ${formatGiB(visible)} are planned with: drivers and error correction take the rest`,
    ],
  };
}
