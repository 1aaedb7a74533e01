import { describe, expect, it, test } from '@jest/globals';
import { CATALOG, findModel } from '../catalog/index.ts';
import { legalTensorSizes, splitsUpTo, tensorParallelProblem } from './parallelism.ts';

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
