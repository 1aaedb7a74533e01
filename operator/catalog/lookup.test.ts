import { describe, expect, it, test } from '@jest/globals';
import {
  byComputeCapability,
  CATALOG,
  compareComputeCapability,
  compareVersions,
  findModel,
  findQuantizationSupport,
  similarNames,
} from './index.ts';

describe('findModel', () => {
  it('finds by name and by alias', () => {
    expect(findModel(CATALOG, 'deepseek-llm-7b-chat')?.repository).toBe('deepseek-ai/deepseek-llm-7b-chat');
    expect(findModel(CATALOG, 'deepseek-llm-7b')?.name).toBe('deepseek-llm-7b-chat');
  });
  it('finds nothing else', () => {
    expect(findModel(CATALOG, 'DeepSeek-LLM-7B')).toBeUndefined();
    expect(findModel(CATALOG, 'toString')).toBeUndefined();
  });
});

test.each([
  ['7.5', '8.0', -1],
  ['8.0', '8.0', 0],
  ['10.0', '9.0', 1],
  ['8.9', '8.6', 1],
])('compute capability %s against %s', (a, b, sign) => {
  expect(Math.sign(compareComputeCapability(a, b))).toBe(sign);
});

test.each([
  ['0.32.0', '0.32.0', 0],
  ['0.9.0.1', '0.10.0', -1],
  ['v0.32.0', '0.31.9', 1],
  ['1.3.0rc23', '1.3.0', -1],
  ['1.3.0rc23', '1.3.0rc4', 1],
  ['1.3.0rc23', '1.2.1', 1],
  ['b11669', 'b9128', 1],
])('version %s against %s', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
  expect(Math.sign(compareVersions(b, a))).toBe(sign === 0 ? 0 : -sign);
});

describe('byComputeCapability', () => {
  const rows = [
    { from: '9.0', value: 'hopper', source: '-' },
    { from: '7.5', value: 'turing', source: '-' },
  ];
  test.each([
    ['7.0', 'turing'],
    ['7.5', 'turing'],
    ['8.9', 'turing'],
    ['9.0', 'hopper'],
    ['10.0', 'hopper'],
  ])('%s takes the row of %s', (capability, value) => {
    expect(byComputeCapability(rows, capability)).toBe(value);
  });
  it('knows nothing without rows', () => {
    expect(byComputeCapability([], '8.0')).toBeUndefined();
  });
});

/** Quantization x compute capability for vLLM: `yes`, `warns` or `no`. From vLLM's own tables; see engines.ts. */
describe('vLLM runs', () => {
  const vllm = CATALOG.engines.find(({ type }) => type === 'vLLM')?.versions[0];
  test.each([
    ['FP32', ['yes', 'yes', 'yes', 'yes', 'yes']],
    ['FP16', ['yes', 'yes', 'yes', 'yes', 'yes']],
    ['BF16', ['no', 'yes', 'yes', 'yes', 'yes']],
    ['FP8', ['warns', 'warns', 'warns', 'yes', 'yes']],
    ['INT8', ['yes', 'yes', 'yes', 'yes', 'yes']],
    ['W8A16', ['yes', 'yes', 'yes', 'yes', 'yes']],
    ['AWQ', ['warns', 'yes', 'yes', 'yes', 'yes']],
    ['GPTQ', ['yes', 'yes', 'yes', 'yes', 'yes']],
    ['GGUF', ['no', 'no', 'no', 'no', 'no']],
  ] as const)('%s on 7.5, 8.0, 8.6, 8.9, 9.0', (type, expected) => {
    const found = ['7.5', '8.0', '8.6', '8.9', '9.0'].map((capability) => {
      const support = findQuantizationSupport(vllm!, type, { device: 'GPU', computeCapability: capability });
      return support === undefined ? 'no' : support.warning === undefined ? 'yes' : 'warns';
    });
    expect(found).toEqual(expected);
  });
  test('INT8 (W8A8) not on Blackwell', () => {
    expect(findQuantizationSupport(vllm!, 'INT8', { device: 'GPU', computeCapability: '10.0' })).toBeUndefined();
  });
});

test.each([
  ['deepseek-r1-distil-qwen-7b', 'deepseek-r1-distill-qwen-7b'],
  ['deepseek-ai/DeepSeek-R1-Distill-Llama-8B', 'deepseek-r1-distill-llama-8b'],
  ['llama', undefined],
])('the name most like %s is %s', (name, expected) => {
  expect(
    similarNames(
      name,
      CATALOG.models.map((model) => model.name),
    )[0],
  ).toBe(expected);
});
