import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ENGINE_TYPES, QUANTIZATION_TYPES, REASONS } from '../api/index.ts';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { CATALOG } from '../catalog/index.ts';
import { applyMergePatch } from './merge-patch.ts';
import { plan } from './plan.ts';

/** PROPERTY_RUNS=10000 searches longer. */
const RUNS = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 400) };

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/** An object without the members that are undefined. */
function defined(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** Numbers of GPUs and tokens, sane and not: types allow any number, and the planner has to survive it. */
const strange = fc.oneof(fc.constantFrom(0, -1, 0.5, Number.NaN, Infinity, 1e21), fc.integer());
const gpus = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 16 }) }, { weight: 1, arbitrary: strange });
const tokens = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 200_000 }) },
  { weight: 1, arbitrary: strange },
);

const source = fc.constantFrom<DeepSeekDeploymentSpec['model']['source']>(
  undefined,
  { huggingFace: {} },
  { huggingFace: { repository: 'example/quantized' }, cache: { hostPath: { path: '/cache' } } },
  { persistentVolumeClaim: { claimName: 'weights' } },
  { image: { reference: 'registry.example/m:1' } },
  { objectStorage: { uri: 's3://bucket/m' } },
);

const size = fc.integer({ min: 1, max: 200_000 });
const architecture = fc.record({
  parameters: fc.integer({ min: 1, max: 2 ** 40 }),
  layers: size,
  hiddenSize: size,
  intermediateSize: size,
  attentionHeads: size,
  kvHeads: size,
  vocabSize: size,
  maxContext: size,
});

const model = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        name: fc.constantFrom(
          ...CATALOG.models.map(({ name }) => name),
          'deepseek-llm-7b',
          'deepseek-r1-distil-qwen-7b',
          'x',
        ),
        maxModelLen: optional(tokens),
        source,
      })
      .map(defined),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ architecture: optional(architecture), maxModelLen: optional(tokens), source })
      .map((rest) => defined({ name: 'custom', ...rest })),
  },
);

const accelerator = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        type: fc.constantFrom(...CATALOG.accelerators.map(({ name }) => name), 'A100', 'B9000'),
        count: optional(gpus),
        parallelism: optional(fc.record({ tensor: optional(gpus), pipeline: optional(gpus) }).map(defined)),
        resourceName: fc.constantFrom(undefined, undefined, undefined, 'nvidia.com/gpu', 'nvidia.com/mig-1g.10gb'),
      })
      .map(defined),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        custom: fc
          .record({
            memory: fc.oneof(fc.integer({ min: 0, max: 2 ** 40 }), fc.constantFrom('24Gi', '80G', 'nonsense')),
            computeCapability: fc.constantFrom(undefined, '5.0', '7.5', '8.0', '9.0', '12.0'),
          })
          .map(defined),
        count: optional(gpus),
      })
      .map((rest) => defined({ type: 'custom', ...rest })),
  },
);

const engine = fc
  .record({
    type: fc.constantFrom(undefined, ...ENGINE_TYPES),
    version: fc.constantFrom(undefined, undefined, '0.32.0', 'v0.32.0', '0.1'),
    image: fc.constantFrom(undefined, 'registry.example/vllm:mine'),
    extraArgs: fc.constantFrom(undefined, [], ['--seed', '1'], ['-tp=2'], ['--nope'], ['value']),
  })
  .map(defined);

const anySpec = fc
  .record({
    model,
    accelerator,
    quantization: optional(
      fc
        .record({
          type: fc.constantFrom(undefined, ...QUANTIZATION_TYPES),
          kvCache: fc.constantFrom(undefined, 'Auto', 'FP8'),
        })
        .map(defined),
    ),
    engine: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: engine }),
    resources: optional(fc.constantFrom({ memory: '64Gi' }, { cpu: 4 }, { sharedMemory: 'nonsense' }, { memory: 0 })),
  })
  .map((spec) => defined(spec) as unknown as DeepSeekDeploymentSpec);

/** A spec that a user might really write: a catalogue model on a catalogue GPU. */
const sensibleSpec = fc
  .record({
    name: fc.constantFrom(...CATALOG.models.map(({ name }) => name)),
    type: fc.constantFrom(...CATALOG.accelerators.map(({ name }) => name)),
    quantization: fc.constantFrom(undefined, ...CATALOG.quantizations.map((entry) => entry.type)),
    count: fc.constantFrom(1, 2, 4, 8),
    maxModelLen: optional(fc.integer({ min: 1, max: 131_072 })),
  })
  .map(
    ({ name, type, quantization, count, maxModelLen }) =>
      defined({
        model: defined({ name, maxModelLen }),
        accelerator: { type, count },
        quantization: quantization && { type: quantization },
      }) as unknown as DeepSeekDeploymentSpec,
  );

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

describe('for any spec', () => {
  test('it answers, with finite numbers that are not negative, and a reason that is in the reference', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const result = plan(spec);
        if (!result.accepted) {
          expect(Object.keys(REASONS)).toContain(result.reason);
          expect(result.message).not.toBe('');
          expect(result.message).not.toMatch(/undefined|NaN GiB|NaN tokens/);
          return;
        }
        expect(numbersIn(result.plan).filter((number) => !(Number.isFinite(number) && number >= 0))).toEqual([]);
        expect(result.plan.kvCacheTokens).toBeGreaterThanOrEqual(result.plan.maxModelLen);
        expect(result.plan.gpusPerReplica).toBe(result.plan.tensorParallel * result.plan.pipelineParallel);
      }),
      RUNS,
    );
  });

  test('every alternative plans, and there are at most five of them', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const { alternatives } = plan(spec);
        expect(alternatives.length).toBeLessThanOrEqual(5);
        for (const { change } of alternatives)
          expect(plan(applyMergePatch(spec, change))).toMatchObject({ accepted: true });
      }),
      RUNS,
    );
  });

  test('the same input gives the same output, and the input stays as it was', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const before = structuredClone(spec);
        expect(plan(spec)).toEqual(plan(before));
        expect(spec).toEqual(before);
      }),
      RUNS,
    );
  });
});

describe('for a model and a GPU of the catalogue', () => {
  test('most are refused or accepted for a reason: both happen', () => {
    const results = fc.sample(sensibleSpec, { numRuns: 300, seed: 1 }).map((spec) => plan(spec).accepted);
    expect(results.filter(Boolean).length).toBeGreaterThan(60);
    expect(results.filter((isAccepted) => !isAccepted).length).toBeGreaterThan(60);
  });

  test('more memory never turns a yes into a no', () => {
    fc.assert(
      fc.property(sensibleSpec, fc.double({ min: 1, max: 3, noNaN: true }), (spec, factor) => {
        const larger = {
          ...CATALOG,
          accelerators: CATALOG.accelerators.map((entry) => ({
            ...entry,
            ...(entry.memory && { memory: { ...entry.memory, visibleGiB: entry.memory.visibleGiB * factor } }),
          })),
        };
        fc.pre(plan(spec).accepted);
        expect(plan(spec, larger)).toMatchObject({ accepted: true });
      }),
      RUNS,
    );
  });

  test('twice the GPUs never turn a yes into a no for want of memory', () => {
    fc.assert(
      fc.property(sensibleSpec, (spec) => {
        const count = 2 * (spec.accelerator.count ?? 1);
        const twice = plan({ ...spec, accelerator: { ...spec.accelerator, count } });
        fc.pre(plan(spec).accepted);
        if (!twice.accepted) expect(twice.reason).toMatch(/^(IllegalParallelism|NeedsMultipleNodes)$/);
      }),
      RUNS,
    );
  });

  test('a longer context never raises the concurrency', () => {
    fc.assert(
      fc.property(
        sensibleSpec,
        fc.integer({ min: 1, max: 131_072 }),
        fc.integer({ min: 0, max: 131_072 }),
        (spec, short, more) => {
          const at = (maxModelLen: number): number => {
            const result = plan({ ...spec, model: { ...spec.model, maxModelLen } });
            return result.accepted ? result.plan.maxConcurrency : 0;
          };
          expect(at(short + more)).toBeLessThanOrEqual(at(short));
        },
      ),
      RUNS,
    );
  });
});
