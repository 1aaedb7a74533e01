import { describe, expect, it } from '@jest/globals';
import { App, Chart } from 'cdk8s';
import { Models } from './examples/main.ts';
import { DeepSeekDeployment, type DeepSeekDeploymentProps } from './index.ts';

const chart = (): Chart => new Chart(new App(), 'models', { namespace: 'ai', disableResourceNameHashes: true });
const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' } } as const;

describe('a DeepSeekDeployment in a chart', () => {
  it('is written as it is, without defaults', () => {
    const models = chart();
    new DeepSeekDeployment(models, 'chat', { metadata: { name: 'chat', labels: { team: 'ml' } }, spec: SPEC });
    expect(models.toJson()).toEqual([
      {
        apiVersion: 'deepseek-operator.io/v1alpha1',
        kind: 'DeepSeekDeployment',
        metadata: { name: 'chat', namespace: 'ai', labels: { team: 'ml' } },
        spec: SPEC,
      },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['a wrong value', { ...SPEC, replicas: -1 }, 'models/chat: spec.replicas: '],
    ['a field that there is not', { ...SPEC, replica: 1 }, 'models/chat: spec.replica: unknown field'],
    [
      'a rule over several fields',
      { ...SPEC, autoscaling: { minReplicas: 3, maxReplicas: 2 } },
      'minReplicas may not be more',
    ],
  ])('refuses %s at synthesis', (_, spec, message) => {
    expect(() => new DeepSeekDeployment(chart(), 'chat', { spec: spec as DeepSeekDeploymentProps['spec'] })).toThrow(
      message,
    );
  });
});

it('the example synthesizes two models', () => {
  const objects = new Models(new App(), 'models', 'default').toJson() as { metadata: { name: string } }[];
  expect(objects.map(({ metadata }) => metadata.name)).toEqual(['models-chat', 'models-evaluations']);
});
