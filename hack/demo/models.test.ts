import { describe, expect, it } from '@jest/globals';
import type { Node, Pod } from '../../operator/kube/resources.ts';
import type { LiveModel } from './manifests.ts';
import { changedRows, modelRows, renderRow, renderTable } from './models.ts';

function model(name: string, status: LiveModel['status'] = {}, replicas?: number): LiveModel {
  return {
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: { name, generation: 2 },
    spec: { model: { name: 'm' }, accelerator: { type: 'T4' }, ...(replicas !== undefined && { replicas }) },
    status,
  };
}

function pod(name: string, owner: string, node: string, ready = true): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { 'deepseek-operator.io/name': owner } },
    spec: { nodeName: node, containers: [{ name: 'engine', resources: { limits: { 'nvidia.com/gpu': '4' } } }] },
    status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 't4-0', labels: { 'cloud.google.com/gke-accelerator': 'nvidia-tesla-t4' } },
};

const readyCondition = (observedGeneration: number, status: 'True' | 'False' = 'True') => ({
  type: 'Ready' as const,
  status,
  reason: 'Available',
  message: '2 replicas ready.',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  observedGeneration,
});
const serving = { revision: 'r1', version: 'm/INT8/vLLM 0.32.0', readyReplicas: 2 };

describe('modelRows', () => {
  it('shows what serves, where, and on which GPUs', () => {
    const live = model('chat', { serving, conditions: [readyCondition(2)] }, 2);
    const others = pod('x', 'code', 't4-0');
    const pods = [pod('a', 'chat', 't4-0'), pod('b', 'chat', 't4-0'), others];
    expect(modelRows([live], pods, [node])).toEqual([
      {
        name: 'chat',
        version: 'm/INT8/vLLM 0.32.0',
        phase: 'Ready',
        ready: true,
        replicas: '2/2',
        nodes: ['t4-0'],
        podIPs: ['10.0.0.1', '10.0.0.1'],
        gpus: '4 x Tesla T4',
        message: 'Available: 2 replicas ready.',
      },
    ]);
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['slices', { memory: '1Gi', 'nvidia.com/mig-3g.40gb': '1' }, '1 x mig-3g.40gb of Tesla T4'],
    ['no GPU', { memory: '1Gi' }, 'CPU'],
  ])('shows %s for what they are', (_, limits, gpus) => {
    const one = pod('a', 'chat', 't4-0');
    const containers = [{ name: 'engine', resources: { limits } }];
    expect(modelRows([model('chat')], [{ ...one, spec: { ...one.spec, containers } }], [node])).toMatchObject([
      { gpus },
    ]);
  });

  it.each<[string, LiveModel, string]>([
    ['one that nobody has looked at', model('chat'), 'Pending'],
    ['one whose status is of an older spec', model('chat', { serving, conditions: [readyCondition(1)] }), 'Available'],
    [
      'one that loads',
      model('chat', {
        candidate: { ...serving, readyReplicas: 0 },
        rollout: { phase: 'Loading' },
        conditions: [readyCondition(2, 'False')],
      }),
      'Loading',
    ],
  ])('does not take %s for Ready', (_, live, phase) => {
    expect(modelRows([live], [], [node])).toMatchObject([{ ready: false, phase, nodes: [], gpus: '' }]);
  });

  it('sorts by name, and leaves pods without a node out', () => {
    const { nodeName: _nodeName, ...spec } = pod('a', 'b', 'x').spec ?? { containers: [] };
    const unbound = { ...pod('a', 'b', 'x', false), spec };
    expect(modelRows([model('b'), model('a')], [unbound], [])).toMatchObject([
      { name: 'a' },
      { name: 'b', nodes: [], podIPs: [], gpus: '' },
    ]);
  });
});

describe('what is shown', () => {
  const rows = modelRows(
    [model('chat', { serving, conditions: [readyCondition(2)] }, 2)],
    [pod('a', 'chat', 't4-0')],
    [node],
  );

  it('is a line for each change', () => {
    expect(changedRows([], rows).map(renderRow)).toEqual(['chat  Ready  2/2  m/INT8/vLLM 0.32.0  t4-0  4 x Tesla T4']);
    expect(changedRows(rows, rows)).toEqual([]);
  });

  it('is a table', () => {
    const table = renderTable(rows);
    for (const cell of ['MODEL', 'chat', 'm/INT8/vLLM 0.32.0', 'Ready', '2/2', 't4-0', '4 x Tesla T4'])
      expect(table).toContain(cell);
  });
});
