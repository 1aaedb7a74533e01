import { describe, expect, it, test } from '@jest/globals';
import type { Case } from './test-support.ts';
import { accepted, planOf } from './test-support.ts';

interface Published extends Case {
  readonly source: string;
}

const DEEPSEEK_R1 = 'deepseek-ai/DeepSeek-R1 README.md@0cf7856';
const DEEPSEEK_LLM = 'deepseek-ai/DeepSeek-LLM README.md@1b79a65';
const SKYPILOT = 'skypilot-org/skypilot llm/deepseek-r1-distilled/deepseek-r1-vllm.yaml@36b21fc';
const SCALEWAY =
  'scaleway/docs-content pages/managed-inference/reference-content/deepseek-r1-distill-llama-8b.mdx@320e59f';
const VERATHOS = 'verathos-ai/verathos verallm/registry/models.py@b2dce41 (marked as verified on that GPU)';
const NVIDIA = 'build.nvidia.com/deepseek-ai/deepseek-r1-distill-qwen-14b/systemcard: FP8 from 14 GB, BF16 from 29 GB';
const AUTOPILOT = 'WilliamDenniss/autopilot-examples llm/deepseek/README.md';
const KAITO = 'kaito presets/workspace/models/model_catalog.yaml@056b8280, pkg/sku/azure_sku_handler.go@0d9b555e';
const TENSORFUSE = 'huggingface.co/deepseek-ai/DeepSeek-R1/discussions/32 (4 x L40S)';

const LLAMA_8B = 'deepseek-r1-distill-llama-8b';
const LLAMA_70B = 'deepseek-r1-distill-llama-70b';
const QWEN_14B = 'deepseek-r1-distill-qwen-14b';
const QWEN_32B = 'deepseek-r1-distill-qwen-32b';

/** What others have published as running. */
const RUNS: readonly Published[] = [
  { model: QWEN_32B, on: 'A100-80GB', gpus: 2, context: 32_768, source: DEEPSEEK_R1 },
  { model: 'deepseek-llm-7b-chat', on: 'A100-40GB', gpus: 1, context: 4096, source: DEEPSEEK_LLM },
  { model: 'deepseek-llm-67b-chat', on: 'A100-40GB', gpus: 8, context: 4096, source: DEEPSEEK_LLM },
  { model: 'deepseek-llm-67b-base', on: 'A100-40GB', gpus: 4, context: 4096, source: DEEPSEEK_LLM },
  { model: LLAMA_8B, on: 'L4', gpus: 1, context: 4096, source: SKYPILOT },
  { model: LLAMA_8B, on: 'A10G', gpus: 1, context: 4096, source: SKYPILOT },
  { model: LLAMA_8B, on: 'A100-40GB', gpus: 1, context: 4096, source: SKYPILOT },
  { model: LLAMA_8B, on: 'A100-80GB', gpus: 1, context: 4096, source: SKYPILOT },
  { model: LLAMA_8B, on: 'L4', gpus: 1, source: AUTOPILOT },
  { model: LLAMA_8B, on: 'H100', gpus: 1, context: 131_072, source: SCALEWAY },
  { model: LLAMA_8B, on: 'A100-80GB', gpus: 1, source: KAITO },
  { model: QWEN_14B, on: 'A100-80GB', gpus: 1, source: KAITO },
  { model: LLAMA_70B, on: 'L40S', gpus: 4, source: TENSORFUSE },
  { model: LLAMA_70B, on: 'A100-80GB', gpus: 1, quantization: 'GPTQ', context: 98_304, source: VERATHOS },
  { model: QWEN_32B, on: 'A100-80GB', gpus: 1, quantization: 'GPTQ', context: 131_072, source: VERATHOS },
  { model: QWEN_14B, on: 'L40S', gpus: 1, source: NVIDIA },
  { model: QWEN_14B, on: 'L4', gpus: 1, quantization: 'FP8', source: NVIDIA },
];

/** What others have published as not running. */
const DOES_NOT_RUN: readonly Published[] = [
  { model: QWEN_14B, on: 'L4', gpus: 1, quantization: 'BF16', source: NVIDIA },
  { model: QWEN_14B, on: 'A10G', gpus: 1, quantization: 'BF16', source: NVIDIA },
  // "Does not fit usably on 48 GB (only about 6K context)": 16,384 tokens are beyond it.
  { model: LLAMA_70B, on: 'L40S', gpus: 1, quantization: 'GPTQ', context: 16_384, source: VERATHOS },
  { model: LLAMA_8B, on: 'L4', gpus: 1, context: 65_536, source: `${SCALEWAY}: at most 39k` },
];

const name = '$model $quantization on $gpus x $on, context $context ($source)';

describe('what is published to run is accepted', () => {
  test.each(RUNS)(name, (published) => {
    expect(planOf(published)).toMatchObject({ accepted: true });
  });
});

describe('what is published not to run is refused', () => {
  test.each(DOES_NOT_RUN)(name, (published) => {
    expect(planOf(published)).toMatchObject({ accepted: false, reason: 'InsufficientGPUMemory' });
  });
});

/**
 * Scaleway (deepseek-r1-distill-llama-70b.mdx, pull request 4545) runs the 70B on one H100 in FP8 with 15k tokens, and
 * in BF16 on two with 56k. That takes a larger share of the memory and smaller batches than vLLM's defaults: at a
 * utilization of 0.90 and 8,192 tokens a batch there is no room.
 */
describe('the plan is more careful than one published operator of this model', () => {
  it.each([
    { model: LLAMA_70B, on: 'H100', gpus: 1, quantization: 'FP8', context: 15_360 },
    { model: LLAMA_70B, on: 'H100', gpus: 2, quantization: 'BF16', context: 57_344 },
  ] as const)('$quantization on $gpus x $on', (one) => {
    expect(planOf(one)).toMatchObject({ accepted: false, reason: 'InsufficientGPUMemory' });
  });
});

/** Worked examples at a utilization of 0.90: verdicts of an independent calculation with a flat overhead. */
describe('worked examples', () => {
  const QWEN_7B = 'deepseek-r1-distill-qwen-7b';
  const LLM_67B = 'deepseek-llm-67b-chat';
  const repository = 'example/quantized';
  test.each([
    [{ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'FP16', context: 8192 }, false],
    [{ model: QWEN_7B, on: 'T4', gpus: 2, quantization: 'FP16', context: 8192 }, true],
    [{ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'INT8', context: 8192 }, true],
    [{ model: QWEN_7B, on: 'T4', gpus: 1, quantization: 'GPTQ', context: 16_384 }, true],
    [{ model: QWEN_7B, on: 'A10G', gpus: 1, quantization: 'FP32', context: 8192 }, false],
    [{ model: QWEN_7B, on: 'A10G', gpus: 1, quantization: 'BF16', context: 32_768 }, true],
    [{ model: QWEN_7B, on: 'L4', gpus: 1, quantization: 'BF16', context: 32_768 }, true],
    [{ model: LLAMA_8B, on: 'T4', gpus: 1, quantization: 'FP16', context: 8192 }, false],
    [{ model: 'deepseek-llm-7b-chat', on: 'T4', gpus: 1, quantization: 'FP16', context: 4096 }, false],
    [{ model: 'deepseek-llm-7b-chat', on: 'T4', gpus: 1, quantization: 'INT8', context: 4096, repository }, true],
    [{ model: 'deepseek-llm-7b-chat', on: 'T4', gpus: 1, quantization: 'AWQ', context: 4096 }, true],
    [{ model: LLM_67B, on: 'A100-80GB', gpus: 1, quantization: 'FP16', context: 4096 }, false],
    [{ model: LLM_67B, on: 'A100-80GB', gpus: 2, quantization: 'FP16', context: 4096 }, true],
    [{ model: LLM_67B, on: 'A100-40GB', gpus: 4, quantization: 'FP16', context: 4096 }, true],
    [{ model: LLM_67B, on: 'A100-40GB', gpus: 8, quantization: 'FP16', context: 4096 }, true],
    [{ model: LLM_67B, on: 'A100-40GB', gpus: 1, quantization: 'INT8', context: 4096, repository }, false],
    [{ model: LLM_67B, on: 'A100-40GB', gpus: 2, quantization: 'INT8', context: 4096, repository }, false],
    [{ model: LLM_67B, on: 'A100-80GB', gpus: 1, quantization: 'INT8', context: 4096, repository }, true],
    [{ model: LLM_67B, on: 'A100-40GB', gpus: 1, quantization: 'AWQ', context: 4096 }, false],
    [{ model: LLM_67B, on: 'A100-80GB', gpus: 1, quantization: 'AWQ', context: 4096 }, true],
    [{ model: LLM_67B, on: 'A100-80GB', gpus: 4, quantization: 'FP32', context: 4096 }, true],
    [{ model: QWEN_14B, on: 'A100-40GB', gpus: 1, quantization: 'BF16', context: 32_768 }, false],
    [{ model: QWEN_14B, on: 'A100-40GB', gpus: 1, quantization: 'BF16', context: 16_384 }, true],
    [{ model: QWEN_32B, on: 'A100-80GB', gpus: 1, quantization: 'BF16', context: 32_768 }, false],
    [{ model: QWEN_32B, on: 'A100-80GB', gpus: 1, quantization: 'BF16', context: 16_384 }, true],
    [{ model: QWEN_32B, on: 'A100-40GB', gpus: 1, quantization: 'GPTQ', context: 32_768 }, true],
    [{ model: LLAMA_70B, on: 'H100', gpus: 1, quantization: 'FP8', context: 8192 }, false],
    [{ model: LLAMA_70B, on: 'H100', gpus: 2, quantization: 'FP8', context: 8192 }, true],
  ] as readonly [Case, boolean][])('%j: %s', (one, fits) => {
    expect(planOf(one).accepted).toBe(fits);
  });

  it('leaves room for at least 8 sequences of 4,096 tokens: 7B in FP16 on one A100-40GB', () => {
    const one = {
      model: 'deepseek-llm-7b-chat',
      on: 'A100-40GB',
      gpus: 1,
      quantization: 'FP16',
      context: 4096,
    } as const;
    expect(accepted(planOf(one)).maxConcurrency).toBeGreaterThanOrEqual(8);
  });
});
