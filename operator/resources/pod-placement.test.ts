import { describe, expect, it, test } from '@jest/globals';
import { ACCELERATORS } from '../catalog/accelerators.ts';
import { acceleratorTerms, tolerations, withNodeTerms } from './pod-placement.ts';

const term = (key: string) => ({ matchExpressions: [{ key, operator: 'In' as const, values: ['x'] }] });
const required = (...nodeSelectorTerms: object[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
});

/** What the scheduler does with required terms: ORed; the expressions of one are ANDed. Operators In and NotIn. */
function matches(type: string, labels: Readonly<Record<string, string>>): boolean {
  return acceleratorTerms(type, ACCELERATORS).some(({ matchExpressions = [] }) =>
    matchExpressions.every(({ key, values = [] }) => values.includes(labels[key] ?? '')),
  );
}

describe('acceleratorTerms', () => {
  test.each<[string, Record<string, string>]>([
    ['T4', { 'nvidia.com/gpu.product': 'Tesla-T4' }],
    ['T4', { 'cloud.google.com/gke-accelerator': 'nvidia-tesla-t4' }],
    ['A100-40GB', { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB' }],
    ['A100-80GB', { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' }],
    ['A100-80GB', { 'cloud.google.com/gke-accelerator': 'nvidia-a100-80gb' }],
    ['A100-80GB', { 'karpenter.k8s.aws/instance-gpu-name': 'a100', 'karpenter.k8s.aws/instance-gpu-memory': '81920' }],
    ['A100-40GB', { 'karpenter.k8s.aws/instance-gpu-name': 'a100', 'karpenter.k8s.aws/instance-gpu-memory': '40960' }],
  ])('%s runs on a node with %p', (type, labels) => expect(matches(type, labels)).toBe(true));

  test.each<[string, Record<string, string>]>([
    ['A100-80GB', { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB' }],
    // p4d and p4de nodes have the same GPU name.
    ['A100-80GB', { 'karpenter.k8s.aws/instance-gpu-name': 'a100', 'karpenter.k8s.aws/instance-gpu-memory': '40960' }],
    ['A100-80GB', { 'karpenter.k8s.aws/instance-gpu-name': 'a100' }],
    ['T4', {}],
  ])('%s does not run on a node with %p', (type, labels) => expect(matches(type, labels)).toBe(false));

  it('has no term for what the catalogue does not know', () => {
    expect(acceleratorTerms('custom', ACCELERATORS)).toEqual([]);
  });
});

describe('withNodeTerms', () => {
  it('requires one of ours', () => {
    expect(withNodeTerms(undefined, [term('a'), term('b')])).toEqual(required(term('a'), term('b')));
  });

  it('leaves the user’s affinity as it is when there is none of ours', () => {
    expect(withNodeTerms(undefined, [])).toBeUndefined();
    expect(withNodeTerms(required(term('a')), [])).toEqual(required(term('a')));
  });

  it('ANDs each of the user’s terms into each of ours', () => {
    const user = required(term('x'), { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] });
    const name = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] };
    const both = (a: string, b: string) => ({
      matchExpressions: [...term(a).matchExpressions, ...term(b).matchExpressions],
    });
    expect(withNodeTerms(user, [term('a'), term('b')])).toEqual(
      required(both('a', 'x'), { ...term('a'), ...name }, both('b', 'x'), { ...term('b'), ...name }),
    );
  });

  it('keeps preferences and pod affinity', () => {
    const user = {
      nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term('x') }] },
      podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] },
    };
    expect(withNodeTerms(user, [term('a')])).toEqual({
      nodeAffinity: { ...user.nodeAffinity, ...required(term('a')).nodeAffinity },
      podAntiAffinity: user.podAntiAffinity,
    });
  });
});

describe('tolerations', () => {
  it('lets the user decide about a taint that we tolerate too', () => {
    const user = [
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 600 },
    ] as const;
    const unreachable = tolerations(user, undefined).filter(({ key }) => key === 'node.kubernetes.io/unreachable');
    expect(unreachable).toEqual(user);
  });

  test.each([
    ['nvidia.com/gpu', 'nvidia.com/gpu'],
    ['nvidia.com/mig-1g.10gb', 'nvidia.com/gpu'],
    ['amd.com/gpu', 'amd.com/gpu'],
  ])('for %s tolerates the taint %s', (resource, taint) => {
    expect(tolerations([], resource)).toContainEqual({ key: taint, operator: 'Exists', effect: 'NoSchedule' });
  });
});
