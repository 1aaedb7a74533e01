import { z } from 'zod';
import { at, SchemaError } from './schema.ts';

/**
 * What `z.toJSONSchema` passes over in silence, and the API server would never know: transforms, refinements without a
 * CEL twin. Throws SchemaError on the first.
 */
export function auditZod(schema: z.core.$ZodType, path = ''): void {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  auditChecks(schema, path);
  switch (def.type) {
    case 'object':
      for (const [key, value] of Object.entries(def.shape)) auditZod(value, at(path, key));
      return;
    case 'array':
      auditZod(def.element, `${path}[]`);
      return;
    case 'record':
      auditZod(def.valueType, `${path}{}`);
      return;
    case 'union':
      for (const option of def.options) auditZod(option, path);
      return;
    case 'optional':
    case 'default':
    case 'prefault':
      auditZod(def.innerType, path);
      return;
    case 'string':
    case 'number':
    case 'boolean':
    case 'enum':
    case 'literal':
    case 'unknown':
      return;
    default:
      throw new SchemaError(path, `zod's ${def.type} cannot be said in a CRD`);
  }
}

function auditChecks(schema: z.core.$ZodType, path: string): void {
  const meta = z.globalRegistry.get(schema) ?? {};
  const twin = ['x-kubernetes-validations', 'x-kubernetes-list-map-keys', 'maxLength', 'maxProperties'].some(
    (key) => key in meta,
  );
  for (const check of schema._zod.def.checks ?? []) {
    const { def } = check._zod;
    if (def.check === 'custom' && !twin) {
      throw new SchemaError(path, 'a refinement needs a twin that the API server checks: use withRules');
    }
    if (def.check === 'overwrite') throw new SchemaError(path, 'a transform changes what users wrote: not in an API');
  }
}
