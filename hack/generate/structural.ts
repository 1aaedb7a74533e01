import { z } from 'zod';
import { auditZod } from './audit.ts';
import { at, KEYWORDS, SchemaError, type StructuralSchema } from './schema.ts';

/** What `z.toJSONSchema` gives, as far as it is read here. */
type Json = Record<string, unknown>;

/**
 * A zod schema as the structural schema of a CRD. Throws SchemaError on what a CRD cannot say. What is rewritten and
 * why: the table of the CRD documentation's "Specifying a structural schema".
 */
export function toStructural(schema: z.ZodType): StructuralSchema {
  auditZod(schema);
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
    unrepresentable: 'throw',
  });
  return rewrite(json, '');
}

function rewrite(json: Json, path: string): StructuralSchema {
  const schema = intOrString(json, path) ?? { ...json };
  integers(schema);
  dateTime(schema);
  openObject(schema);
  if (isJson(schema['properties']))
    schema['properties'] = mapValues(schema['properties'], (value, key) => rewrite(value, at(path, key)));
  if (isJson(schema['additionalProperties']))
    schema['additionalProperties'] = rewrite(schema['additionalProperties'], `${path}{}`);
  if (isJson(schema['items'])) schema['items'] = rewrite(schema['items'], `${path}[]`);
  return ordered(schema, path);
}

/** `anyOf` of integer and string is the one union of types that a CRD has; ordinary string keywords go on top of it. */
function intOrString(json: Json, path: string): Json | undefined {
  const { anyOf, ...rest } = json;
  if (anyOf === undefined) return undefined;
  const options = anyOf as Json[];
  const integer = options.find(({ type }) => type === 'integer');
  const text = options.find(({ type }) => type === 'string');
  if (options.length !== 2 || !integer || !text) {
    throw new SchemaError(path, 'a union can only be of integer and string; use optional members and exactlyOneOf');
  }
  return {
    ...withoutType(integer),
    ...withoutType(text),
    ...rest,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    'x-kubernetes-int-or-string': true,
  };
}

function withoutType(json: Json): Json {
  const keywords = { ...json };
  delete keywords['type'];
  return keywords;
}

/** zod writes JavaScript's safe integers as bounds; the API server knows formats, and has integers for literals. */
function integers(schema: Json): void {
  if (schema['type'] === 'number' && Array.isArray(schema['enum']) && schema['enum'].every(Number.isInteger)) {
    schema['type'] = 'integer';
  }
  if (schema['minimum'] === Number.MIN_SAFE_INTEGER) delete schema['minimum'];
  if (schema['maximum'] === Number.MAX_SAFE_INTEGER) delete schema['maximum'];
  if (schema['type'] !== 'integer') return;
  const { minimum, maximum } = schema;
  const fits = schema['enum'] !== undefined || (within32Bits(minimum) && within32Bits(maximum));
  schema['format'] = fits ? 'int32' : 'int64';
}

const within32Bits = (bound: unknown): boolean => typeof bound === 'number' && bound >= -(2 ** 31) && bound < 2 ** 31;

/** The API server checks the format; zod's pattern for it is 300 characters long. */
function dateTime(schema: Json): void {
  if (schema['format'] === 'date-time') delete schema['pattern'];
}

/** An object that is handed through as it is. */
function openObject(schema: Json): void {
  const { additionalProperties } = schema;
  if (additionalProperties === false) delete schema['additionalProperties'];
  if (!isJson(additionalProperties) || Object.keys(additionalProperties).length > 0) return;
  delete schema['additionalProperties'];
  schema['x-kubernetes-preserve-unknown-fields'] = true;
}

function ordered(schema: Json, path: string): StructuralSchema {
  const known: readonly string[] = KEYWORDS;
  const foreign = Object.keys(schema).filter((key) => !known.includes(key));
  if (foreign.length > 0) throw new SchemaError(path, `a CRD has no ${foreign.join(', ')}`);
  return Object.fromEntries(known.filter((key) => key in schema).map((key) => [key, schema[key]]));
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

function mapValues(record: Json, map: (value: Json, key: string) => StructuralSchema): Json {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value as Json, key)]));
}
