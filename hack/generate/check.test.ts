import { describe, expect, it, test } from '@jest/globals';
import { problemsOf } from './check.ts';
import type { StructuralSchema } from './schema.ts';

const messages = (schema: StructuralSchema): string[] => problemsOf(schema).map(({ message }) => message);
const field = (schema: StructuralSchema): StructuralSchema => ({
  type: 'object',
  properties: { a: { description: 'A.', ...schema } },
});

describe('problemsOf', () => {
  test.each<[string, StructuralSchema]>([
    ['a string with a largest length', field({ type: 'string', maxLength: 9 })],
    ['an enum', field({ type: 'string', enum: ['A'] })],
    ['a time', field({ type: 'string', format: 'date-time' })],
    ['a list', field({ type: 'array', maxItems: 9, items: { type: 'boolean' }, 'x-kubernetes-list-type': 'atomic' })],
    ['a map', field({ type: 'object', maxProperties: 9, additionalProperties: { type: 'boolean' } })],
    [
      'an int-or-string',
      field({ maxLength: 9, anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true }),
    ],
  ])('has nothing against %s', (_, schema) => expect(messages(schema)).toEqual([]));

  test.each<[string, StructuralSchema, string]>([
    ['no description', { type: 'object', properties: { a: { type: 'boolean' } } }, 'a: needs a description'],
    ['no type', field({}), 'a: needs a type'],
    ['an unbounded string', field({ type: 'string' }), 'a: a string needs a largest length'],
    [
      'an unbounded map',
      field({ type: 'object', additionalProperties: { type: 'boolean' } }),
      'a: a map needs a largest size',
    ],
    [
      'an unbounded list',
      field({ type: 'array', items: { type: 'boolean' }, 'x-kubernetes-list-type': 'atomic' }),
      'a: a list needs a largest size',
    ],
    [
      'an unbounded string in a list',
      field({ type: 'array', maxItems: 1, items: { type: 'string' }, 'x-kubernetes-list-type': 'atomic' }),
      'a[]: a string needs a largest length',
    ],
    [
      'a list of no type',
      field({ type: 'array', maxItems: 1, items: { type: 'boolean' } }),
      'a: a list needs x-kubernetes-list-type',
    ],
    [
      'a map list whose key may be absent',
      field({
        type: 'array',
        maxItems: 1,
        items: { type: 'object' },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      }),
      'a: the key name of a map list has to be required',
    ],
    [
      'properties beside additionalProperties',
      field({ type: 'object', maxProperties: 1, properties: {}, additionalProperties: { type: 'boolean' } }),
      'a: has properties and additionalProperties',
    ],
    [
      'a pattern',
      field({ type: 'string', maxLength: 9, pattern: '^a$' }),
      'a: use matching(): its message is what the user reads',
    ],
    [
      'a required field that is not there',
      { type: 'object', required: ['a'] },
      '(root): requires a, which it does not have',
    ],
  ])('finds %s', (_, schema, message) => expect(messages(schema)).toEqual([message]));

  test.each(['(?=a)', '(?!a)', '(?<=a)', '(?<name>a)', '(a)\\1'])('finds that RE2 has no %s', (pattern) => {
    const rules = [{ rule: `self.matches(r'${pattern}')`, message: 'm' }];
    expect(messages(field({ type: 'string', maxLength: 9, 'x-kubernetes-validations': rules }))).toEqual([
      `a: RE2 has no lookaround and no back-references: ${pattern}`,
    ]);
  });

  it('finds what is Unicode here and ASCII there', () => {
    const rules = [{ rule: "self.matches(r'^\\S+$')", message: 'm' }];
    expect(messages(field({ type: 'string', maxLength: 9, 'x-kubernetes-validations': rules }))).toEqual([
      'a: means something else in RE2: ^\\S+$',
    ]);
  });
});
