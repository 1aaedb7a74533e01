import type { Path } from './drift.ts';
import { memberAt, staleFields } from './stale-fields.ts';

/** One entry of `metadata.managedFields`. */
export interface FieldOwnership {
  readonly manager?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

/**
 * Field managers other than `ourManager` that own something below `spec.template` of a workload which `template` does
 * not declare, sorted. The template is ours whole: `kubectl rollout restart`, for one, writes an annotation into it that
 * survives our own apply and rolls the pods. A field that we declare too is no matter, whoever else owns it: a wrong
 * value there is drift, which an apply takes back, and a right one may stay.
 */
export function foreignTemplateManagers(
  managedFields: readonly FieldOwnership[] | undefined,
  ourManager: string,
  template: object,
): string[] {
  const managers = (managedFields ?? [])
    .filter((entry) => entry.manager !== ourManager && staleFields(template, templateFields(entry)).length > 0)
    .map((entry) => entry.manager ?? 'unknown');
  return [...new Set(managers)].sort();
}

/**
 * Field managers other than `ourManager` that own what is at one of `paths` of an object, sorted: those who wrote it last. A field
 * that somebody has removed belongs to nobody. `desired`: the object that the paths were found in.
 */
export function managersAt(
  managedFields: readonly FieldOwnership[] | undefined,
  ourManager: string,
  paths: readonly Path[],
  desired: object,
): string[] {
  const managers = (managedFields ?? [])
    .filter(({ manager, fieldsV1 }) => manager !== ourManager && paths.some((path) => owns(fieldsV1, path, desired)))
    .map(({ manager }) => manager ?? 'unknown');
  return [...new Set(managers)].sort();
}

/** Whether a set of fields goes as far as the path, or owns a whole on the way. */
function owns(fields: FieldOwnership['fieldsV1'], [step, ...rest]: Path, desired: unknown): boolean {
  if (fields === undefined) return false;
  if (step === undefined || Object.keys(fields).length === 0) return true;
  const below = (key: string) => fields[key] as FieldOwnership['fieldsV1'];
  if (typeof step === 'string') return owns(below(`f:${step}`), rest, (desired as Json | undefined)?.[step]);
  const element = (desired as readonly unknown[] | undefined)?.[step];
  const elements = Object.keys(fields).filter((field) => field !== '.');
  const key = elements.find((field) => memberAt(desired, field) === element);
  // Where ours is not there any more, whoever has one in the list that is none of ours has changed the list.
  return key === undefined
    ? elements.some((field) => memberAt(desired, field) === undefined)
    : owns(below(key), rest, element);
}

type Json = Readonly<Record<string, unknown>>;

function templateFields({ fieldsV1 }: FieldOwnership): Readonly<Record<string, unknown>> | undefined {
  const spec = fieldsV1?.['f:spec'] as { readonly 'f:template'?: Readonly<Record<string, unknown>> } | undefined;
  return spec?.['f:template'];
}
