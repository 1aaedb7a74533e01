import { isDeepStrictEqual } from 'node:util';
import { type DeepSeekDeploymentSpec, rolloutSpec } from '../../api/index.ts';
import type { Verdict } from './judgement.ts';

/** Fields of the schema that nothing obeys yet. An entry goes when its feature comes. */
export const IGNORED: readonly (readonly [keyof DeepSeekDeploymentSpec, ...string[]])[] = [];

/** What is switched off is obeyed. By the first of the path. */
const SWITCHED_OFF: { readonly [Block in keyof DeepSeekDeploymentSpec]?: (spec: DeepSeekDeploymentSpec) => boolean } = {
  networkPolicy: ({ networkPolicy }) => networkPolicy?.enabled === false,
};

/** What the API server fills in when the block is there: nobody has asked for it. */
const DEFAULTS = { rollout: rolloutSpec.parse({}) };

/** The fields that `spec` sets and that this version of the operator does not act on, as `spec.a.b`, in schema order. */
export function ignoredFields(spec: DeepSeekDeploymentSpec): string[] {
  return IGNORED.filter((path) => {
    const value = at(spec, path);
    if (SWITCHED_OFF[path[0]]?.(spec)) return false;
    return value !== undefined && !isDeepStrictEqual(value, at(DEFAULTS, path));
  }).map((path) => ['spec', ...path].join('.'));
}

/** What FieldsIgnored says; undefined: every field is obeyed. */
export function ignoredVerdict(spec: DeepSeekDeploymentSpec): Verdict | undefined {
  const ignored = ignoredFields(spec);
  if (ignored.length === 0) return undefined;
  const message = `This version of the operator does not act on: ${ignored.join(', ')}.`;
  return { status: 'True', reason: 'FieldsNotImplemented', message };
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((member, key) => (member as Record<string, unknown> | undefined)?.[key], value);
}
