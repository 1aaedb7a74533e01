import { describe, expect, it } from '@jest/globals';
import { planOf } from './test-support.ts';
import type { Case } from './test-support.ts';

const QWEN_7B = 'deepseek-r1-distill-qwen-7b';

const offered = (one: Case) => planOf(one).alternatives.map(({ change }) => change);

describe('formats among the alternatives', () => {
  it('have the published one among them, although others are cheaper', () => {
    const changes = offered({ model: 'deepseek-r1', on: 'H200', quantization: 'FP16' });
    expect(changes).toHaveLength(5);
    expect(changes).toContainEqual({ quantization: { type: 'FP8' } });
    expect(changes).toContainEqual({ quantization: { type: 'AWQ' } });
  });

  it('are on the same GPU the published one, then the one of as many bits', () => {
    const changes = offered({ model: QWEN_7B, on: 'A10G', quantization: 'AWQ' });
    const here = changes.filter(({ accelerator }) => accelerator === undefined);
    expect(changes).toHaveLength(5);
    expect(here.slice(0, 2)).toEqual([{ quantization: { type: 'BF16' } }, { quantization: { type: 'GPTQ' } }]);
  });

  it('leave room for more GPUs and for others where these plan', () => {
    const changes = offered({ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'FP16' });
    expect(changes.filter(({ accelerator }) => accelerator !== undefined)).toHaveLength(3);
  });
});

it('a plan for one sequence at a time ranks after one for several that costs no more than twice as much', () => {
  const { alternatives } = planOf({ model: 'deepseek-r1-distill-qwen-32b', on: 'L4', gpus: 1, quantization: 'BF16' });
  const alone = alternatives.map(({ summary }) => summary.endsWith(' 1 at once)'));
  expect(alone.slice(0, 2)).toEqual([false, true]);
});
