/** Helpers of the tests in this folder: ajv set up like the API server, and values around a schema. */
import { Ajv } from 'ajv';
import fc from 'fast-check';
import type { StructuralSchema } from './schema.ts';

/** Whether a value has the shape of a schema. Rules (CEL) are not looked at. */
export function shapeValidator(schema: StructuralSchema): (value: unknown) => boolean {
  const ajv = new Ajv({
    strict: false,
    formats: { int32: true, int64: true, 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/ },
  });
  ajv.addKeyword({
    keyword: 'x-kubernetes-list-map-keys',
    type: 'array',
    validate: (keys: string[], items: Record<string, unknown>[]) =>
      new Set(items.map((item) => JSON.stringify(keys.map((key) => item[key])))).size === items.length,
  });
  const validate = ajv.compile(schema);
  return (value) => validate(value);
}

/** Values that mostly have the shape of a schema, with the odd wrong one anywhere in them. */
export const around = (schema: StructuralSchema): fc.Arbitrary<unknown> => mostly(shaped(schema), oddities);

const oddities = fc.constantFrom<unknown>('', 'x', '5', -1, 0, 1.5, 2 ** 40, true, [], [1], {}, { x: 1 }, null);

/** One value in 30 is a wrong one. */
const mostly = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 29, arbitrary: good }, { weight: 1, arbitrary: bad });

function shaped(schema: StructuralSchema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema['x-kubernetes-int-or-string'])
    return mostly<unknown>(fc.constantFrom(0, 8, '32Gi'), fc.constant('x'.repeat(33)));
  switch (schema.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return integer(schema);
    case 'string':
      return text(schema);
    case 'array':
      return list(schema);
    default:
      return object(schema);
  }
}

function integer({ minimum = 0, maximum = 2 ** 31 - 1 }: StructuralSchema): fc.Arbitrary<number> {
  return mostly(
    fc.integer({ min: minimum, max: Math.min(maximum, 2 ** 31 - 1) }),
    fc.constantFrom(minimum - 1, maximum + 1),
  );
}

function text({ maxLength = 5, minLength = 0, format }: StructuralSchema): fc.Arbitrary<string> {
  if (format === 'date-time') return mostly(fc.constant('2026-01-02T03:04:05Z'), fc.constant('yesterday'));
  const long = (size: number) => fc.constantFrom('x'.repeat(size), '🙂'.repeat(size));
  const good = fc.oneof(
    fc.constantFrom('a', '5', '0.5'),
    fc.string({ minLength, maxLength: Math.min(maxLength, 8) }),
    long(maxLength),
  );
  return mostly(good, long(maxLength + 1));
}

function list({ items = {}, minItems = 0, maxItems = 3 }: StructuralSchema): fc.Arbitrary<unknown> {
  const longest = Math.min(maxItems, minItems + 2);
  const item = around(items);
  return mostly(
    fc.array(item, { minLength: minItems, maxLength: longest }),
    fc.constantFrom<unknown[]>([], Array<unknown>(maxItems + 1).fill(items.enum?.[0] ?? {})),
  );
}

function object(schema: StructuralSchema): fc.Arbitrary<unknown> {
  if (schema.additionalProperties) {
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), around(schema.additionalProperties), { maxKeys: 3 });
  }
  const members = Object.entries(schema.properties ?? {}).map(([key, value]) => [key, around(value)] as const);
  const record = (requiredKeys: string[]) => fc.record(Object.fromEntries(members), { requiredKeys });
  return mostly(record(schema.required ?? []), record([]));
}
