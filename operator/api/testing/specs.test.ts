import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { deepSeekDeploymentSpec } from '../deployment.ts';
import { smallest } from '../fixtures/objects.ts';
import { type FuzzedSpec, specsOf, type Temper } from './specs.ts';
import { valuesOf } from './values.ts';

const INGREDIENTS = { plausible: [smallest.spec as unknown as FuzzedSpec], vocabulary: {} };
const sample = (temper: Temper, numRuns: number) => fc.sample(specsOf(temper, INGREDIENTS), { numRuns, seed: 1 });
const accepted = (specs: readonly unknown[]) => specs.filter((spec) => deepSeekDeploymentSpec.safeParse(spec).success);

describe('specs of a temper', () => {
  it('that is valid are accepted, and set every block there is', () => {
    const specs = sample('valid', 100);
    expect(accepted(specs)).toHaveLength(100);
    const blocks = new Set(specs.flatMap((spec) => Object.keys(spec)));
    expect(blocks).toEqual(new Set(Object.keys(deepSeekDeploymentSpec.shape)));
  });

  it.each(['nearly valid', 'hostile'] as const)('that is %s are accepted, or not', (temper) => {
    const count = accepted(sample(temper, 100)).length;
    expect(count).toBeGreaterThan(10);
    expect(count).toBeLessThan(95);
  });

  it('are the same for the same seed', () => {
    expect(sample('hostile', 20)).toEqual(sample('hostile', 20));
  });
});

test('a field that nobody here knows is made by itself', () => {
  const later = z.object({ adapters: z.array(z.object({ rank: z.int32().min(1).max(64) })).min(1) });
  const taste = { vocabulary: {}, hostile: false, obeys: true };
  const values = fc.sample(valuesOf(later, 'spec', taste), { numRuns: 50, seed: 1 });
  expect(values.every((value) => later.safeParse(value).success)).toBe(true);
  expect(new Set(values.map((value) => JSON.stringify(value))).size).toBeGreaterThan(10);
});

test('a rule that nothing obeys ends the search, and says where', () => {
  const never = z.object({ name: z.string().refine((text) => text.length === 10_001) });
  const taste = { vocabulary: {}, hostile: false, obeys: true };
  expect(() => fc.sample(valuesOf(never, 'spec', taste), { numRuns: 1, seed: 1 })).toThrow('spec.name obeys its rules');
});
