/** One entry of `metadata.managedFields`. */
export interface FieldOwnership {
  readonly manager?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

/**
 * Field managers other than `ourManager` that own something below `spec.template` of a workload, sorted. The template
 * is ours whole: `kubectl rollout restart`, for one, writes an annotation into it that survives our own apply and rolls
 * the pods. The controller manager's `deployment.kubernetes.io/revision` is on the Deployment itself and does not count.
 */
export function foreignTemplateManagers(
  managedFields: readonly FieldOwnership[] | undefined,
  ourManager: string,
): string[] {
  const managers = (managedFields ?? [])
    .filter((entry) => entry.manager !== ourManager && ownsTemplate(entry.fieldsV1))
    .map((entry) => entry.manager ?? 'unknown');
  return [...new Set(managers)].sort();
}

function ownsTemplate(fields: Readonly<Record<string, unknown>> | undefined): boolean {
  const spec = fields?.['f:spec'];
  return typeof spec === 'object' && spec !== null && 'f:template' in spec;
}
