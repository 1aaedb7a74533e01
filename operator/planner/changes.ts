import type { DeepSeekDeploymentSpec, PlannerReason } from '../api/index.ts';
import { findAccelerator, findModel, findQuantization, similarNames } from '../catalog/index.ts';
import type { AcceleratorEntry, Catalog, ModelEntry, QuantizationEntry } from '../catalog/index.ts';
import { isObject } from './merge-patch.ts';
import { nativeQuantization } from './checkpoint.ts';
import type { Alternative } from './types.ts';
import { GIB } from './units.ts';
import { weightBytes } from './weights.ts';

export type Change = Alternative['change'];

/** A change, and what a replica would cost at least with it. */
export interface Option {
  readonly change: Change;
  readonly atLeast: number;
}

/** A kind of change, with how many of it may be shown. */
export interface Kind {
  /** The cheapest first. Computed only when it is this kind's turn. */
  readonly options: () => readonly Option[];
  readonly most: number;
  /** What is wrong is this, and nothing else is looked for if one of these plans. */
  readonly enough?: boolean;
  /** Changes two things at once: only where its hardware is new, and only if there is room. */
  readonly lastResort?: 'NewAccelerator' | 'NewHardware';
}

/** Reasons that nothing here changes: only the user knows better numbers, arguments and sources, or trusts code. */
const ONLY_THE_USER: ReadonlySet<PlannerReason> = new Set<PlannerReason>([
  'NoMemoryModel',
  'InvalidEngineArgument',
  'UnsupportedSource',
]);

/**
 * What could be changed about a spec that is refused for this reason, the least intrusive kind first. What cannot plan
 * for certain is left out: formats without weights, and weights that are larger than all GPUs of a node.
 */
export function changesOf(spec: DeepSeekDeploymentSpec, reason: PlannerReason, catalog: Catalog): Kind[] {
  if (ONLY_THE_USER.has(reason)) return [];
  const names = modelChanges(spec, catalog);
  const [name = unchanged] = names;
  const of = (...lists: readonly (readonly Option[])[]): readonly Option[] => combine([free(name)], ...lists);
  const model = modelOf(spec, name, catalog);
  const room = roomCheck(model, spec, catalog);
  const quantizations = quantizationChanges(spec, room.formats, catalog);
  const accelerators = acceleratorChanges(spec, catalog);
  const native = model === undefined ? undefined : nativeQuantization(model);
  const otherFormats = quantizations.map(({ option }) => option);
  const asPublished = quantizations.filter(({ format }) => format.type === native).map(({ option }) => option);
  const converted = otherFormats.filter((option) => !asPublished.includes(option));
  const otherAccelerators = (): readonly Option[] => of(accelerators.map(({ option }) => option));
  const otherBoth: Kind = {
    options: () =>
      of(
        accelerators.flatMap(({ option, entry }) =>
          quantizations.filter(({ format }) => room.holds(format, entry)).map((one) => both(option, one.option)),
        ),
      ),
    most: 1,
    lastResort: 'NewAccelerator',
  };
  if (reason === 'AcceleratorUnknown') return [{ options: otherAccelerators, most: 3, enough: true }, otherBoth];
  const { count, parallelism } = spec.accelerator;
  const anyCounts = count === undefined && parallelism === undefined ? [] : [free({ accelerator: anyCount })];
  const kinds: Kind[] = [
    { options: () => of(engineChanges(spec)), most: 1 },
    { options: () => of(asPublished), most: 1 },
    // The further ones fill what the other kinds leave free: those are ranked by their place.
    { options: () => of(converted), most: 3 },
    { options: () => of(anyCounts), most: 1 },
    { options: () => of(contextChanges(spec)), most: 1 },
    { options: () => of(hostMemoryChanges(spec, catalog)), most: 1 },
    { options: otherAccelerators, most: 2 },
    { options: () => of(otherFormats, anyCounts), most: 1, lastResort: 'NewHardware' },
    otherBoth,
  ];
  return name === unchanged ? kinds : [{ options: () => names.map(free), most: 3, enough: true }, ...kinds];
}

const unchanged: Change = {};
const anyCount = { count: null, parallelism: null } as const;
const free = (change: Change): Option => ({ change, atLeast: 0 });

const engineChanges = ({ engine }: DeepSeekDeploymentSpec): readonly Option[] =>
  engine?.type === undefined && engine?.version === undefined
    ? []
    : [free({ engine: { type: null, version: null, image: null } })];

const contextChanges = ({ model }: DeepSeekDeploymentSpec): readonly Option[] =>
  model.maxModelLen === undefined ? [] : [free({ model: { maxModelLen: null } })];

/** On a CPU the container's memory is the limit, unless the plan asks for what it needs. */
function hostMemoryChanges({ accelerator, resources }: DeepSeekDeploymentSpec, catalog: Catalog): readonly Option[] {
  return resources?.memory !== undefined && findAccelerator(catalog, accelerator.type)?.device === 'CPU'
    ? [free({ resources: { memory: null } })]
    : [];
}

/** The models that an unknown name may mean. */
function modelChanges({ model: { name } }: DeepSeekDeploymentSpec, catalog: Catalog): readonly Change[] {
  if (name === 'custom' || findModel(catalog, name) !== undefined) return [unchanged];
  const names = catalog.models.map((model) => model.name);
  return similarNames(name, names).map((similar) => ({ model: { name: similar, revision: null } }));
}

interface AcceleratorOption {
  readonly option: Option;
  readonly entry: AcceleratorEntry;
}

/**
 * Other accelerators, cheapest first; for an unknown name those that it may mean; for a resource of
 * its own also the other slices and the whole GPU. A
 * CPU or unified memory, where a model answers many times more slowly, is not offered instead of a GPU.
 */
function acceleratorChanges(
  { accelerator: { type, resourceName } }: DeepSeekDeploymentSpec,
  catalog: Catalog,
): readonly AcceleratorOption[] {
  const current = findAccelerator(catalog, type);
  const similar =
    type !== 'custom' && current === undefined
      ? similarNames(
          type,
          catalog.accelerators.map(({ name }) => name),
        )
      : [];
  const whole = catalog.accelerators
    .filter(({ name, device }) =>
      similar.length > 0
        ? similar.includes(name)
        : name !== type && (device === 'GPU' || (current !== undefined && current.device !== 'GPU')),
    )
    .map((entry) => ({
      entry,
      option: {
        change: { accelerator: { ...anyCount, type: entry.name, custom: null, resourceName: null } },
        atLeast: entry.relativeCost,
      },
    }));
  if (current === undefined || resourceName === undefined) return whole;
  const slices = (current.migProfiles ?? [])
    .filter((profile) => profile.resourceName !== resourceName)
    .map((profile) => ({
      entry: current,
      option: {
        change: { accelerator: { ...anyCount, resourceName: profile.resourceName } },
        atLeast: current.relativeCost * profile.computeShare,
      },
    }));
  const plain = {
    entry: current,
    option: { change: { accelerator: { ...anyCount, resourceName: null } }, atLeast: current.relativeCost },
  };
  return [...whole, ...slices, plain].toSorted((a, b) => a.option.atLeast - b.option.atLeast);
}

interface QuantizationOption {
  readonly option: Option;
  readonly format: QuantizationEntry;
}

/**
 * Other formats, those of about as many bits as the one asked for first, as far as the spec leaves it to the catalogue
 * where the weights come from.
 */
function quantizationChanges(
  spec: DeepSeekDeploymentSpec,
  formats: readonly QuantizationEntry[],
  catalog: Catalog,
): readonly QuantizationOption[] {
  const { source } = spec.model;
  if (spec.model.name === 'custom' || source?.persistentVolumeClaim || source?.image || source?.objectStorage)
    return [];
  const own = source?.huggingFace?.repository === undefined ? {} : { source: { huggingFace: { repository: null } } };
  const published = findModel(catalog, spec.model.name)?.checkpoints;
  // A commit of one repository says nothing of another.
  const pin = ({ type: other }: QuantizationEntry): Change =>
    published?.[other] === undefined && own.source === undefined ? {} : { revision: null };
  const type = spec.quantization?.type;
  const wanted = type === undefined ? undefined : findQuantization(catalog, type)?.linearBytes;
  const distance = ({ linearBytes }: QuantizationEntry): number =>
    wanted === undefined ? 0 : Math.abs(Math.log2(linearBytes / wanted));
  return formats
    .filter((format) => format.type !== type && format.type !== 'FP32')
    .toSorted((a, b) => distance(a) - distance(b))
    .map((format) => ({
      format,
      option: free({
        model: { ...own, ...pin(format) },
        quantization: { type: format.type, bits: null, ggufType: null },
      }),
    }));
}

/** What certainly does not fit is not worth planning. */
interface RoomCheck {
  /** Formats that the model has weights in, or that an engine makes of them. */
  readonly formats: readonly QuantizationEntry[];
  /** Whether all of this accelerator that a node has could hold the weights. */
  readonly holds: (format: QuantizationEntry, accelerator: AcceleratorEntry) => boolean;
}

/** Published files may be this much smaller than what the shape gives. */
const SMALLEST = 0.8;

/** The model that the spec names, or the one that is meant. */
function modelOf(spec: DeepSeekDeploymentSpec, name: Change, catalog: Catalog): ModelEntry | undefined {
  const changed = isObject(name['model']) ? name['model']['name'] : spec.model.name;
  return findModel(catalog, String(changed));
}

function roomCheck(model: ModelEntry | undefined, spec: DeepSeekDeploymentSpec, catalog: Catalog): RoomCheck {
  if (model === undefined || spec.model.measured !== undefined)
    return { formats: catalog.quantizations, holds: () => true };
  const formats = catalog.quantizations.filter((format) => hasWeights(model, format));
  const sizes = new Map<QuantizationEntry, number>();
  const sizeGiB = (format: QuantizationEntry): number => {
    const known = sizes.get(format);
    if (known !== undefined) return known;
    const size = (weightBytes(model.architecture, { entry: format }) * SMALLEST) / GIB;
    sizes.set(format, size);
    return size;
  };
  return {
    formats,
    holds: (format, { memory, maxPerNode }) =>
      format.ggufBitsPerWeight !== undefined ||
      memory === undefined ||
      sizeGiB(format) <= memory.visibleGiB * maxPerNode,
  };
}

function hasWeights(model: ModelEntry, { type, weights }: QuantizationEntry): boolean {
  if (model.checkpoints[type] !== undefined) return true;
  const native = nativeQuantization(model);
  if (native === 'FP8') return type === 'FP8';
  return weights !== 'Prequantized';
}

function both(a: Option, b: Option): Option {
  return { change: join(a.change, b.change), atLeast: Math.max(a.atLeast, b.atLeast) };
}

/** Every combination of one option of each list. */
function combine(...lists: readonly (readonly Option[])[]): readonly Option[] {
  return lists.reduce<readonly Option[]>(
    (all, list) => all.flatMap((a) => list.map((b) => both(a, b))),
    [free(unchanged)],
  );
}

/** Joins two merge patches; nulls stay, because they remove. */
function join(a: Change, b: Change): Change {
  const joined: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const before = joined[key];
    joined[key] = isObject(before) && isObject(value) ? join(before, value) : value;
  }
  return joined;
}
