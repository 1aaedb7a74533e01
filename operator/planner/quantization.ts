import { QUANTIZATION_TYPES } from '../api/index.ts';
import type { DeepSeekDeploymentSpec, QuantizationType } from '../api/index.ts';
import { compareComputeCapability, findQuantization, findQuantizationSupport } from '../catalog/index.ts';
import type {
  AcceleratorEntry,
  Catalog,
  Checkpoint,
  EngineVersion,
  ModelEntry,
  QuantizationEntry,
} from '../catalog/index.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { ResolvedEngine } from './engine-choice.ts';
import type { ComputeDtype } from './types.ts';
import type { WeightFormat } from './weights.ts';

/** A quantization that this engine runs on this GPU, and where its weights come from. */
export interface ResolvedQuantization extends WeightFormat {
  readonly computeDtype: ComputeDtype;
  readonly kvCacheDtype: 'auto' | 'fp8';
  /** Catalogue's repository; absent when the user says where the weights are. */
  readonly repository?: string;
  /** The checkpoint is in 16-bit and the engine quantizes it while loading. */
  readonly quantizedOnLoad: boolean;
  readonly warnings: readonly string[];
}

/** Finds the format of the weights: the one that the spec asks for, or the checkpoint's own as far as the GPU can run it. */
export function resolveQuantization(
  spec: DeepSeekDeploymentSpec,
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
  catalog: Catalog,
): ResolvedQuantization | Refusal {
  const wanted = spec.quantization?.type;
  const { type, warnings } =
    wanted === undefined ? defaultQuantization(model, accelerator, engine) : { type: wanted, warnings: [] };
  const entry = findQuantization(catalog, type);
  const support = findQuantizationSupport(engine.version, type, accelerator);
  if (entry === undefined || support === undefined) {
    return refuse('UnsupportedQuantization', unsupportedMessage(type, accelerator, engine));
  }
  const kvCacheDtype = spec.quantization?.kvCache === 'FP8' ? 'fp8' : 'auto';
  const { fp8KVCacheFrom } = engine.version;
  if (kvCacheDtype === 'fp8' && (fp8KVCacheFrom === undefined || isOlder(accelerator, fp8KVCacheFrom))) {
    return refuse(
      'UnsupportedQuantization',
      `an FP8 KV cache needs compute capability ${fp8KVCacheFrom ?? 'that no GPU has'}, and ${accelerator.name} has ${accelerator.computeCapability ?? 'none'}: set quantization.kvCache to Auto`,
    );
  }
  if (spec.quantization?.bits !== undefined && spec.quantization.bits !== entry.linearBytes * 8) {
    const bits = spec.quantization.bits;
    const instead = bits === 8 ? 'use type W8A16 for 8 bits' : 'only 4 bits are planned for';
    return refuse('UnsupportedQuantization', `${entry.label} with ${bits} bits is not in the catalogue: ${instead}`);
  }
  const weights = resolveWeights(spec, model, entry, accelerator, engine);
  if ('refused' in weights) return weights;
  return {
    entry,
    computeDtype: computeDtype(entry, model, accelerator, engine.version),
    kvCacheDtype,
    ...weights,
    warnings: [
      ...warnings,
      ...(support.warning === undefined ? [] : [`${type} on ${accelerator.name}: ${support.warning}`]),
      ...weights.warnings,
    ],
  };
}

const isOlder = (accelerator: AcceleratorEntry, capability: string): boolean =>
  accelerator.computeCapability === undefined ||
  compareComputeCapability(accelerator.computeCapability, capability) < 0;

const runs = (type: QuantizationType, accelerator: AcceleratorEntry, engine: EngineVersion): boolean =>
  findQuantizationSupport(engine, type, accelerator) !== undefined;

/** The quantization that the published checkpoint is in. */
export function nativeQuantization({ nativeDtype }: ModelEntry): QuantizationType {
  if (nativeDtype === 'float8') return 'FP8';
  return nativeDtype === 'bfloat16' ? 'BF16' : 'FP16';
}

/** The checkpoint's own dtype; float16 where the GPU has no bfloat16. */
function defaultQuantization(
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
): { readonly type: QuantizationType; readonly warnings: readonly string[] } {
  const native = nativeQuantization(model);
  if (native !== 'BF16' || runs(native, accelerator, engine.version)) return { type: native, warnings: [] };
  return {
    type: 'FP16',
    warnings: [
      `the weights are in BF16, which ${accelerator.name} (compute capability ${accelerator.computeCapability ?? 'none'}) does not have: they run in FP16`,
    ],
  };
}

function computeDtype(
  entry: QuantizationEntry,
  model: ModelEntry,
  accelerator: AcceleratorEntry,
  engine: EngineVersion,
): ComputeDtype {
  if (entry.compute !== 'Native') return entry.compute;
  return model.nativeDtype !== 'float16' && runs('BF16', accelerator, engine) ? 'bfloat16' : 'float16';
}

function unsupportedMessage(type: QuantizationType, accelerator: AcceleratorEntry, engine: ResolvedEngine): string {
  const supported = QUANTIZATION_TYPES.filter((candidate) => runs(candidate, accelerator, engine.version)).join(', ');
  const name = `${engine.type} ${engine.version.version}`;
  if (type === 'GGUF') return `${name} does not load GGUF files: it supports ${supported} on ${accelerator.name}`;
  const oldest = engine.version.quantizations
    .filter(({ quantization }) => quantization === type)
    .flatMap(({ from }) => from ?? [])
    .sort(compareComputeCapability)[0];
  const capability = `${accelerator.name} has compute capability ${accelerator.computeCapability ?? 'none'}`;
  const needs =
    oldest !== undefined && isOlder(accelerator, oldest)
      ? `${name} needs compute capability ${oldest} for ${type}, and ${capability}`
      : `${name} does not run ${type} on this GPU (${capability})`;
  return `${needs}: it supports ${supported} there`;
}

interface ResolvedWeights extends Omit<WeightFormat, 'entry'> {
  readonly repository?: string;
  readonly quantizedOnLoad: boolean;
  readonly warnings: readonly string[];
}

/** Where the weights of this format come from: the user's source, a published checkpoint, or the original one. */
function resolveWeights(
  spec: DeepSeekDeploymentSpec,
  model: ModelEntry,
  entry: QuantizationEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
): ResolvedWeights | Refusal {
  const source = spec.model.source;
  const usersRepository = source?.huggingFace?.repository;
  const usersOwn = usersRepository ?? source?.persistentVolumeClaim?.claimName ?? source?.image?.reference;
  if (usersOwn !== undefined) {
    return {
      ...(usersRepository !== undefined && { repository: usersRepository }),
      ...(entry.groupSize !== undefined && { groupSize: entry.groupSize }),
      quantizedOnLoad: false,
      warnings:
        entry.weights === 'Native' ? [] : [`the weights of ${usersOwn} are taken to be in ${entry.label} already`],
    };
  }
  const checkpoint = model.checkpoints[entry.type];
  if (checkpoint !== undefined) return published(checkpoint);
  const native = nativeQuantization(model);
  const isNative = native === 'FP8' ? entry.type === 'FP8' : entry.weights === 'Native'; // 16-bit checkpoints are cast while they load
  if (isNative)
    return { ...original(model), ...(native === 'FP8' && FP8_BLOCKS), quantizedOnLoad: false, warnings: [] };
  if (entry.weights === 'Online' && native !== 'FP8') {
    return {
      repository: model.repository,
      quantizedOnLoad: true,
      warnings: [
        `no ${entry.type} checkpoint of ${model.name} is known: ${engine.type} quantizes ${model.repository} while it loads, which holds the 16-bit weights in GPU memory for that time`,
      ],
    };
  }
  const known = QUANTIZATION_TYPES.filter((type) => model.checkpoints[type] && runs(type, accelerator, engine.version));
  return refuse(
    'UnsupportedQuantization',
    `${engine.type} loads ${entry.label} only from a repository that was quantized beforehand, and the catalogue knows none for ${model.name}: ` +
      `name yours in model.source.huggingFace.repository${known.length > 0 ? `, or use ${known.join(' or ')}, which it knows one for` : ''}`,
  );
}

/** DeepSeek's FP8 checkpoints: one scale per block of 128 x 128 weights. */
const FP8_BLOCKS = { format: 'fp8-block', groupSize: 128 } as const;

/** The checkpoint as it was published. Its size is known in its own dtype only. */
function original({ repository, checkpointBytes, loadedShare }: ModelEntry): Omit<WeightFormat, 'entry'> & {
  readonly repository: string;
} {
  return {
    repository,
    ...(checkpointBytes !== undefined && { checkpointBytes }),
    ...(loadedShare !== undefined && { loadedShare }),
  };
}

function published({ repository, groupSize, format, bytes }: Checkpoint): ResolvedWeights {
  return {
    repository,
    format,
    ...(groupSize !== undefined && { groupSize }),
    ...(typeof bytes === 'number' && { checkpointBytes: bytes }),
    quantizedOnLoad: false,
    warnings: [],
  };
}
