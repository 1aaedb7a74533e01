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
  mla: z
    .strictObject({
      kvLoraRank: count,
      qLoraRank: count.exactOptional(),
      qkNopeHeadDim: count,
      qkRopeHeadDim: count,
      vHeadDim: count,
    })
    .exactOptional(),
  moe: z
    .strictObject({
      experts: count,
      activeExperts: count,
      sharedExperts: z.int().min(0),
      intermediateSize: count,
      denseLayers: z.int().min(0),
    })
    .exactOptional(),
  indexer: z.strictObject({ heads: count, headDim: count }).exactOptional(),
  parameters: count.exactOptional(),
});

const checkpoint = z.strictObject({
  repository,
  format: z.enum(['compressed-tensors', 'awq', 'gptq', 'fp8-block', 'gguf', 'unquantized', 'channel-int8']),
  groupSize: count.exactOptional(),
  bytes: z.union([count, z.record(text, count)]).exactOptional(),
  source: text,
});

const model = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/),
  aliases: z.array(z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)),
  repository,
  architecture,
  nativeDtype: z.enum(['bfloat16', 'float16', 'float8']),
  checkpointBytes: count.exactOptional(),
  loadedShare: z.number().gt(0).lte(1).exactOptional(),
  unknownMemory: text.exactOptional(),
  gated: z.boolean().exactOptional(),
  requirements: z
    .array(
      z.strictObject({
        engine: z.enum(ENGINE_TYPES),
        minVersion: text.exactOptional(),
        trustRemoteCode: z.boolean().exactOptional(),
        source: text,
      }),
    )
    .exactOptional(),
  contextLength: z.strictObject({ card: count, config: count }),
  licence: text,
  checkpoints: z.partialRecord(quantization, checkpoint),
  sources,
});

const device = z.enum(['GPU', 'UnifiedMemory', 'CPU']);
const resourceName = z.string().regex(/^[a-z0-9.-]+\/[\w.-]+$/);

const accelerator = z.strictObject({
  name: text,
  device,
  computeCapability: capability.exactOptional(),
  memory: z.strictObject({ deviceMiB: count, visibleGiB: z.number().positive() }).exactOptional(),
  interconnect: z.enum(['NVLink', 'PCIe']),
  resourceName: resourceName.exactOptional(),
  migProfiles: z
    .array(
      z.strictObject({
        resourceName,
        visibleGiB: z.number().positive(),
        computeShare: z.number().positive().lte(1),
      }),
    )
    .exactOptional(),
  maxPerNode: count,
  relativeCost: z.number().positive(),
  nodeLabels: z.array(
    z.strictObject({
      dialect: z.enum(['GPUFeatureDiscovery', 'GKE', 'Karpenter', 'AKS', 'NodeFeatureDiscovery']),
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
  images: z.partialRecord(device, text),
  flags: z.array(z.string().regex(/^--?[A-Za-z][A-Za-z0-9._-]*$/)).min(1),
  flagValues: z.record(text, z.enum(['None', 'One', 'Any'])).exactOptional(),
  plannedFlags: z.array(
    z.union([
      z.strictObject({ flags: z.array(text).min(1), field: text }),
      z.strictObject({ flags: z.array(text).min(1), because: text }),
    ]),
  ),
  uncountedFlags: z.array(text),
  architectures: z.array(
    z.strictObject({
      classes: z.array(text).min(1),
      devices: z.array(device).min(1).exactOptional(),
      from: capability.exactOptional(),
      before: capability.exactOptional(),
      compute: z
        .array(z.enum(['float16', 'bfloat16', 'float32']))
        .min(1)
        .exactOptional(),
      expandsFilesBefore: z
        .string()
        .regex(/^\d{4}-\d{2}$/)
        .exactOptional(),
      fp8KVCacheOnly: z.boolean().exactOptional(),
      warning: text.exactOptional(),
      source: text,
    }),
  ),
  quantizations: z.array(
    z.strictObject({
      quantization,
      devices: z.array(device).min(1).exactOptional(),
      from: capability.exactOptional(),
      before: capability.exactOptional(),
      warning: text.exactOptional(),
      source: text,
    }),
  ),
  checkpointFormats: z.array(checkpoint.shape.format),
  quantizesOnLoad: z.array(quantization),
  fp8KVCacheFrom: capability.exactOptional(),
  memory: z.strictObject({
    setting: z.enum(['FractionOfTotal', 'StaticFraction', 'FractionOfFree', 'None']),
    utilization: z.number().gt(0).lte(1),
    baseOverheadGiB: byComputeCapability,
    hostServerGiB: z.number().nonnegative().exactOptional(),
    hostKVCacheStepGiB: z.number().gt(0).exactOptional(),
    tensorParallelGiB: z.number().nonnegative(),
    reserve: z
      .strictObject({
        fixedGiB: z.number().nonnegative(),
        perBatchedTokenMiB: z.number().nonnegative(),
        perSequenceMiB: z.number().nonnegative(),
        perRankGiB: z.number().nonnegative(),
        graphsGiB: z.number().nonnegative(),
        latentGraphsGiB: z.number().nonnegative(),
      })
      .exactOptional(),
  }),
  maxNumBatchedTokens: byComputeCapability,
  maxNumSeqs: count,
  startup: z.strictObject({
    startSeconds: z.number().nonnegative(),
    compileSeconds: z.number().nonnegative(),
    blockFP8CompileSeconds: z.number().nonnegative(),
    warmUpSeconds: z.number().nonnegative(),
  }),
  servedNames: z.enum(['Several', 'One', 'None']),
  checksApiKey: z.boolean(),
  endpoints: z.strictObject({ port: count, health: text, metrics: text }),
  metrics: z.partialRecord(
    z.enum([
      'requestsRunning',
      'requestsWaiting',
      'kvCacheUsage',
      'timeToFirstToken',
      'interTokenLatency',
      'timePerOutputToken',
      'requestLatency',
      'queueTime',
      'promptTokens',
      'generationTokens',
      'requestsSucceeded',
      'requestsFailed',
    ]),
    text,
  ),
  drain: z.strictObject({
    onSigterm: z.enum(['Drains', 'DrainsWhenTold', 'Cuts']),
    newRequests: z.enum(['Served', 'Error500', 'Refused', 'Error503']),
    health: z.enum(['Ok', 'Error503', 'Refused']),
    source: text,
  }),
  streamsFrom: z.array(z.enum(['s3', 'gs', 'az', 'oss'])).exactOptional(),
  sources,
});

export const catalogSchema: z.ZodType<Catalog> = z.strictObject({
  models: z.array(model),
  accelerators: z.array(accelerator),
  engines: z.array(
    z.strictObject({
      type: z.enum(ENGINE_TYPES),
      versions: z.array(engineVersion).min(1),
      flagHistory: z.array(
        z.strictObject({
          flag: text,
          since: text.exactOptional(),
          removedIn: text.exactOptional(),
          instead: text.exactOptional(),
          source: text,
        }),
      ),
    }),
  ),
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
      ggufBitsPerWeight: z.record(text, z.number().positive()).exactOptional(),
      source: text,
    }),
  ),
});
