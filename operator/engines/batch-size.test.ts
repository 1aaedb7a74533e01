import { expect, test } from '@jest/globals';
import { batchSizeOf } from './batch-size.ts';

test.each([
  ['vLLM', ['org/m', '--max-num-seqs', '256'], 256],
  ['vLLM', ['--max-num-seqs', '256', '--max-num-seqs=8'], 8],
  ['vLLM', ['--max_num_seqs=8'], 8],
  ['vLLM', ['--max-model-len', '256'], undefined],
  ['vLLM', ['--max-num-seqs'], undefined],
  ['vLLM', ['--max-num-seqs', 'auto'], undefined],
  ['SGLang', ['--max-running-requests', '32'], 32],
  ['TensorRT-LLM', ['--max_batch_size', '16'], 16],
  ['llama.cpp', ['--parallel', '2', '-np', '4'], 4],
] as const)('of %s with %j is %s', (type, args, size) => {
  expect(batchSizeOf(type, args)).toBe(size);
});
