/** What is read of a schema of a CRD. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly [bound: string]: unknown;
}

const UPPER = ['maximum', 'maxLength', 'maxItems', 'maxProperties'];
const LOWER = ['minimum', 'minLength', 'minItems', 'minProperties'];

/**
 * Where a later schema drops or refuses what an earlier one stores: paths, each with what is lost. Rules of CEL are not looked at: the API
 * server lets through what is stored and does not change (CRD validation ratcheting).
 */
export function narrowings(earlier: Schema, later: Schema | undefined, path = ''): readonly string[] {
  if (later === undefined) return [`${path} is gone`];
  const found: string[] = [];
  if (earlier.type !== later.type)
    found.push(`${path} is ${later.type ?? 'anything'}, not ${earlier.type ?? 'anything'}`);
  const missing = (earlier.enum ?? []).filter((value) => later.enum !== undefined && !later.enum.includes(value));
  if (missing.length > 0) found.push(`${path} may not be ${missing.join(', ')} any more`);
  if (earlier.enum === undefined && later.enum !== undefined) found.push(`${path} may be few values only`);
  for (const name of later.required ?? [])
    if (!earlier.required?.includes(name)) found.push(`${path}.${name} is required`);
  for (const bound of UPPER)
    if (Number(later[bound] ?? Infinity) < Number(earlier[bound] ?? Infinity)) found.push(`${path} has less ${bound}`);
  for (const bound of LOWER)
    if (Number(later[bound] ?? -Infinity) > Number(earlier[bound] ?? -Infinity))
      found.push(`${path} has more ${bound}`);
  if (later['pattern'] !== undefined && later['pattern'] !== earlier['pattern'])
    found.push(`${path} has another pattern`);
  for (const [name, schema] of Object.entries(earlier.properties ?? {}))
    found.push(...narrowings(schema, later.properties?.[name], `${path}.${name}`));
  if (earlier.items) found.push(...narrowings(earlier.items, later.items, `${path}[]`));
  if (earlier.additionalProperties)
    found.push(...narrowings(earlier.additionalProperties, later.additionalProperties, `${path}[*]`));
  return found;
}
