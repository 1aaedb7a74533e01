import { describe, expect, it, test } from '@jest/globals';
import { z } from 'zod';
import { withRules } from '../../operator/api/rules.ts';
import { SchemaError } from './schema.ts';
import { toStructural } from './structural.ts';

describe('toStructural', () => {
  test.each<[string, z.ZodType, object]>([
    ['an integer', z.int().min(0), { type: 'integer', format: 'int64', minimum: 0 }],
    ['a small integer', z.int32().min(0).max(9), { type: 'integer', format: 'int32', minimum: 0, maximum: 9 }],
    ['integer literals', z.literal([4, 8]), { type: 'integer', format: 'int32', enum: [4, 8] }],
    ['an enum', z.enum(['A', 'B']), { type: 'string', enum: ['A', 'B'] }],
    [
      'int-or-string',
      z.union([z.int(), z.string().max(9)]),
      { maxLength: 9, anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
    ],
    ['a time', z.iso.datetime({ offset: true }), { type: 'string', format: 'date-time' }],
    ['a map', z.record(z.string(), z.boolean()), { type: 'object', additionalProperties: { type: 'boolean' } }],
    ['anything', z.record(z.string(), z.unknown()), { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }],
    [
      'an open object',
      z.looseObject({ name: z.string() }),
      {
        type: 'object',
        properties: { name: { type: 'string' } },
        required: ['name'],
        'x-kubernetes-preserve-unknown-fields': true,
      },
    ],
    [
      'an optional field',
      z.object({ a: z.boolean().exactOptional() }),
      { type: 'object', properties: { a: { type: 'boolean' } } },
    ],
    [
      'a default',
      z.object({ a: z.boolean().default(true) }),
      { type: 'object', properties: { a: { type: 'boolean', default: true } } },
    ],
    [
      'a rule',
      withRules(z.object({}), [{ rule: 'true', message: 'm', holds: () => true }]),
      { type: 'object', properties: {}, 'x-kubernetes-validations': [{ rule: 'true', message: 'm' }] },
    ],
  ])('writes %s', (_, schema, expected) => expect(toStructural(schema)).toEqual(expected));

  test.each<[string, z.ZodType, RegExp]>([
    ['a transform', z.object({ a: z.string().transform(Number) }), /^a: zod's pipe/],
    ['trimming', z.object({ a: z.string().trim() }), /^a: a transform/],
    ['a refinement without twin', z.object({ a: z.array(z.string().refine((s) => s !== '')) }), /^a\[\]: a refinement/],
    ['a union of objects', z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]), /a union can only be/],
    ['a tuple', z.object({ a: z.tuple([z.string(), z.int()]) }), /^a: zod's tuple/],
    ['null', z.object({ a: z.string().nullable() }), /^a: zod's nullable/],
    ['a date', z.object({ a: z.date() }), /^a: zod's date/],
    ['an intersection', z.intersection(z.object({}), z.object({})), /zod's intersection/],
  ])('refuses %s', (_, schema, message) => {
    expect(() => toStructural(schema)).toThrow(SchemaError);
    expect(() => toStructural(schema)).toThrow(message);
  });

  it('refuses a schema that contains itself', () => {
    const tree = z.object({
      get children() {
        return z.array(tree);
      },
    });
    expect(() => toStructural(tree)).toThrow();
  });
});
