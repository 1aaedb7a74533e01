import fc from 'fast-check';
import type { z } from 'zod';
import { boundsOf } from './bounds.ts';
import { HOSTILE_KEYS, HOSTILE_NUMBERS, HOSTILE_TEXTS, ODDITIES } from './hostile.ts';

/** Values that a field is likely to have, by its path (`spec.model.name`, `spec.gates[].max`): else most of what is made means nothing. */
export type Vocabulary = Readonly<Record<string, readonly unknown[]>>;

/** How values are made. */
export interface Taste {
  readonly vocabulary: Vocabulary;
  /** Values are as strange as the schema allows. */
  readonly hostile: boolean;
  /** Whether each value has to hold what its schema says. */
  readonly obeys: boolean;
}

type Any = fc.Arbitrary<unknown>;
/** Every kind of schema that zod has, told apart by `type`. */
type Definition = z.core.$ZodTypes['_zod']['def'];

export const definitionOf = (schema: z.ZodType): Definition => (schema as unknown as z.core.$ZodTypes)._zod.def;

/** The schema below `optional` and `default`. */
export function innermost(schema: z.ZodType): z.ZodType {
  const def = definitionOf(schema);
  return def.type === 'optional' || def.type === 'default' ? innermost(def.innerType as z.ZodType) : schema;
}

export const isOptional = (schema: z.ZodType): boolean => {
  const { type } = definitionOf(schema);
  return type === 'optional' || type === 'default';
};

/** A member that need not be there mostly is not. */
const PRESENT = 3;
const ABSENT = 7;

/** Values of a schema, found by walking through it: a field that is added to the API is among them by itself. */
export function valuesOf(schema: z.ZodType, path: string, taste: Taste): Any {
  const inner = innermost(schema);
  const made = shaped(inner, path, taste);
  const likely = taste.vocabulary[path];
  const mixed = likely === undefined ? made : fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...likely) }, made);
  return taste.obeys && hasRules(inner) ? mixed.filter(obeying(inner, path)) : mixed;
}

/** Whether members that are right do not make the whole right. */
function hasRules(schema: z.ZodType): boolean {
  const { type, checks = [] } = definitionOf(schema);
  return checks.length > 0 || !['object', 'record', 'boolean', 'enum', 'literal', 'unknown'].includes(type);
}

/** Else one that can never be met would have a test run for ever. */
const MAX_TRIES = 5_000;

function obeying(schema: z.ZodType, path: string): (value: unknown) => boolean {
  let failures = 0;
  return (value) => {
    const obeys = schema.safeParse(value).success;
    failures = obeys ? 0 : failures + 1;
    if (failures > MAX_TRIES)
      throw new Error(`no value that is made of ${path} obeys its rules: add some to the vocabulary`);
    return obeys;
  };
}

function shaped(schema: z.ZodType, path: string, taste: Taste): Any {
  const def = definitionOf(schema);
  switch (def.type) {
    case 'object':
      return members(def.shape as Readonly<Record<string, z.ZodType>>, path, taste, def.catchall !== undefined);
    case 'array':
      return list(schema, def.element as z.ZodType, path, taste);
    case 'record':
      return map(schema, def.valueType as z.ZodType, path, taste);
    case 'union':
      return fc.oneof(
        ...def.options.map((option) => valuesOf(option as unknown as z.ZodType, path, { ...taste, obeys: false })),
      );
    case 'unknown':
      return fc.jsonValue({ maxDepth: taste.hostile ? 6 : 2 });
    default:
      return leaf(schema, taste);
  }
}

/** An object; `open`: with members that nobody knows. */
function members(shape: Readonly<Record<string, z.ZodType>>, path: string, taste: Taste, open: boolean): Any {
  const known = Object.entries(shape).map(([name, member]): [string, Any] => {
    const values = valuesOf(member, `${path}.${name}`, taste);
    const absent = fc.constant(undefined);
    return [
      name,
      isOptional(member)
        ? fc.oneof({ weight: ABSENT, arbitrary: absent }, { weight: PRESENT, arbitrary: values })
        : values,
    ];
  });
  const foreign =
    open || !taste.obeys ? fc.dictionary(keys(taste), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 2 }) : fc.constant({});
  return fc.tuple(fc.record(Object.fromEntries(known)), foreign).map(([own, other]) => ({
    ...other,
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
  }));
}

function list(schema: z.ZodType, element: z.ZodType, path: string, taste: Taste): Any {
  const { minItems, maxItems } = boundsOf(schema);
  const item = valuesOf(element, `${path}[]`, taste);
  const short = fc.array(item, { minLength: minItems, maxLength: Math.min(maxItems, minItems + 2) });
  if (!taste.hostile) return short;
  const full = item.map((one) => Array.from({ length: maxItems }, () => one));
  return fc.oneof({ weight: 12, arbitrary: short }, { weight: 1, arbitrary: full });
}

function map(schema: z.ZodType, value: z.ZodType, path: string, taste: Taste): Any {
  const { maxProperties } = boundsOf(schema);
  const values = valuesOf(value, `${path}{}`, taste);
  const few = fc.dictionary(keys(taste), values, { maxKeys: 3 });
  if (!taste.hostile) return few;
  const full = values.map((one) =>
    Object.fromEntries(Array.from({ length: maxProperties }, (_, index) => [`k${index}`, one])),
  );
  return fc.oneof({ weight: 12, arbitrary: few }, { weight: 1, arbitrary: full });
}

const plainKeys = fc.constantFrom('team', 'example.com/pool', 'a', 'nvidia.com/gpu.product', 'x-canary');
const keys = ({ hostile }: Taste): fc.Arbitrary<string> =>
  hostile
    ? fc.oneof(plainKeys, fc.constantFrom(...HOSTILE_KEYS), fc.string({ unit: 'binary', maxLength: 12 }))
    : plainKeys;

/** A value without members. */
function leaf(schema: z.ZodType, taste: Taste): Any {
  const def = definitionOf(schema);
  const good = plain(schema, def);
  if (!taste.hostile) return good;
  const strange = def.type === 'number' ? fc.constantFrom(...HOSTILE_NUMBERS) : hostileText(schema);
  if (!taste.obeys)
    return fc.oneof(
      { weight: 6, arbitrary: strange },
      { weight: 6, arbitrary: good },
      { weight: 1, arbitrary: fc.constantFrom(...ODDITIES) },
    );
  // What the schema does not take is thrown away: where it takes little, most has to be good.
  const taken = [...HOSTILE_NUMBERS, ...HOSTILE_TEXTS, ...largest(schema)].filter(
    (value) => schema.safeParse(value).success,
  );
  return taken.length === 0 ? good : fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...taken) }, good);
}

function plain(schema: z.ZodType, def: Definition): Any {
  const { minimum, maximum, minLength, maxLength, pattern, words } = boundsOf(schema);
  switch (def.type) {
    case 'boolean':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'number': {
      const small = [minimum, 1, 2, 4, 8, 128, maximum].filter((value) => value >= minimum && value <= maximum);
      const whole = fc.integer({ min: Math.max(minimum, -(2 ** 53) + 1), max: Math.min(maximum, 2 ** 53 - 1) });
      return fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...small) }, whole);
    }
    default:
      if (words.length > 0) return fc.constantFrom(...words);
      return pattern === undefined
        ? fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 20) })
        : fc.stringMatching(pattern, { size: '-1' }).filter((text) => text.length <= maxLength);
  }
}

function hostileText(schema: z.ZodType): Any {
  const { maxLength } = boundsOf(schema);
  return fc.oneof(
    fc.constantFrom(...HOSTILE_TEXTS, ...largest(schema)),
    fc.string({ unit: 'binary', maxLength: Math.min(maxLength, 40) }),
  );
}

/** The longest strings that a schema takes, and one more character. */
function largest(schema: z.ZodType): string[] {
  const { maxLength } = boundsOf(schema);
  return ['x', '🙂', '\u0001'].flatMap((character) => [character.repeat(maxLength), character.repeat(maxLength + 1)]);
}

/** Values at the border of what a schema takes, and just beyond it; `good`: one that it takes. */
export function bordersOf(schema: z.ZodType, good: unknown): readonly unknown[] {
  const { minimum, maximum, minItems, maxItems, maxProperties } = boundsOf(schema);
  const { type } = definitionOf(schema);
  const times = (count: number, value: unknown) => Array.from({ length: Math.max(0, count) }, () => value);
  switch (type) {
    case 'number':
      return [minimum - 1, minimum, minimum + 0.5, maximum, maximum + 1, String(minimum)];
    case 'array': {
      const item: unknown = Array.isArray(good) ? good[0] : undefined;
      const items = [minItems - 1, minItems, maxItems, maxItems + 1].map((count) => times(count, item ?? {}));
      return [...items, item ?? {}];
    }
    case 'record':
      return [maxProperties, maxProperties + 1].map((count) =>
        Object.fromEntries(times(count, '').map((_, index) => [`k${index}`, 'v'])),
      );
    case 'object':
      return [{}, [], 'x', null];
    case 'boolean':
      return ['true', 0, null];
    case 'enum':
    case 'literal':
      return ['', 'x', String(good).toLowerCase(), `${String(good)} `, null];
    default:
      return [...largest(schema), '', ` ${String(good)}`, `${String(good)}\n`, 5, null];
  }
}
