import { expect, test } from '@jest/globals';
import { plan } from '../planner/index.ts';
import { parseQuantity } from './quantity.ts';
import { sharedVolumes } from './pod-volumes.ts';

test.each([['5Gi'], ['100Gi'], ['20G'], ['0'], [undefined]])(
  'a pod asks for the disk that the plan says, with a limit of %s on its cache',
  (sizeLimit) => {
    const spec = {
      model: {
        name: 'deepseek-r1-distill-qwen-7b',
        source: { huggingFace: {}, cache: { emptyDir: { ...(sizeLimit !== undefined && { sizeLimit }) } } },
      },
      accelerator: { type: 'A100-80GB' },
    };
    const result = plan(spec);
    if (!result.accepted) throw new Error(result.message);
    const { volumes, ephemeralStorage } = sharedVolumes(spec, result.plan);
    const bytes = Number(parseQuantity(ephemeralStorage ?? '') ?? 0n) / 1e9;
    expect(bytes / 2 ** 30).toBeCloseTo(result.plan.host.ephemeralStorageGiB, 3);
    expect(volumes).toContainEqual({ name: 'cache', emptyDir: { sizeLimit: ephemeralStorage } });
  },
);
