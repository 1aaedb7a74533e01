import { createHash } from 'node:crypto';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';

/** A JSON value with sorted keys and without unset members. */
export type Canonical = string | number | boolean | null | readonly Canonical[] | { readonly [key: string]: Canonical };

/** The canonical forms that an operator knows, and which of them it gives to new revisions. */
export interface CanonicalForms {
  readonly current: number;
  /** From hash version to the projection that it was made with. An entry is never changed or removed, only added. */
  readonly projections: Readonly<Record<number, (spec: DeepSeekDeploymentSpec) => Canonical>>;
}

/** Blocks of the spec that decide what a pod runs. A change anywhere else makes no new revision. */
const REVISION_BLOCKS = [
  'model',
  'quantization',
  'engine',
  'accelerator',
  'resources',
  'termination',
  'podTemplate',
] as const satisfies readonly (keyof DeepSeekDeploymentSpec)[];

/** Those of this operator. */
export const CANONICAL_FORMS: CanonicalForms = {
  current: 1,
  projections: {
    1: (spec) =>
      canonical(
        Object.fromEntries(REVISION_BLOCKS.map((block) => [block, spec[block]]).filter(([, block]) => !isEmpty(block))),
      ),
  },
};

/** The version of the canonical form and of the hash that this operator gives to new revisions. */
export const HASH_VERSION = CANONICAL_FORMS.current;

/**
 * The part of `spec` that makes a revision, in canonical form, as hash version `version` sees it; `undefined` when this
 * operator does not know that version (a later operator made it). Defaults are not filled in: a revision is what the
 * user asked for, so that a new default in a later operator changes nothing that runs.
 */
export function canonicalSpec(
  spec: DeepSeekDeploymentSpec,
  version: number = HASH_VERSION,
  { projections }: CanonicalForms = CANONICAL_FORMS,
): Canonical | undefined {
  return projections[version]?.(spec);
}

/** Canonical form as text: equal texts, equal revisions. */
export function canonicalText(value: Canonical): string {
  return JSON.stringify(value);
}

/** The alphabet that Kubernetes uses for generated name suffixes: no vowels, no look-alikes. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const HASH_LENGTH = 10;

/** Name suffix of a revision: ten characters (47 bits) of SHA-256 over the hash version and the canonical text. */
export function revisionHash(value: Canonical, version: number = HASH_VERSION): string {
  const digest = createHash('sha256')
    .update(`v${version}:${canonicalText(value)}`)
    .digest();
  let rest = digest.readBigUInt64BE(0);
  let hash = '';
  for (let i = 0; i < HASH_LENGTH; i++) {
    hash += ALPHABET.charAt(Number(rest % BigInt(ALPHABET.length)));
    rest /= BigInt(ALPHABET.length);
  }
  return hash;
}

/** An empty block says the same as none. Deeper down it may not: `emptyDir: {}` chooses. */
function isEmpty(block: unknown): boolean {
  return block === undefined || block === null || (typeof block === 'object' && Object.keys(block).length === 0);
}

/** The value in canonical form: keys sorted, members that are `undefined` or `null` dropped. */
export function canonical(value: unknown): Canonical {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== undefined && member !== null)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, member]) => [key, canonical(member)]),
    );
  }
  return (value ?? null) as Canonical;
}
