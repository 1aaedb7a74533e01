import { z } from 'zod';
import { ENGINE_TYPES, QUANTIZATION_TYPES } from '../api/index.ts';
import type { Catalog } from './types.ts';

/**
 * What every entry of a catalogue has to satisfy. Tests read the catalogue through it; at run time it is plain data.
 */
const count = z.int().min(1);
const text = z.string().min(1);
const capability = z.string().regex(/^[0-9]{1,2}\.[0-9]$/, 'should be a compute capability such as 8.0');
const repository = z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'should be organisation/name');
const sources = z.record(text, text);
const quantization = z.enum(QUANTIZATION_TYPES);

const architecture = z.strictObject({
  className: text,
  layers: count,
  hiddenSize: count,
  intermediateSize: count,
  attentionHeads: count,
  kvHeads: count,
  headDim: count,
  vocabSize: count,
  tiedEmbeddings: z.boolean(),
  attentionBias: z.boolean(),
  queryKeyNorm: z.boolean(),
  parameters: count.exactOptional(),
});

const checkpoint = z.strictObject({
  repository,
  format: z.enum(['compressed-tensors', 'awq', 'gptq']),
  groupSize: count.exactOptional(),
  source: text,
});

const model = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/),
  aliases: z.array(z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)),
  repository,
  architecture,
  nativeDtype: z.enum(['bfloat16', 'float16']),
  contextLength: z.strictObject({ card: count, config: count }),
  licence: text,
  checkpoints: z.partialRecord(quantization, checkpoint),
  sources,
});

const accelerator = z.strictObject({
  name: text,
  computeCapability: capability,
  memory: z.strictObject({ deviceMiB: count, visibleGiB: z.number().positive() }),
  interconnect: z.enum(['NVLink', 'PCIe']),
  resourceName: z.string().regex(/^[a-z0-9.-]+\/[\w.-]+$/),
  maxPerNode: count,
  relativeCost: z.number().positive(),
  nodeLabels: z.array(
    z.strictObject({
      dialect: z.enum(['GPUFeatureDiscovery', 'GKE', 'Karpenter', 'AKS']),
      requirements: z
        .array(z.strictObject({ key: text, operator: z.literal('In'), values: z.array(text).min(1) }))
        .min(1),
    }),
  ),
  sources,
});

const byComputeCapability = z
  .array(z.strictObject({ from: capability, value: z.number().nonnegative(), source: text }))
  .min(1);

const engineVersion = z.strictObject({
  version: text,
  image: text,
  flags: z.array(z.string().regex(/^--?[A-Za-z][A-Za-z0-9-]*$/)).min(1),
  plannedFlags: z.array(z.strictObject({ flags: z.array(text).min(1), field: text })),
  uncountedFlags: z.array(text),
  quantizations: z.array(
    z.strictObject({
      quantization,
      from: capability,
      before: capability.exactOptional(),
      warning: text.exactOptional(),
      source: text,
    }),
  ),
  fp8KVCacheFrom: capability,
  memory: z.strictObject({
    utilization: z.number().gt(0).lt(1),
    baseOverheadGiB: byComputeCapability,
    tensorParallelGiB: z.number().nonnegative(),
  }),
  maxNumBatchedTokens: byComputeCapability,
  maxNumSeqs: count,
  sources,
});

export const catalogSchema: z.ZodType<Catalog> = z.strictObject({
  models: z.array(model),
  accelerators: z.array(accelerator),
  engines: z.array(z.strictObject({ type: z.enum(ENGINE_TYPES), versions: z.array(engineVersion).min(1) })),
  quantizations: z.array(
    z.strictObject({
      type: quantization,
      label: text,
      linearBytes: z.number().positive(),
      scaleBytes: z.number().nonnegative(),
      groupSize: count.exactOptional(),
      otherBytes: z.number().positive(),
      weights: z.enum(['Native', 'Prequantized', 'Online']),
      compute: z.enum(['float32', 'bfloat16', 'float16', 'Native']),
      source: text,
    }),
  ),
});
