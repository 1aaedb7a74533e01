import fc from 'fast-check';
import type { z } from 'zod';
import { deepSeekDeploymentSpec } from '../deployment.ts';
import { HOSTILE_TEXTS, ODDITIES } from './hostile.ts';
import { bordersOf, definitionOf, innermost, isOptional, valuesOf, type Vocabulary } from './values.ts';

/** A spec as it may arrive, right or wrong; as JSON can say it. */
export type FuzzedSpec = Readonly<Record<string, unknown>>;

/** How far from what the schema wants: nothing is wrong, one thing is or is at its border, anything may be. */
export const TEMPERS = ['valid', 'nearly valid', 'hostile'] as const;
export type Temper = (typeof TEMPERS)[number];

/** What the specs are made of beside the schema. */
export interface Ingredients {
  /** Values that fields are likely to have, by path. */
  readonly vocabulary: Vocabulary;
  /** Specs that are known to be planned: most that are made get the members of one of them. */
  readonly plausible: readonly FuzzedSpec[];
}

/** Specs of one temper. */
export function specsOf(temper: Temper, ingredients: Ingredients): fc.Arbitrary<FuzzedSpec> {
  const made = { valid: valid, 'nearly valid': nearlyValid, hostile: hostile }[temper](ingredients);
  // As it comes over the wire: without undefined, NaN and infinite numbers.
  return made.map((spec) => JSON.parse(JSON.stringify(spec)) as FuzzedSpec);
}

const isAccepted = (spec: unknown): boolean => deepSeekDeploymentSpec.safeParse(spec).success;

function valid({ vocabulary, plausible }: Ingredients, isHostile = false): fc.Arbitrary<FuzzedSpec> {
  const specs = valuesOf(deepSeekDeploymentSpec, 'spec', { vocabulary, hostile: isHostile, obeys: true });
  const base = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...plausible) }, fc.constant<FuzzedSpec>({}));
  return fc
    .tuple(specs as fc.Arbitrary<FuzzedSpec>, base)
    .map(([spec, known]) => overlaid(spec, known))
    .filter(isAccepted);
}

/** `spec` with the members of the blocks of `known`; what is undefined there is taken away. */
function overlaid(spec: FuzzedSpec, known: FuzzedSpec): FuzzedSpec {
  const blocks = Object.entries(known).map(([name, block]): [string, unknown] => [
    name,
    isRecord(block) ? defined({ ...(spec[name] as object | undefined), ...block }) : block,
  ]);
  return defined({ ...spec, ...Object.fromEntries(blocks) });
}

function defined(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function hostile(ingredients: Ingredients): fc.Arbitrary<FuzzedSpec> {
  const { vocabulary } = ingredients;
  const anything = valuesOf(deepSeekDeploymentSpec, 'spec', { vocabulary, hostile: true, obeys: false });
  return fc.oneof(
    // What the schema takes goes deeper into the operator than what it refuses.
    { weight: 3, arbitrary: valid(ingredients, true) },
    { weight: 1, arbitrary: anything as fc.Arbitrary<FuzzedSpec> },
  );
}

function nearlyValid(ingredients: Ingredients): fc.Arbitrary<FuzzedSpec> {
  return valid(ingredients).chain((spec) =>
    fc
      .constantFrom(...placesOf(deepSeekDeploymentSpec, spec, []))
      .chain((place) =>
        fc
          .oneof(
            { weight: 4, arbitrary: fc.constantFrom(...bordersOf(place.schema, place.value)) },
            { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_TEXTS, ...ODDITIES) },
            { weight: 1, arbitrary: fc.constant(undefined) },
          )
          .map((value) => withValue(spec, place.path, value) as FuzzedSpec),
      ),
  );
}

/** A place in a value: one that is there, or a member that may be there and is not. */
interface Place {
  readonly path: readonly (string | number)[];
  readonly schema: z.ZodType;
  readonly value: unknown;
}

function placesOf(outer: z.ZodType, value: unknown, path: Place['path']): Place[] {
  const schema = innermost(outer);
  const def = definitionOf(schema);
  const here = path.length === 0 ? [] : [{ path, schema, value }];
  if (def.type === 'object' && isRecord(value)) {
    const below = Object.entries(def.shape as Readonly<Record<string, z.ZodType>>).flatMap(([name, member]) => {
      const at = [...path, name];
      if (name in value) return placesOf(member, value[name], at);
      return isOptional(member) ? [{ path: at, schema: innermost(member), value: undefined }] : [];
    });
    return [...here, ...below];
  }
  if (def.type === 'array' && Array.isArray(value))
    return [...here, ...value.flatMap((item, index) => placesOf(def.element as z.ZodType, item, [...path, index]))];
  if (def.type === 'record' && isRecord(value))
    return [
      ...here,
      ...Object.keys(value).flatMap((key) => placesOf(def.valueType as z.ZodType, value[key], [...path, key])),
    ];
  return here;
}

/** `value` with another one at `path`; undefined takes what is there away. */
function withValue(value: unknown, [key, ...rest]: Place['path'], next: unknown): unknown {
  if (key === undefined) return next;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === key ? withValue(item, rest, next) : item));
  const record = isRecord(value) ? value : {};
  return { ...record, [key]: withValue(record[key], rest, next) };
}

const isRecord = (value: unknown): value is Record<string | number, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
