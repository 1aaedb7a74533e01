import { describe, expect, it, test } from '@jest/globals';
import { CATALOG, findModel, findQuantization } from '../catalog/index.ts';
import type { ModelArchitecture } from '../catalog/index.ts';
import { kvBytesPerTokenPerRank } from './kv-cache.ts';
import { GIB } from './units.ts';
import { countParameters, weightBytes, weightBytesPerRank } from './weights.ts';
import type { WeightFormat } from './weights.ts';

const architectureOf = (name: string): ModelArchitecture => findModel(CATALOG, name)!.architecture;
const format = (type: 'FP32' | 'FP16' | 'FP8' | 'INT8' | 'AWQ' | 'GGUF', groupSize?: number): WeightFormat => ({
  entry: findQuantization(CATALOG, type)!,
  ...(groupSize !== undefined && { groupSize }),
});
const single = { tensor: 1, pipeline: 1 };

/** Parameters as published on the model cards, rounded as they are there (arXiv:2401.02954; deepseek-ai/DeepSeek-R1). */
test.each([
  ['deepseek-llm-7b-chat', 6.91e9],
  ['deepseek-llm-67b-chat', 67.42e9],
  ['deepseek-r1-distill-qwen-1.5b', 1.78e9],
  ['deepseek-r1-distill-qwen-7b', 7.62e9],
  ['deepseek-r1-distill-qwen-14b', 14.77e9],
  ['deepseek-r1-distill-qwen-32b', 32.76e9],
  ['deepseek-r1-distill-llama-8b', 8.03e9],
  ['deepseek-r1-distill-llama-70b', 70.55e9],
  ['deepseek-r1-0528-qwen3-8b', 8.19e9],
  ['deepseek-v2-lite', 15.71e9],
  ['deepseek-v2.5', 235.74e9],
  ['deepseek-v3', 671.03e9],
])('%s has %d parameters', (name, parameters) => {
  expect(Math.abs(countParameters(architectureOf(name)).total - parameters)).toBeLessThan(1e7);
});

/**
 * Weights in GiB and bytes of KV cache per token in 16-bit. KAITO publishes 14.96 for Distill-Llama-8B and 27.51 for
 * Distill-Qwen-14B (model_catalog.yaml@056b8280).
 */
describe('weights in GiB, and KV cache bytes per token', () => {
  test.each([
    ['deepseek-llm-7b-chat', 25.7, 12.87, 7.22, 4.5, 491_520],
    ['deepseek-llm-67b-chat', 251.2, 125.6, 64.4, 34.9, 389_120],
    ['deepseek-r1-distill-qwen-1.5b', 6.6, 3.31, 2.09, 1.5, 28_672],
    ['deepseek-r1-distill-qwen-7b', 28.4, 14.19, 8.11, 5.19, 57_344],
    ['deepseek-r1-distill-qwen-14b', 55, 27.51, 15.2, 9.29, 196_608],
    ['deepseek-r1-distill-qwen-32b', 122, 61, 32, 18, 262_144],
    ['deepseek-r1-distill-llama-8b', 29.9, 14.96, 8.46, 5.33, 131_072],
    ['deepseek-r1-distill-llama-70b', 263, 131.4, 67.7, 37, 327_680],
    ['deepseek-r1-0528-qwen3-8b', 30.5, 15.26, 8.79, 5.68, 147_456],
  ] as const)('%s', (name, fp32, fp16, int8, int4, kvBytes) => {
    const architecture = architectureOf(name);
    const gib = (type: Parameters<typeof format>[0], groupSize?: number): number =>
      weightBytes(architecture, format(type, groupSize)) / GIB;
    // The table is rounded to three digits; scales of INT8 are a per mille.
    const near = (actual: number, expected: number): void => {
      expect(Math.abs(actual - expected) / expected).toBeLessThan(0.005);
    };
    near(gib('FP32'), fp32);
    near(gib('FP16'), fp16);
    near(gib('INT8'), int8);
    near(gib('FP8'), int8);
    near(gib('AWQ', 128), int4);
    expect(kvBytesPerTokenPerRank(architecture, single, 2)).toBe(kvBytes);
  });
});

/** KAITO publishes 641.30 GiB for V3 with multi-token prediction, and 642.14 for V3.2 with its indexer. */
describe('weights in GiB, and KV cache bytes per token, with latent attention and experts', () => {
  test.each([
    ['deepseek-v2-lite', 58.5, 29.3, 15, 8.2, 8.94, 31_104],
    ['deepseek-v2.5', 878, 439, 220.6, 115.6, 134.2, 69_120],
    ['deepseek-v3', 2500, 1250, 626.9, 327, 382, 70_272],
  ] as const)('%s', (name, fp32, fp16, int8, int4, gguf, kvBytes) => {
    const architecture = architectureOf(name);
    const near = (weights: WeightFormat, expected: number): void => {
      expect(Math.abs(weightBytes(architecture, weights) / GIB / expected - 1)).toBeLessThan(0.006);
    };
    near(format('FP32'), fp32);
    near(format('FP16'), fp16);
    near(format('INT8'), int8);
    near({ ...format('FP8'), format: 'fp8-block', groupSize: 128 }, int8);
    near(format('AWQ', 128), int4);
    near({ ...format('GGUF'), ggufType: 'Q4_K_M' }, gguf);
    expect(kvBytesPerTokenPerRank(architecture, single, 2)).toBe(kvBytes);
  });

  it('the published size without multi-token prediction is that of the shape', () => {
    const { architecture, checkpointBytes = 0, loadedShare = 1 } = findModel(CATALOG, 'deepseek-v3')!;
    const computed = weightBytes(architecture, { ...format('FP8'), format: 'fp8-block', groupSize: 128 });
    expect(Math.abs((checkpointBytes * loadedShare) / computed - 1)).toBeLessThan(0.001);
  });

  it('V3.2 is larger than V3 by its indexer, on disk as in the count', () => {
    const block: WeightFormat = { ...format('FP8'), format: 'fp8-block', groupSize: 128 };
    const counted =
      weightBytes(architectureOf('deepseek-v3.2'), block) - weightBytes(architectureOf('deepseek-v3'), block);
    expect(Math.abs(counted / GIB - (642.14 - 641.3))).toBeLessThan(0.06);
  });

  test.each([
    // Every rank of tensor parallelism holds the whole latent vector; a pipeline stage that of its layers.
    ['deepseek-v3', { tensor: 8, pipeline: 1 }, 2, 70_272],
    ['deepseek-v3', { tensor: 8, pipeline: 2 }, 2, 31 * 576 * 2],
    ['deepseek-v3', { tensor: 8, pipeline: 1 }, 1, 61 * 576],
    // The indexer's key is cached too, and sparse attention has an FP8 layout of its own.
    ['deepseek-v3.2', { tensor: 8, pipeline: 1 }, 2, 78_324],
    ['deepseek-v3.2', { tensor: 8, pipeline: 1 }, 1, 61 * (656 + 132)],
  ] as const)('%s on %j with %d bytes an element: %d', (name, parallelism, bytes, expected) => {
    expect(kvBytesPerTokenPerRank(architectureOf(name), parallelism, bytes)).toBe(expected);
  });

  it('whole experts on each rank weigh what sharded ones do', () => {
    const sharded = weightBytesPerRank(architectureOf('deepseek-v3'), format('FP8'), { tensor: 8, pipeline: 1 });
    const whole = weightBytesPerRank(architectureOf('deepseek-v3'), format('FP8'), {
      tensor: 8,
      pipeline: 1,
      expert: 8,
    });
    expect(whole).toBeCloseTo(sharded, -2);
  });

  it('the fullest stage of a pipeline is one with experts in all of its layers', () => {
    const { moe, layers } = architectureOf('deepseek-v3');
    const { routedExperts } = countParameters(architectureOf('deepseek-v3'));
    const perLayer = routedExperts / (layers - moe!.denseLayers);
    const stage = weightBytesPerRank(architectureOf('deepseek-v3'), format('FP16'), { tensor: 1, pipeline: 61 });
    expect(stage).toBeGreaterThan(perLayer * 2);
  });
});

describe('one rank', () => {
  const llama70b = architectureOf('deepseek-r1-distill-llama-70b');
  const qwen1b = architectureOf('deepseek-r1-distill-qwen-1.5b');

  it('holds everything when it is the only one', () => {
    expect(weightBytesPerRank(llama70b, format('FP16'), single)).toBe(weightBytes(llama70b, format('FP16')));
  });

  it('holds an equal share under tensor parallelism, up to the number of KV heads', () => {
    const whole = weightBytes(llama70b, format('FP16'));
    const rank = weightBytesPerRank(llama70b, format('FP16'), { tensor: 8, pipeline: 1 });
    // Norms are small, and on every rank.
    expect(rank / (whole / 8)).toBeGreaterThanOrEqual(1);
    expect(rank / (whole / 8)).toBeLessThan(1.0003);
  });

  it('replicates key and value projections beyond the number of KV heads', () => {
    const whole = weightBytes(qwen1b, format('FP16'));
    expect(weightBytesPerRank(qwen1b, format('FP16'), { tensor: 4, pipeline: 1 })).toBeGreaterThan(whole / 4);
  });

  it('holds its layers, and at most one of embedding and output head, in a pipeline', () => {
    const { layers } = llama70b;
    const stage = weightBytesPerRank(llama70b, format('FP16'), { tensor: 1, pipeline: layers });
    const { linear, embeddings, small } = countParameters(llama70b);
    // The last norm belongs to no layer.
    const { hiddenSize } = llama70b;
    expect(stage).toBeCloseTo(((linear + small - hiddenSize) / layers + hiddenSize + embeddings / 2) * 2, -1);
  });

  it('holds whole KV heads: more ranks than heads save nothing', () => {
    const kv = (tensor: number, pipeline = 1): number => kvBytesPerTokenPerRank(qwen1b, { tensor, pipeline }, 2);
    expect([kv(1), kv(2), kv(4)]).toEqual([28_672, 14_336, 14_336]);
    expect(kv(1, 4)).toBe(28_672 / 4);
    // 28 layers in 3 stages: the longest has 10.
    expect(kv(1, 3)).toBe((28_672 / 28) * 10);
  });
});

it('takes a stated number of parameters over the count', () => {
  const architecture = { ...architectureOf('deepseek-llm-7b-chat'), parameters: 7_500_000_000 };
  expect(countParameters(architecture).total).toBe(7_500_000_000);
});
