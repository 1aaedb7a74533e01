import fc from 'fast-check';
import { ENGINE_TYPES, QUANTIZATION_TYPES } from '../../api/index.ts';
import type { DeepSeekDeploymentSpec } from '../../api/index.ts';
import { CATALOG } from '../../catalog/index.ts';

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** An object without the members that are undefined. */
function defined(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** Numbers of GPUs and tokens, sane and not: types allow any number, and the planner has to survive it. */
const strange = fc.oneof(fc.constantFrom(0, -1, 0.5, Number.NaN, Infinity, 1e21), fc.integer());
const gpus = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(1, 2, 4, 8) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 16 }) },
  { weight: 1, arbitrary: strange },
);
const tokens = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 40_000 }) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 200_000 }) },
  { weight: 1, arbitrary: strange },
);

const source = fc.constantFrom<DeepSeekDeploymentSpec['model']['source']>(
  { huggingFace: {} },
  { huggingFace: { repository: 'example/quantized' }, cache: { hostPath: { path: '/cache' } } },
  { persistentVolumeClaim: { claimName: 'weights' } },
  { image: { reference: 'registry.example/m:1' } },
  { objectStorage: { uri: 's3://bucket/m' } },
);

const size = fc.integer({ min: 1, max: 200_000 });
const architecture = fc
  .record({
    parameters: fc.integer({ min: 1, max: 2 ** 40 }),
    layers: size,
    hiddenSize: size,
    intermediateSize: size,
    attentionHeads: size,
    kvHeads: size,
    vocabSize: size,
    maxContext: size,
    mla: optional(
      fc
        .record({
          kvLoraRank: size,
          qLoraRank: optional(size),
          qkNopeHeadDim: size,
          qkRopeHeadDim: size,
          vHeadDim: size,
        })
        .map(defined),
    ),
    moe: optional(
      fc
        .record({
          experts: size,
          activeExperts: size,
          sharedExperts: optional(size),
          intermediateSize: size,
          denseLayers: optional(fc.nat(300_000)),
        })
        .map(defined),
    ),
  })
  .map(defined);

const measured = fc
  .record({
    weights: fc.constantFrom('12Gi', '160Gi', 0, 'nonsense'),
    kvCacheBytesPerToken: fc.oneof(fc.integer({ min: 1, max: 500_000 }), strange),
    overheadPerGPU: fc.constantFrom(undefined, '3Gi', 'nonsense'),
  })
  .map(defined);

const names = CATALOG.models.map(({ name }) => name);

const model = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .record({
        name: fc.constantFrom(...names, 'deepseek-llm-7b', 'deepseek-r1-distil-qwen-7b', 'x'),
        maxModelLen: optional(tokens),
        trustRemoteCode: optional(fc.boolean()),
        measured: seldom(measured),
        source: seldom(source),
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

const resources = ['nvidia.com/gpu', 'nvidia.com/gpu.shared', 'nvidia.com/mig-1g.10gb', 'nvidia.com/mig-3g.40gb'];

const accelerator = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .record({
        type: fc.constantFrom(...CATALOG.accelerators.map(({ name }) => name), 'A100', 'B9000'),
        count: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: gpus }),
        parallelism: seldom(fc.record({ tensor: optional(gpus), pipeline: optional(gpus) }).map(defined)),
        resourceName: seldom(fc.constantFrom(...resources)),
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

const quantization = fc
  .record({
    type: fc.constantFrom(undefined, ...QUANTIZATION_TYPES),
    kvCache: fc.constantFrom(undefined, 'Auto', 'FP8'),
    ggufType: fc.constantFrom(undefined, undefined, 'Q8_0', 'IQ9_Z'),
  })
  .map(defined);

/** Whatever the types allow, sense or nonsense. */
export const anySpec = fc
  .record({
    model,
    accelerator,
    quantization: optional(quantization),
    engine: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: engine }),
    resources: seldom(fc.constantFrom({ memory: '64Gi' }, { cpu: 4 }, { sharedMemory: 'nonsense' }, { memory: 0 })),
  })
  .map((spec) => defined(spec) as unknown as DeepSeekDeploymentSpec);

/** Specs that fit: every catalogue model on every number of a catalogue's GPUs, with each engine, where it does. */
export function fittingSpecs(fits: (spec: DeepSeekDeploymentSpec) => boolean): readonly DeepSeekDeploymentSpec[] {
  const types = [undefined, ...CATALOG.quantizations.map(({ type }) => type)];
  return names.flatMap((name) =>
    CATALOG.accelerators.flatMap((entry) =>
      ENGINE_TYPES.flatMap((type) =>
        types.flatMap((format) =>
          [1, 2, 4, 8].flatMap((count) => {
            const spec: DeepSeekDeploymentSpec = {
              model: { name, trustRemoteCode: true },
              accelerator: { type: entry.name, count },
              ...(format !== undefined && { quantization: { type: format } }),
              engine: { type },
            };
            return fits(spec) ? [spec] : [];
          }),
        ),
      ),
    ),
  );
}
