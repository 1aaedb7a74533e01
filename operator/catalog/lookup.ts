import type { EngineType, QuantizationType } from '../api/index.ts';
import type {
  AcceleratorEntry,
  ArchitectureSupport,
  ByComputeCapability,
  Catalog,
  EngineEntry,
  EngineVersion,
  ModelEntry,
  QuantizationEntry,
  QuantizationSupport,
} from './types.ts';

/** The model of this name or alias. */
export function findModel(catalog: Catalog, name: string): ModelEntry | undefined {
  return catalog.models.find((model) => model.name === name || model.aliases.includes(name));
}

export function findAccelerator(catalog: Catalog, name: string): AcceleratorEntry | undefined {
  return catalog.accelerators.find((accelerator) => accelerator.name === name);
}

export function findEngine(catalog: Catalog, type: EngineType): EngineEntry | undefined {
  return catalog.engines.find((engine) => engine.type === type);
}

export function findQuantization(catalog: Catalog, type: QuantizationType): QuantizationEntry | undefined {
  return catalog.quantizations.find((quantization) => quantization.type === type);
}

/** Orders compute capabilities: negative when `a` is older than `b`. `10.0` comes after `9.0`. */
export function compareComputeCapability(a: string, b: string): number {
  return ordinal(a) - ordinal(b);
}

/** `8.9` as 8009: the minor version has at most two digits. */
function ordinal(capability: string): number {
  const dot = capability.indexOf('.');
  return dot < 0
    ? Number(capability) * 1000
    : Number(capability.slice(0, dot)) * 1000 + Number(capability.slice(dot + 1));
}

/**
 * Orders versions such as `0.32.0`, `v0.9.0.1`, `1.3.0rc23` and `b11669` by their numbers: negative when `a` is older
 * than `b`. A release candidate is older than the release.
 */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [numbersOf(a), numbersOf(b)];
  for (let at = 0; at < Math.max(first.length, second.length); at += 1) {
    const difference = (first[at] ?? 0) - (second[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `1.3.0rc23` as 1, 3, 0, 0, -1000 + 23: a pre-release comes before its release. */
function numbersOf(version: string): number[] {
  const [release = '', candidate] = version.split(/rc/);
  const numbers = [...release.matchAll(/[0-9]+/g)].map(([digits]) => Number(digits));
  const padded = Array.from({ length: Math.max(4, numbers.length) }, (_, index) => numbers[index] ?? 0);
  return candidate === undefined ? [...padded, 0] : [...padded, -1000 + Number(/[0-9]+/.exec(candidate)?.[0] ?? 0)];
}

/** The row for this GPU generation: the newest that is not newer than it; for older GPUs, and without CUDA, the oldest row. */
export function byComputeCapability<T>(
  rows: readonly ByComputeCapability<T>[],
  capability: string | undefined,
): T | undefined {
  const newestFirst = (a: ByComputeCapability<T>, b: ByComputeCapability<T>): number =>
    ordinal(b.from) - ordinal(a.from);
  const sorted = rows.toSorted(newestFirst);
  const found = capability === undefined ? undefined : sorted.find(({ from }) => ordinal(from) <= ordinal(capability));
  return (found ?? sorted.at(-1))?.value;
}

/** How the engine runs this quantization on this accelerator; undefined if it does not. */
export function findQuantizationSupport(
  engine: EngineVersion,
  quantization: QuantizationType,
  accelerator: Pick<AcceleratorEntry, 'device' | 'computeCapability'>,
): QuantizationSupport | undefined {
  return engine.quantizations.find((row) => row.quantization === quantization && isFor(row, accelerator));
}

/** How the engine serves models of this class on this accelerator; undefined if it does not. */
export function findArchitectureSupport(
  engine: EngineVersion,
  className: string,
  accelerator: Pick<AcceleratorEntry, 'device' | 'computeCapability'>,
): ArchitectureSupport | undefined {
  return engine.architectures.find((row) => row.classes.includes(className) && isFor(row, accelerator));
}

/** Whether a row of a support table speaks of this accelerator. A row that names a capability needs CUDA. */
function isFor(
  { devices = ['GPU'], from, before }: Pick<QuantizationSupport, 'devices' | 'from' | 'before'>,
  { device, computeCapability }: Pick<AcceleratorEntry, 'device' | 'computeCapability'>,
): boolean {
  if (!devices.includes(device)) return false;
  if (computeCapability === undefined) return from === undefined && before === undefined;
  return (
    (from === undefined || compareComputeCapability(from, computeCapability) <= 0) &&
    (before === undefined || compareComputeCapability(computeCapability, before) < 0)
  );
}

/**
 * Names of `candidates` that may have been meant by `name`, best first, at most `limit`: those that begin with it, else
 * those that differ by little; none that is clearly another word.
 */
export function similarNames(name: string, candidates: readonly string[], limit = 3): string[] {
  const wanted = normalise(name);
  const longer = candidates.filter((candidate) => wanted !== '' && normalise(candidate).startsWith(wanted));
  if (longer.length > 0) return longer.slice(0, limit);
  return candidates
    .map((candidate) => ({ candidate, edits: editDistance(wanted, normalise(candidate)) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, candidate.length / 3))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

const normalise = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^.*\//, '')
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 100);

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
