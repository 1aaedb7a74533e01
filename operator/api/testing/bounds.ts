import { z } from 'zod';

/** What a schema says of a value in words that have nothing to do with zod. */
export interface Bounds {
  readonly minLength: number;
  readonly maxLength: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly minItems: number;
  readonly maxItems: number;
  readonly maxProperties: number;
  /** What a string has to match: from the rule that says so (scalars.ts). */
  readonly pattern?: RegExp;
  /** Words that a rule names, where it names some. */
  readonly words: readonly string[];
}

const known = new WeakMap<z.ZodType, Bounds>();

/** The bounds of a schema itself, those of its members apart. */
export function boundsOf(schema: z.ZodType): Bounds {
  let found = known.get(schema);
  if (found === undefined) {
    found = readBounds(schema);
    known.set(schema, found);
  }
  return found;
}

function readBounds(schema: z.ZodType): Bounds {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const { anyOf = [], 'x-kubernetes-validations': rules = [] } = json as {
    readonly anyOf?: readonly object[];
    readonly 'x-kubernetes-validations'?: readonly { readonly rule: string }[];
  };
  const keywords: Record<string, unknown> = { ...json, ...(Object.assign({}, ...anyOf) as object) };
  const number = (key: string, otherwise: number): number => {
    const value = keywords[key];
    return typeof value === 'number' ? value : otherwise;
  };
  const pattern = rules
    .map(({ rule }) => /self\.matches\(r'(.*)'\)$/.exec(rule)?.[1])
    .find((text) => text !== undefined);
  const words = rules.flatMap(({ rule }) =>
    [...(/^self in \[(.*?)\]/.exec(rule)?.[1]?.matchAll(/'([^']*)'/g) ?? [])].map(([, word = '']) => word),
  );
  return {
    words,
    minLength: number('minLength', 0),
    maxLength: number('maxLength', 1024),
    minimum: number('minimum', -(2 ** 31)),
    maximum: number('maximum', 2 ** 31 - 1),
    minItems: number('minItems', 0),
    maxItems: number('maxItems', 8),
    maxProperties: number('maxProperties', 8),
    ...(pattern !== undefined && { pattern: new RegExp(pattern) }),
  };
}
