import { describe, expect, it, test } from '@jest/globals';
import { ENGINE_TYPES } from '../api/index.ts';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { plan } from './plan.ts';
import { accepted, planOf } from './test-support.ts';
import type { PlanResult } from './types.ts';

const QWEN_7B = 'deepseek-r1-distill-qwen-7b';

describe('what is asked for oddly', () => {
  const warningsOf = (change: Partial<DeepSeekDeploymentSpec>): string =>
    accepted(plan({ model: { name: QWEN_7B }, accelerator: { type: 'A100-80GB' }, ...change })).warnings.join('\n');

  test.each([
    ['100m', 'resources.memory is 0.1 bytes (in 100m, m means thousandths: write Mi or Gi), and the engine'],
    ['4Ki', 'resources.memory is 4,096 bytes, and'],
    ['20Mi', 'resources.memory is 20 MiB, and'],
  ])('memory of %s is not called nothing', (memory, text) => {
    expect(warningsOf({ resources: { memory } })).toContain(text);
  });

  test.each(['http://]', 'https://-[', 'http://999.1.1.1', 'http://hub:70000', 'http://hub:0', 'https://[1::2::3]/'])(
    'weights from %s are refused, and the field is named',
    (endpoint) => {
      const from = (source: NonNullable<DeepSeekDeploymentSpec['model']['source']>) =>
        plan({ model: { name: QWEN_7B, source }, accelerator: { type: 'A100-80GB' } });
      const refusal = (field: string) => ({
        accepted: false,
        reason: 'InvalidSpec',
        message: expect.stringContaining(`model.source.${field}.endpoint, "${endpoint}", is no address`),
      });
      expect(from({ huggingFace: { endpoint } })).toMatchObject(refusal('huggingFace'));
      expect(from({ objectStorage: { uri: 's3://bucket/m', endpoint } })).toMatchObject(refusal('objectStorage'));
    },
  );

  const custom = { type: 'custom', custom: { memory: '80Gi', computeCapability: '8.0' } };
  const ofResource = (accelerator: { readonly type: string }, resourceName: string): PlanResult =>
    plan({ model: { name: QWEN_7B }, accelerator: { ...accelerator, resourceName } });

  test.each([
    [{ type: 'A100-80GB' }, 'amd.com/gpu', 'is amd.com/gpu, and an A100-80GB is a GPU with CUDA'],
    [{ type: 'A100-80GB' }, 'amd.com/mig-1g.10gb', 'is amd.com/mig-1g.10gb, and an A100-80GB is a GPU with CUDA'],
    [{ type: 'Orin' }, 'gpu.intel.com/i915', 'and an Orin is a GPU with CUDA'],
    [custom, 'amd.com/gpu', 'is amd.com/gpu, and a custom accelerator is a GPU with CUDA'],
    [{ type: 'CPU' }, 'nvidia.com/gpu', 'is nvidia.com/gpu, and a CPU needs no device: leave it out'],
    [{ type: 'CPU' }, 'amd.com/gpu', 'is amd.com/gpu, and a CPU needs no device: leave it out'],
    [{ type: 'CPU' }, 'nvidia.com/mig-1g.10gb', 'and a CPU needs no device: leave it out'],
  ])('%j as %s is refused', (accelerator, resourceName, text) => {
    const result = ofResource(accelerator, resourceName);
    expect(result).toMatchObject({ accepted: false, reason: 'AcceleratorUnknown' });
    expect(result).toHaveProperty('message', expect.stringContaining(text));
  });

  test.each(['1g.23gb', '2g.45gb', '3g.90gb', '4g.90gb', '7g.180gb'])('a B200 has slices of %s', (profile) => {
    const { memory, accelerator } = accepted(ofResource({ type: 'B200' }, `nvidia.com/mig-${profile}`));
    expect(accelerator.resourceName).toBe(`nvidia.com/mig-${profile}`);
    expect(memory.gpuTotalGiB).toBeLessThan(Number(/([0-9]+)gb/.exec(profile)?.[1]));
  });

  test.each([[{ type: 'A100-80GB' }], [custom]])('%j takes another name of the same vendor', (accelerator) => {
    const served = accepted(ofResource(accelerator, 'nvidia.com/a100'));
    expect(served.accelerator.resourceName).toBe('nvidia.com/a100');
    expect(served.warnings.join('\n')).not.toContain('resource');
  });

  test.each(ENGINE_TYPES)(
    'a GPU that is too old for %s is refused without an empty list, with alternatives',
    (type) => {
      const accelerator = { type: 'custom', custom: { memory: '24Gi', computeCapability: '6.1' } };
      for (const quantization of [undefined, { type: 'FP16' as const }, { type: 'AWQ' as const }]) {
        const result = plan({
          model: { name: QWEN_7B },
          accelerator,
          engine: { type },
          ...(quantization && { quantization }),
        });
        if (result.accepted) continue;
        expect(result.message).not.toMatch(/ {2}|: there|supports (on|there|$)/);
        expect(result.alternatives.length).toBeGreaterThan(0);
      }
    },
  );
});

describe('the memory of a refused plan', () => {
  it('is more than the GPU gives', () => {
    const result = planOf({ model: 'deepseek-r1-distill-qwen-14b', on: 'A10G', gpus: 1 });
    expect(result).toMatchObject({ accepted: false, memory: { weightsGiBPerGPU: 27.51, tokens: 4096 } });
    const { memory } = result as Extract<PlanResult, { accepted: false }>;
    const { usableGiBPerGPU = 0, weightsGiBPerGPU = 0, overheadGiBPerGPU = 0, kvCacheGiBPerGPU = 0 } = memory ?? {};
    expect(usableGiBPerGPU).toBeGreaterThan(0);
    expect(weightsGiBPerGPU + overheadGiBPerGPU + kvCacheGiBPerGPU).toBeGreaterThan(usableGiBPerGPU);
  });

  it('is not there where something else is missing', () => {
    expect(planOf({ model: QWEN_7B, on: 'nothing' })).not.toHaveProperty('memory');
  });
});
