import type { z } from 'zod';

/**
 * A rule over several fields, said twice: once in CEL for the API server and once in TypeScript for the operator and
 * the CLI. `rules.test.ts` and `crd.integration.test.ts` run both on the same cases.
 */
export interface Rule<T> {
  /** CEL over `self`; true when the value is good. Everything that it reaches has to be bounded (CEL cost budget). */
  readonly rule: string;
  /** What the user reads. Says what is needed, not only what is wrong. */
  readonly message: string;
  /** The twin of `rule`. */
  readonly holds: (self: T) => boolean;
  /** The field that the rule is about, below `self`. Default: `self` as a whole. */
  readonly field?: readonly string[];
}

/** Marks the issues that come from a rule, among those that come from a field's own type. */
const BROKEN_RULE = { rule: true } as const;

/** Whether a zod issue comes from a rule, which is CEL in the CRD, and not from a field's own type. */
export const isBrokenRule = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'custom' && issue.params === BROKEN_RULE;

/** `schema` with `rules` in it: as zod checks, and as `x-kubernetes-validations` of the CRD. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  return schema
    .superRefine((self, context) => {
      for (const { holds, message, field = [] } of rules) {
        if (!holds(self)) context.addIssue({ code: 'custom', message, path: [...field], params: BROKEN_RULE });
      }
    })
    .meta({
      'x-kubernetes-validations': rules.map(({ rule, message, field }) => ({
        rule,
        message,
        ...(field && { fieldPath: `.${field.join('.')}` }),
      })),
    });
}

/** Exactly one of `members` is set: how the Kubernetes API spells a union. */
export function exactlyOneOf<T extends object>(members: readonly (keyof T & string)[], message: string): Rule<T> {
  return {
    rule: `[${members.map((member) => `has(self.${member})`).join(', ')}].filter(x, x).size() == 1`,
    message,
    holds: (self) => members.filter((member) => self[member] !== undefined).length === 1,
  };
}

/** At most one of two members is set. */
export function notBoth<T extends object>(a: keyof T & string, b: keyof T & string, message: string): Rule<T> {
  return {
    rule: `!has(self.${a}) || !has(self.${b})`,
    message,
    holds: (self) => self[a] === undefined || self[b] === undefined,
  };
}
