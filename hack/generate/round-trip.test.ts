import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deepSeekDeploymentSpec, deepSeekDeploymentStatus, isBrokenRule } from '../../operator/api/index.ts';
import { fullStatus, goodSpecs } from '../../operator/api/fixtures/good.ts';
import { openAPIV3Schema } from './crd.ts';
import type { StructuralSchema } from './schema.ts';
import { around, shapeValidator } from './testing.ts';

const { spec = {}, status = {} } = openAPIV3Schema().properties ?? {};

/** Whether zod accepts the shape, rules apart. */
const zodAccepts = (schema: typeof deepSeekDeploymentSpec | typeof deepSeekDeploymentStatus, value: unknown): boolean =>
  (schema.safeParse(value).error?.issues ?? []).every(isBrokenRule);

describe('zod and the CRD accept the same shapes', () => {
  const blocks: [string, StructuralSchema][] = Object.entries(spec.properties ?? {});

  test.each(blocks)('spec.%s', (name, block) => {
    const accepts = shapeValidator(block);
    const verdicts = { good: 0, bad: 0 };
    fc.assert(
      fc.property(around(block), (value) => {
        const expected = accepts(value);
        verdicts[expected ? 'good' : 'bad'] += 1;
        expect(zodAccepts(deepSeekDeploymentSpec, { ...smallestWithout(name), [name]: value })).toBe(expected);
      }),
      { numRuns: 200, seed: 1 },
    );
    // Otherwise the values say nothing.
    expect(Math.min(verdicts.good, verdicts.bad)).toBeGreaterThan(3);
  });

  test('status', () => {
    const accepts = shapeValidator(status);
    fc.assert(
      fc.property(around(status), (value) => {
        expect(zodAccepts(deepSeekDeploymentStatus, value)).toBe(accepts(value));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  const acceptsSpec = shapeValidator(spec);
  test.each(Object.entries(goodSpecs))('%s', (_, good) => expect(acceptsSpec(good)).toBe(true));
  test('a full status', () => expect(shapeValidator(status)(fullStatus)).toBe(true));
});

function smallestWithout(name: string): Record<string, unknown> {
  const smallest: Record<string, unknown> = { model: { name: 'a' }, accelerator: { type: 'T4' } };
  return Object.fromEntries(Object.entries(smallest).filter(([key]) => key !== name));
}
