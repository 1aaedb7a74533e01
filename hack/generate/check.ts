import { at, SchemaError, type StructuralSchema } from './schema.ts';

/** Syntax that RE2, the API server's engine, does not have. */
const NOT_RE2 = /\(\?[=!<]|\\[1-9]/;
/** Syntax that RE2 has with another meaning than JavaScript: ASCII there, Unicode here. */
const OTHER_IN_RE2 = /\\[sSbBpPuc]/;

/**
 * Whether a schema is structural, bounded and described, so that the API server accepts it within its cost budget and
 * a reader of `kubectl explain` finds every field explained. Returns every problem; empty when there is none.
 */
export function problemsOf(schema: StructuralSchema, path = ''): SchemaError[] {
  const problem = (text: string): SchemaError => new SchemaError(path, text);
  return [
    ...kindProblems(schema, problem),
    ...boundProblems(schema, problem),
    ...patternProblems(schema, problem),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, value]) => [
      ...(value.description ? [] : [new SchemaError(at(path, key), 'needs a description')]),
      ...problemsOf(value, at(path, key)),
    ]),
    ...(schema.additionalProperties ? problemsOf(schema.additionalProperties, `${path}{}`) : []),
    ...(schema.items ? problemsOf(schema.items, `${path}[]`) : []),
  ];
}

type Problem = (text: string) => SchemaError;

function kindProblems(schema: StructuralSchema, problem: Problem): SchemaError[] {
  const problems: SchemaError[] = [];
  if (schema.type === undefined && !schema['x-kubernetes-int-or-string']) problems.push(problem('needs a type'));
  if (schema.type !== undefined && schema['x-kubernetes-int-or-string'])
    problems.push(problem('int-or-string has no type beside it'));
  if (schema.anyOf && !schema['x-kubernetes-int-or-string']) problems.push(problem('anyOf is for int-or-string only'));
  if (schema.properties && schema.additionalProperties)
    problems.push(problem('has properties and additionalProperties'));
  if (schema.type === 'array' && !schema.items) problems.push(problem('a list needs items'));
  if (schema.type === 'array' && !schema['x-kubernetes-list-type'])
    problems.push(problem('a list needs x-kubernetes-list-type'));
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    if (!schema.items?.required?.includes(key))
      problems.push(problem(`the key ${key} of a map list has to be required`));
  }
  for (const name of schema.required ?? []) {
    if (!schema.properties?.[name]) problems.push(problem(`requires ${name}, which it does not have`));
  }
  return problems;
}

/** Every list, map and string is bounded: a rule that reaches it costs that much, and etcd holds it. */
function boundProblems(schema: StructuralSchema, problem: Problem): SchemaError[] {
  const text = schema.type === 'string' || schema['x-kubernetes-int-or-string'];
  if (schema.type === 'array' && schema.maxItems === undefined) return [problem('a list needs a largest size')];
  if (schema.additionalProperties && schema.maxProperties === undefined) return [problem('a map needs a largest size')];
  if (text && schema.maxLength === undefined && !schema.enum && schema.format !== 'date-time') {
    return [problem('a string needs a largest length')];
  }
  return [];
}

function patternProblems(schema: StructuralSchema, problem: Problem): SchemaError[] {
  if (schema.pattern !== undefined) return [problem('use matching(): its message is what the user reads')];
  const patterns = (schema['x-kubernetes-validations'] ?? []).flatMap(({ rule }) =>
    [...rule.matchAll(/matches\(r?'([^']*)'\)/g)].map(([, pattern = '']) => pattern),
  );
  return patterns.flatMap((pattern) => {
    if (NOT_RE2.test(pattern)) return [problem(`RE2 has no lookaround and no back-references: ${pattern}`)];
    if (OTHER_IN_RE2.test(pattern)) return [problem(`means something else in RE2: ${pattern}`)];
    return [];
  });
}
