import { describe, expect, it, test } from '@jest/globals';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { plan } from './plan.ts';
import { accepted, planOf } from './test-support.ts';

const on = (change: Partial<DeepSeekDeploymentSpec>): DeepSeekDeploymentSpec => ({
  model: { name: 'deepseek-v3.2' },
  accelerator: { type: 'H200', count: 8 },
  engine: { type: 'vLLM' },
  ...change,
});

describe('latent attention in vLLM', () => {
  const model = { name: 'deepseek-v2-lite-chat' };
  const accelerator = { type: 'H200', count: 1 };

  it('is refused in FP32, which its kernels do not compute in', () => {
    expect(plan(on({ model, accelerator, quantization: { type: 'FP32' } }))).toMatchObject({
      accepted: false,
      reason: 'UnsupportedQuantization',
      message: expect.stringContaining('in float16 or bfloat16 alone, and FP32 is computed in float32'),
    });
  });

  test.each(['FP16', 'BF16'] as const)('is served in %s', (type) => {
    expect(accepted(plan(on({ model, accelerator, quantization: { type } }))).quantization).toBe(type);
  });

  it('is no matter of models without it', () => {
    expect(planOf({ model: 'deepseek-r1-distill-qwen-7b', on: 'H200', quantization: 'FP32' }).accepted).toBe(true);
  });
});

describe('sparse attention in vLLM', () => {
  const source = { huggingFace: { repository: 'someone/V3.2-AWQ' } };

  it('computes AWQ in bfloat16', () => {
    const spec = on({ model: { name: 'deepseek-v3.2', source }, quantization: { type: 'AWQ' } });
    expect(accepted(plan(spec)).computeDtype).toBe('bfloat16');
    const v3 = on({ model: { name: 'deepseek-v3', source }, quantization: { type: 'AWQ' } });
    expect(accepted(plan(v3)).computeDtype).toBe('float16');
  });

  test.each([
    ['9.0', true],
    ['10.0', true],
    ['12.0', false],
  ])('on compute capability %s: %s', (computeCapability, served) => {
    const accelerator = { type: 'custom', count: 8, custom: { memory: '192Gi', computeCapability } };
    const result = plan(on({ accelerator }));
    expect(result.accepted).toBe(served);
    if (!result.accepted) {
      expect(result.message).toContain('from 9.0 on and before 11.0, and custom has 12.0: use another GPU');
    }
  });
});

describe('V4 with measured numbers', () => {
  const measured = { weights: '160Gi', kvCacheBytesPerToken: 10_000 };
  const model = { name: 'deepseek-v4-flash', trustRemoteCode: true, measured };

  it.each([undefined, 'Auto', 'FP8'] as const)('has its KV cache in FP8 (kvCache %s)', (kvCache) => {
    const served = accepted(
      plan(on({ model, ...(kvCache !== undefined && { quantization: { type: 'FP8' as const, kvCache } }) })),
    );
    expect(served.kvCacheDtype).toBe('fp8');
    expect(served.warnings.some((text) => text.includes('in FP8 alone'))).toBe(kvCache !== 'FP8');
  });
});

describe('a GGUF file of a model with latent attention', () => {
  const warnings = (name: string): string =>
    accepted(
      plan(on({ model: { name }, engine: { type: 'llama.cpp' }, quantization: { type: 'GGUF' } })),
    ).warnings.join();

  it('may be of the time before it, which takes more memory', () => {
    // 27 layers: 16 heads of 128 + 64 and 128, and 512 + 64, in 16 bit.
    expect(warnings('deepseek-v2-lite-chat')).toContain('276,480 bytes per token');
    expect(warnings('deepseek-v2-lite-chat')).toContain('instead of the planned 31,104');
    expect(warnings('deepseek-r1-distill-qwen-7b')).not.toContain('bytes per token');
  });
});
