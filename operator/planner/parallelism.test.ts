import { describe, expect, it, test } from '@jest/globals';
import { CATALOG, findModel } from '../catalog/index.ts';
import { legalParallelism, legalTensorSizes, splitsUpTo, tensorParallelProblem } from './parallelism.ts';

const architectureOf = (name: string) => findModel(CATALOG, name)!.architecture;

/** What vLLM's and SGLang's model code accepts, up to 32 GPUs: in 16-bit, and with quantization groups of 128. */
describe('legal tensor-parallel sizes', () => {
  test.each([
    ['deepseek-llm-7b-chat', [1, 2, 4, 8, 16, 32], [1, 2]],
    ['deepseek-llm-67b-chat', [1, 2, 4, 8, 16, 32], [1, 2, 4]],
    ['deepseek-r1-distill-qwen-1.5b', [1, 2, 4], [1, 2]],
    ['deepseek-r1-distill-qwen-7b', [1, 2, 4], [1, 2, 4]],
    ['deepseek-r1-distill-qwen-14b', [1, 2, 4, 8], [1, 2, 4]],
    ['deepseek-r1-distill-qwen-32b', [1, 2, 4, 8], [1, 2, 4, 8]],
    ['deepseek-r1-distill-llama-8b', [1, 2, 4, 8, 16, 32], [1, 2, 4, 8, 16]],
    ['deepseek-r1-distill-llama-70b', [1, 2, 4, 8, 16, 32], [1, 2, 4, 8, 16, 32]],
    ['deepseek-r1-0528-qwen3-8b', [1, 2, 4, 8, 16, 32], [1, 2, 4, 8, 16, 32]],
  ])('%s', (name, sixteenBit, groups) => {
    expect(legalTensorSizes(architectureOf(name), 32)).toEqual(sixteenBit);
    expect(legalTensorSizes(architectureOf(name), 32, 128)).toEqual(groups);
  });
});

/** The same for experts: sharded like the rest, with groups of 128, and with whole experts divided over the GPUs. */
describe('legal tensor-parallel sizes with experts', () => {
  const sharded = (name: string, groupSize?: number): number[] =>
    Array.from({ length: 32 }, (_, index) => index + 1).filter(
      (tensor) => tensorParallelProblem(architectureOf(name), tensor, groupSize) === undefined,
    );
  test.each([
    // 10,944 of the dense layer are not a multiple of 128 even on one GPU, and no experts change that.
    ['deepseek-v2-lite', [1, 2, 4, 8, 16], [], [1, 2, 4, 8, 16], []],
    ['deepseek-v2.5', [1, 2, 4, 8, 16, 32], [1, 2, 4], [1, 2, 4, 8, 16, 32], [1, 2, 4, 8, 16, 32]],
    ['deepseek-v3', [1, 2, 4, 8, 16, 32], [1, 2, 4, 8, 16], [1, 2, 4, 8, 16, 32], [1, 2, 4, 8, 16]],
  ])('%s', (name, sixteenBit, groups, wholeSixteenBit, wholeGroups) => {
    expect(sharded(name)).toEqual(sixteenBit);
    expect(sharded(name, 128)).toEqual(groups);
    expect(legalTensorSizes(architectureOf(name), 32)).toEqual(wholeSixteenBit);
    expect(legalTensorSizes(architectureOf(name), 32, 128)).toEqual(wholeGroups);
  });

  it('experts stay sharded where they can, and are divided whole where they cannot', () => {
    const v2 = architectureOf('deepseek-v2.5');
    expect(legalParallelism(v2, 4, 1, 128)).toEqual({ tensor: 4, pipeline: 1 });
    expect(legalParallelism(v2, 8, 1, 128)).toEqual({ tensor: 8, pipeline: 1, expert: 8 });
    expect(legalParallelism(architectureOf('deepseek-v2-lite'), 2, 1, 128)).toBeUndefined();
    expect(tensorParallelProblem(v2, 8, 128)).toBe(
      "8 leaves 192 of the experts' size to each GPU, which is not a multiple of the quantization group of 128",
    );
  });

  it('does not ask for KV heads under latent attention', () => {
    const one = { ...architectureOf('deepseek-v3'), kvHeads: 1 };
    expect(legalTensorSizes(one, 8, 128)).toEqual([1, 2, 4, 8]);
  });
});

describe('the problem is named', () => {
  const qwen7b = architectureOf('deepseek-r1-distill-qwen-7b');
  test.each([
    [3, undefined, '3 does not divide the 28 attention heads'],
    [7, undefined, '7 does not divide the 4 KV heads, nor is it a multiple of them'],
    [0, undefined, '0 is not a number of GPUs'],
    [1.5, undefined, '1.5 is not a number of GPUs'],
    [
      4,
      512,
      '4 leaves 4736 of the intermediate size to each GPU, which is not a multiple of the quantization group of 512',
    ],
    [2, 128, undefined],
  ])('%d GPUs, groups of %s', (tensor, groupSize, problem) => {
    expect(tensorParallelProblem(qwen7b, tensor, groupSize)).toBe(problem);
  });
});

describe('splits', () => {
  const architecture = architectureOf('deepseek-llm-67b-chat');
  it('try tensor parallelism alone before stages, fewest GPUs first', () => {
    expect(splitsUpTo(architecture, 8, undefined, 128)).toEqual([
      { tensor: 1, pipeline: 1 },
      { tensor: 2, pipeline: 1 },
      { tensor: 4, pipeline: 1 },
      { tensor: 4, pipeline: 2 },
    ]);
  });
  it('keep the stages that are asked for', () => {
    expect(splitsUpTo(architecture, 4, 2)).toEqual([
      { tensor: 1, pipeline: 2 },
      { tensor: 2, pipeline: 2 },
    ]);
  });
  it('have no more stages than layers', () => {
    expect(splitsUpTo({ ...architecture, layers: 1 }, 8, 2)).toEqual([]);
  });
});
