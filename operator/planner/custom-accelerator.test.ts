import { expect, test } from '@jest/globals';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { plan } from './plan.ts';
import { accepted } from './test-support.ts';

test.each<[string, Partial<DeepSeekDeploymentSpec['accelerator']>, readonly string[]]>([
  ['no labels', {}, ['nvidia.com/gpu']],
  ['no labels and a resource of its own', { resourceName: 'nvidia.com/rtx' }, ['nvidia.com/rtx']],
  ['labels', { nodeSelector: { 'example.com/gpu': 'rtx' } }, []],
])('a custom accelerator with %s: which nodes may get the pods', (_, accelerator, resources) => {
  const { warnings } = accepted(
    plan({
      model: { name: 'deepseek-r1-distill-qwen-7b' },
      accelerator: { type: 'custom', custom: { memory: '48Gi', computeCapability: '8.9' }, ...accelerator },
    }),
  );
  expect(warnings.filter((warning) => warning.startsWith('any node with'))).toEqual(
    resources.map(
      (resource) =>
        `any node with ${resource} may get the pods, whatever its GPUs: set accelerator.nodeSelector to the labels of the nodes that have this one`,
    ),
  );
});
