import { describe, expect, it } from '@jest/globals';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { isEligible } from './eligibility.ts';
import { gpuNode } from './test-support.ts';

const LABELS = { class: 'a100', memory: '81920', zone: 'a' };
const spec = (part: Partial<IPodSpec>): IPodSpec => ({ containers: [], ...part });
const terms = (...nodeSelectorTerms: object[]): Partial<IPodSpec> => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: nodeSelectorTerms } },
  },
});
const label = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
});

describe('which nodes a pod may have', () => {
  it.each<[string, Partial<IPodSpec>, boolean]>([
    ['no wish', {}, true],
    ['its label', { nodeSelector: { class: 'a100' } }, true],
    ['another label', { nodeSelector: { class: 'a100', zone: 'b' } }, false],
    ['In', terms(label('zone', 'In', 'b', 'a')), true],
    ['not In', terms(label('zone', 'In', 'b')), false],
    ['In, without the label', terms(label('rack', 'In', 'b')), false],
    ['NotIn', terms(label('zone', 'NotIn', 'b')), true],
    ['NotIn, without the label', terms(label('rack', 'NotIn', 'b')), true],
    ['not NotIn', terms(label('zone', 'NotIn', 'a')), false],
    ['Exists', terms(label('zone', 'Exists')), true],
    ['not Exists', terms(label('rack', 'Exists')), false],
    ['DoesNotExist', terms(label('rack', 'DoesNotExist')), true],
    ['not DoesNotExist', terms(label('zone', 'DoesNotExist')), false],
    ['Gt', terms(label('memory', 'Gt', '40960')), true],
    ['not Gt', terms(label('memory', 'Gt', '81920')), false],
    ['Lt', terms(label('memory', 'Lt', '81921')), true],
    ['Gt of what is no number', terms(label('zone', 'Gt', '1')), false],
    ['one term of two', terms(label('zone', 'In', 'b'), label('class', 'In', 'a100')), true],
    [
      'all of a term',
      terms({
        matchExpressions: [...label('zone', 'In', 'a').matchExpressions, ...label('rack', 'Exists').matchExpressions],
      }),
      false,
    ],
    ['an empty term', terms({}), false],
    ['no term', terms(), false],
    ['its name', terms({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }), true],
    ['another name', terms({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['m'] }] }), false],
    ['selector and affinity', { nodeSelector: { class: 't4' }, ...terms(label('zone', 'In', 'a')) }, false],
  ])('%s', (_, part, expected) => {
    expect(isEligible(gpuNode('n', 8, { labels: LABELS }), spec(part))).toBe(expected);
  });

  it.each<[string, NonNullable<IPodSpec['tolerations']>, boolean]>([
    ['none', [], false],
    ['Exists', [{ key: 'gpu', operator: 'Exists' }], true],
    ['of everything', [{ operator: 'Exists' }], true],
    ['Equal', [{ key: 'gpu', operator: 'Equal', value: 'yes', effect: 'NoSchedule' }], true],
    ['Equal by default', [{ key: 'gpu', value: 'yes' }], true],
    ['of another value', [{ key: 'gpu', value: 'no' }], false],
    ['of another key', [{ key: 'cpu', operator: 'Exists' }], false],
    ['of another effect', [{ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }], false],
  ])('a taint with the toleration: %s', (_, tolerations, expected) => {
    const taints = [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' as const }];
    expect(isEligible(gpuNode('n', 8, { spec: { taints } }), spec({ tolerations }))).toBe(expected);
  });

  it.each([
    ['PreferNoSchedule', true],
    ['NoSchedule', false],
    ['NoExecute', false],
  ] as const)('a taint %s', (effect, expected) => {
    expect(isEligible(gpuNode('n', 8, { spec: { taints: [{ key: 'k', effect }] } }), spec({}))).toBe(expected);
  });

  it.each([
    ['False', false],
    ['Unknown', false],
    ['True', true],
  ])('a node whose Ready is %s', (ready, expected) => {
    expect(isEligible(gpuNode('n', 8, { ready }), spec({ tolerations: [{ operator: 'Exists' }] }))).toBe(expected);
  });

  it('a cordoned node only if cordons are tolerated', () => {
    const node = gpuNode('n', 8, { spec: { unschedulable: true } });
    expect(isEligible(node, spec({}))).toBe(false);
    const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' as const }];
    expect(isEligible(node, spec({ tolerations }))).toBe(true);
  });
});
