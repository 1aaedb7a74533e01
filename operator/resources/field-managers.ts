import { staleFields } from './stale-fields.ts';

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

function templateFields({ fieldsV1 }: FieldOwnership): Readonly<Record<string, unknown>> | undefined {
  const spec = fieldsV1?.['f:spec'] as { readonly 'f:template'?: Readonly<Record<string, unknown>> } | undefined;
  return spec?.['f:template'];
}
