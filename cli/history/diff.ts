import type { Canonical } from '../../operator/rollout/canonical.ts';

/** One field that differs. Absent sides: the field is not set there, and the default holds. */
export interface FieldChange {
  /** `engine.version`, `engine.env[HF_HOME].value`. */
  readonly path: string;
  readonly from?: Canonical;
  readonly to?: Canonical;
}

/**
 * What differs between the canonical spec parts of two revisions, in the order of the paths. Lists whose items all have a
 * name (env, volumes) are compared item by item, other lists as a whole: their order may mean something.
 */
export function changesBetween(from: Canonical | undefined, to: Canonical | undefined, path = ''): FieldChange[] {
  if (JSON.stringify(from) === JSON.stringify(to)) return [];
  const [before, after] = [membersOf(from), membersOf(to)];
  if (before === undefined || after === undefined) {
    return [{ path, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
  }
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key) => changesBetween(before.get(key), after.get(key), joined(path, key)));
}

/** The members of an object, or of a list of named items, by what is written after the path; undefined: it is no such thing. */
function membersOf(value: Canonical | undefined): Map<string, Canonical> | undefined {
  if (value === undefined) return new Map();
  if (typeof value !== 'object' || value === null) return undefined;
  if (!isList(value)) return new Map(Object.entries(value));
  const named = value.map((item) => [nameOf(item), item] as const);
  const names = new Set(named.map(([name]) => name));
  if (value.length === 0 || names.has(undefined) || names.size !== value.length) return undefined;
  return new Map(named.map(([name, item]) => [`[${name ?? ''}]`, item]));
}

function isList(value: Canonical): value is readonly Canonical[] {
  return Array.isArray(value);
}

function nameOf(item: Canonical): string | undefined {
  const name = typeof item === 'object' && item !== null && !isList(item) ? item['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

function joined(path: string, key: string): string {
  return path === '' || key.startsWith('[') ? `${path}${key}` : `${path}.${key}`;
}

/** `engine.version: 0.32.0 -> 0.33.9`. */
export function describeChange({ path, from, to }: FieldChange): string {
  return `${path}: ${valueText(from)} -> ${valueText(to)}`;
}

function valueText(value: Canonical | undefined): string {
  if (value === undefined) return '(not set)';
  return typeof value === 'string' && value !== '' && value.trim() === value ? value : JSON.stringify(value);
}
