import { QUANTIZATION_TYPES } from '../api/index.ts';
import type { DeepSeekDeploymentSpec, QuantizationType } from '../api/index.ts';
import { findQuantization, findQuantizationSupport } from '../catalog/index.ts';
import type { AcceleratorEntry, Catalog, Checkpoint, ModelEntry, QuantizationEntry } from '../catalog/index.ts';
import type { ResolvedEngine } from './engine-choice.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { GIB } from './units.ts';
import { DEFAULT_GGUF_TYPE, weightBytes } from './weights.ts';
import type { WeightFormat } from './weights.ts';

export interface ResolvedWeights extends Omit<WeightFormat, 'entry'> {
  readonly repository?: string;
  readonly quantizedOnLoad: boolean;
  readonly warnings: readonly string[];
}

/** The quantization that the published checkpoint is in. */
export function nativeQuantization({ nativeDtype }: ModelEntry): QuantizationType {
  if (nativeDtype === 'float8') return 'FP8';
  return nativeDtype === 'bfloat16' ? 'BF16' : 'FP16';
}

/** What an engine needs that reads no other checkpoint than those that were made for it. */
const MADE_BY: Readonly<Partial<Record<ResolvedEngine['type'], string>>> = {
  'TensorRT-LLM': 'NVIDIA ModelOpt',
};

/** Where the weights of this format come from: the user's source, a published checkpoint, or the original one. */
export function resolveWeights(
  spec: DeepSeekDeploymentSpec,
  model: ModelEntry,
  entry: QuantizationEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
  catalog: Catalog,
): ResolvedWeights | Refusal {
  const ggufType =
    entry.ggufBitsPerWeight === undefined ? undefined : (spec.quantization?.ggufType ?? DEFAULT_GGUF_TYPE);
  const own = usersOwn(spec);
  if (own !== undefined) return fromUser(own, model, entry, engine, ggufType);
  const checkpoint = model.checkpoints[entry.type];
  if (checkpoint !== undefined && engine.version.checkpointFormats.includes(checkpoint.format)) {
    const found = published(checkpoint, entry, ggufType);
    return isRefusal(found)
      ? found
      : { ...found, warnings: [...found.warnings, ...foreignPin(spec, model, checkpoint)] };
  }
  const native = nativeQuantization(model);
  // A 16-bit checkpoint is cast while it loads.
  const isNative = native === 'FP8' ? entry.type === 'FP8' : entry.weights === 'Native';
  if (isNative) {
    return { ...original(model), ...(native === 'FP8' && FP8_BLOCKS), quantizedOnLoad: false, warnings: [] };
  }
  if (engine.version.quantizesOnLoad.includes(entry.type) && native !== 'FP8') {
    return {
      repository: model.repository,
      quantizedOnLoad: true,
      warnings: [
        `no ${entry.type} checkpoint of ${model.name} is known: ${engine.type} quantizes ${model.repository} while it loads, which holds the 16-bit weights in GPU memory for that time`,
      ],
    };
  }
  return noCheckpoint(model, entry, accelerator, engine, catalog);
}

/** A pin that was taken from the model's own repository is no commit of the one that the catalogue takes instead. */
function foreignPin(
  { model: { revision } }: DeepSeekDeploymentSpec,
  model: ModelEntry,
  { repository }: Checkpoint,
): string[] {
  return revision === undefined || repository === model.repository
    ? []
    : [
        `model.revision is looked up in ${repository}, where these weights come from: it has to be a commit of that repository`,
      ];
}

interface UsersOwn {
  /** What the user calls it. */
  readonly name: string;
  readonly repository?: string;
}

function usersOwn({ model: { source } }: DeepSeekDeploymentSpec): UsersOwn | undefined {
  const repository = source?.huggingFace?.repository;
  if (repository !== undefined) return { name: repository, repository };
  const name = source?.persistentVolumeClaim?.claimName ?? source?.image?.reference ?? source?.objectStorage?.uri;
  return name === undefined ? undefined : { name };
}

function fromUser(
  { name, repository }: UsersOwn,
  model: ModelEntry,
  entry: QuantizationEntry,
  engine: ResolvedEngine,
  ggufType: string | undefined,
): ResolvedWeights {
  const maker = MADE_BY[engine.type];
  const asPublished = entry.type === 'FP8' && nativeQuantization(model) === 'FP8';
  const taken = `the weights of ${name} are taken to be in ${entry.label} already`;
  return {
    ...(repository !== undefined && { repository }),
    ...(entry.groupSize !== undefined && { groupSize: entry.groupSize }),
    ...(asPublished && FP8_BLOCKS),
    ...(ggufType !== undefined && { ggufType, format: 'gguf' as const }),
    quantizedOnLoad: false,
    warnings: entry.weights === 'Native' || asPublished ? [] : [maker === undefined ? taken : `${taken}, by ${maker}`],
  };
}

/** DeepSeek's FP8 checkpoints: one scale per block of 128 x 128 weights. */
const FP8_BLOCKS = { format: 'fp8-block', groupSize: 128 } as const;

/** The checkpoint as it was published. Its size is known in its own dtype only. */
function original({
  repository,
  checkpointBytes,
  loadedShare,
}: ModelEntry): Omit<WeightFormat, 'entry'> & { readonly repository: string } {
  return {
    repository,
    ...(checkpointBytes !== undefined && { checkpointBytes }),
    ...(loadedShare !== undefined && { loadedShare }),
  };
}

function published(
  { repository, groupSize, format, bytes }: Checkpoint,
  { ggufBitsPerWeight }: QuantizationEntry,
  ggufType: string | undefined,
): ResolvedWeights | Refusal {
  if (ggufType !== undefined && ggufBitsPerWeight?.[ggufType] === undefined) {
    const known = Object.keys(ggufBitsPerWeight ?? {}).join(', ');
    return refuse(
      'UnsupportedQuantization',
      `the size of GGUF files of type ${ggufType} is not in the catalogue: set quantization.ggufType to one of ${known}`,
    );
  }
  const size = typeof bytes === 'number' || ggufType === undefined ? bytes : bytes?.[ggufType];
  return {
    repository,
    format,
    ...(groupSize !== undefined && { groupSize }),
    ...(ggufType !== undefined && { ggufType }),
    ...(typeof size === 'number' && { checkpointBytes: size }),
    quantizedOnLoad: false,
    warnings: [],
  };
}

function noCheckpoint(
  model: ModelEntry,
  entry: QuantizationEntry,
  accelerator: AcceleratorEntry,
  engine: ResolvedEngine,
  catalog: Catalog,
): Refusal {
  const { version, type: name } = engine;
  const native = nativeQuantization(model);
  const runs = (type: QuantizationType): boolean =>
    findQuantizationSupport(version, type, accelerator) !== undefined &&
    (type === native || version.checkpointFormats.some((format) => model.checkpoints[type]?.format === format)) &&
    fitsNode(model, findQuantization(catalog, type), accelerator);
  const others = QUANTIZATION_TYPES.filter((type) => type !== native);
  const known = [native, ...others].filter((type) => type !== entry.type && runs(type));
  const maker = MADE_BY[name];
  const published = model.checkpoints[entry.type];
  const why =
    published === undefined
      ? `the catalogue knows none for ${model.name}`
      : `${name} does not read ${published.repository}, which is stored as ${published.format}`;
  return refuse(
    'UnsupportedQuantization',
    `${name} loads ${entry.label} only from a repository that was ${entry.weights === 'Native' ? 'converted' : 'quantized'} beforehand${maker === undefined ? '' : ` by ${maker}`}, and ${why}: ` +
      `name yours in model.source.huggingFace.repository${known.length > 0 ? `, or use ${known.join(' or ')}, for which it knows one` : ''}`,
  );
}

/** Share of a node's GPU memory that weights may take at most: engines keep about a tenth for themselves. */
const WEIGHTS_SHARE = 0.9;

/** Whether all GPUs of one node could hold the weights. */
function fitsNode(
  { architecture }: ModelEntry,
  entry: QuantizationEntry | undefined,
  { memory, maxPerNode }: AcceleratorEntry,
): boolean {
  if (entry === undefined) return false;
  return (
    memory === undefined || weightBytes(architecture, { entry }) / GIB <= memory.visibleGiB * maxPerNode * WEIGHTS_SHARE
  );
}
