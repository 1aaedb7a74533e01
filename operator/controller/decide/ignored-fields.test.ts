import { describe, expect, it } from '@jest/globals';
import { type DeepSeekDeploymentSpec, rolloutSpec } from '../../api/index.ts';
import { ignoredFields } from './ignored-fields.ts';

const spec = (part: object) =>
  ({ model: { name: 'x' }, accelerator: { type: 'T4' }, ...part }) as unknown as DeepSeekDeploymentSpec;

describe('ignoredFields', () => {
  it.each([
    ['nothing', {}, []],
    ['what is obeyed', { rollout: { paused: true, revisionHistoryLimit: 2 }, minReadySeconds: 3 }, []],
    ['what the API server filled in', { rollout: { ...rolloutSpec.parse({}), paused: true } }, []],
    ['another strategy', { rollout: { strategy: 'Canary' } }, ['spec.rollout.strategy']],
    ['whole blocks', { monitoring: {}, autoscaling: {} }, ['spec.autoscaling', 'spec.monitoring']],
    [
      'deep members',
      { accelerator: { type: 'T4', parallelism: { nodes: 2 } } },
      ['spec.accelerator.parallelism.nodes'],
    ],
  ])('of %s', (_, part, expected) => {
    expect(ignoredFields(spec(part))).toEqual(expected);
  });
});
