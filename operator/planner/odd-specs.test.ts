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

  test.each([
    [
      'A100-80GB',
      'amd.com/gpu',
      'accelerator.resourceName is amd.com/gpu, and an A100-80GB is nvidia.com/gpu: the plan',
    ],
    ['CPU', 'nvidia.com/gpu', 'accelerator.resourceName is nvidia.com/gpu, and a CPU needs no device: leave it out'],
  ])('%s as %s is warned of', (type, resourceName, text) => {
    const model = { name: 'deepseek-r1-distill-qwen-1.5b' };
    expect(warningsOf({ model, accelerator: { type, resourceName } })).toContain(text);
    expect(warningsOf({ model, accelerator: { type } })).not.toContain('resourceName');
  });

  it('takes another name of the same vendor, and warns of a custom GPU of another', () => {
    const custom = { memory: '80Gi', computeCapability: '8.0' };
    expect(warningsOf({ accelerator: { type: 'A100-80GB', resourceName: 'nvidia.com/a100' } })).not.toContain(
      'resource',
    );
    expect(warningsOf({ accelerator: { type: 'custom', custom, resourceName: 'nvidia.com/x' } })).not.toContain(
      'resource',
    );
    expect(warningsOf({ accelerator: { type: 'custom', custom, resourceName: 'amd.com/gpu' } })).toContain(
      'accelerator.resourceName is amd.com/gpu, and a CUDA GPU is nvidia.com/gpu',
    );
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
