import { describe, expect, it } from '@jest/globals';
import { infoOf, summaryOf } from './info.ts';
import { gpuOf } from './nodes.ts';
import {
  ago,
  CANDIDATE,
  deploymentObject,
  MINUTE,
  node,
  NOW,
  pod,
  podStatus,
  ready,
  rollingOut,
  SERVING,
  steady,
} from './test-support.ts';

const podsOf = (info: ReturnType<typeof infoOf>) => info.revisions.flatMap(({ pods }) => pods);

describe('the view of one DeepSeekDeployment', () => {
  it('has the revisions in the order serving, candidate, with their pods and nodes', () => {
    const info = infoOf(rollingOut(), NOW);
    expect(info.revisions.map(({ role, revision, replicas }) => [role, revision, replicas])).toEqual([
      ['serving', SERVING, { wanted: 2, ready: 2 }],
      ['candidate', CANDIDATE, { wanted: 2, ready: 0 }],
    ]);
    expect(podsOf(info).map(({ name, node: on }) => [name.slice(-5), on?.name, on?.gpu])).toEqual([
      ['abcde', 'a100-80gb-0', 'A100-80GB'],
      ['fghij', 'a100-80gb-1', 'A100-80GB'],
      ['qrstu', 'a100-80gb-0', 'A100-80GB'],
      ['vwxyz', 'a100-80gb-1', 'A100-80GB'],
    ]);
    expect(info.earlier).toMatchObject([
      {
        revision: '5c0e77aa01',
        version: 'deepseek-llm-7b-chat/INT8/0.31.0',
        failed: expect.stringMatching(/^OutOfMemoryGPU: /),
      },
    ]);
  });

  it('gives the classifier’s reason to the pod and to its revision, and none to those that are well', () => {
    const info = infoOf(rollingOut(), NOW);
    const [serving, candidate] = info.revisions;
    expect(serving?.failure).toBeUndefined();
    expect(candidate?.failure).toMatchObject({ reason: 'ImageNotFound', blocking: true });
    expect(candidate?.failure?.message).toContain('Correct engine.image');
    expect(candidate?.pods.map(({ failure, kubernetesReason }) => [failure?.reason, kubernetesReason])).toEqual([
      [undefined, undefined],
      ['ImageNotFound', 'ImagePullBackOff'],
    ]);
  });

  it('says what a revision waits for by its own record, not by the spec of today', () => {
    const base = steady();
    const info = infoOf(
      {
        ...base,
        deployment: deploymentObject(base.deployment.status, { accelerator: { type: 'T4' } }),
        pods: [pod(SERVING, 'klmno', undefined, podStatus.unschedulable(), 60)],
      },
      NOW,
    );
    expect(info.accelerator).toBe('T4');
    expect(info.revisions[0]).toMatchObject({
      accelerator: 'A100-80GB',
      plan: { gpusPerReplica: 1 },
      failure: { message: expect.stringContaining('1 more A100-80GB needed') },
    });
    expect(podsOf(info)[0]?.failure?.message).toContain('1 more A100-80GB needed');
  });

  it('has no ages in it: the view of a quiet deployment does not change with time', () => {
    expect(infoOf(rollingOut(), NOW + 60_000)).toEqual(infoOf(rollingOut(), NOW));
  });

  it('finds a pod late once its startup budget is over', () => {
    const late = infoOf(rollingOut(), NOW + 9 * MINUTE * 1000);
    expect(late.revisions[1]?.pods[0]?.failure?.reason).toBe('StartupBudgetExceeded');
  });

  it('shows a revision that is neither serving nor candidate as long as it has pods', () => {
    const base = steady();
    const pods = [...base.pods, pod('0123456789', 'zzzzz', 'a100-80gb-0', podStatus.ready())];
    expect(infoOf({ ...base, pods }, NOW).revisions.map(({ role, revision }) => [role, revision])).toEqual([
      ['serving', SERVING],
      ['old', '0123456789'],
    ]);
  });

  it.each([
    ['not scheduled', undefined, { phase: 'Pending' }, 'Scheduling'],
    [
      'image on its way',
      'a100-80gb-0',
      { phase: 'Pending', containerStatuses: [status({ waiting: { reason: 'ContainerCreating' } })] },
      'Starting',
    ],
    ['loading', 'a100-80gb-0', podStatus.loading(60), 'Loading'],
    ['ready', 'a100-80gb-0', podStatus.ready(60), 'Ready'],
    [
      'not answering',
      'a100-80gb-0',
      { phase: 'Running', containerStatuses: [status({ running: { startedAt: ago(900) } }, true)] },
      'NotReady',
    ],
    [
      'between two starts',
      'a100-80gb-0',
      { phase: 'Running', containerStatuses: [status({ terminated: { exitCode: 1 } })] },
      'Restarting',
    ],
    ['failed', 'a100-80gb-0', { phase: 'Failed', reason: 'Evicted' }, 'Ended'],
  ])('a pod that is %s', (_, on, podState: object, expected) => {
    const base = steady();
    const info = infoOf({ ...base, pods: [pod(SERVING, 'abcde', on, podState)] }, NOW);
    expect(podsOf(info)[0]?.state).toBe(expected);
  });

  it('tells a node that is gone, not ready or cordoned', () => {
    const base = steady();
    const cordoned = { ...node('a100-80gb-1', {}, 'False'), spec: { unschedulable: true } };
    const nodes = podsOf(infoOf({ ...base, nodes: [cordoned] }, NOW)).map((view) => view.node);
    expect(nodes).toEqual([
      { name: 'a100-80gb-0', state: 'Gone', cordoned: false },
      { name: 'a100-80gb-1', state: 'NotReady', cordoned: true },
    ]);
  });

  it('does not call a node gone that it may not read, and says what is missing', () => {
    const info = infoOf({ ...steady(), nodes: [], denied: ['nodes'] }, NOW);
    expect(podsOf(info).map((view) => view.node?.state)).toEqual(['Unknown', 'Unknown']);
    expect(info.warnings).toEqual(['You may not list nodes: what they would say is missing here.']);
  });

  it('names fields that are ignored, and the plan’s warnings', () => {
    const base = steady();
    const ignored = {
      ...ready('True', 'FieldsNotImplemented', 'It does not act on: spec.autoscaling.'),
      type: 'FieldsIgnored' as const,
    };
    const deployment = deploymentObject({
      ...base.deployment.status,
      conditions: [...(base.deployment.status?.conditions ?? []), ignored],
      plan: { ...base.deployment.status!.plan!, warnings: ['The KV cache is small.'] },
    });
    expect(infoOf({ ...base, deployment }, NOW).warnings).toEqual(['The KV cache is small.', ignored.message]);
  });
});

describe('the summary', () => {
  it.each([
    ['spec.replicas', { replicas: 3 }, { replicas: 2, serving: true }, 3],
    ['what serves, when replicas is absent', { replicas: undefined }, { replicas: 4, serving: true }, 4],
    [
      'minReplicas, when nothing serves',
      { replicas: undefined, autoscaling: { minReplicas: 2 } },
      { replicas: 0, serving: false },
      2,
    ],
    ['one, when nothing is said', { replicas: undefined }, { replicas: 0, serving: false }, 1],
  ])('wants %s', (_, spec, { replicas, serving }, expected) => {
    const status = { replicas, ...(serving && { serving: steady().deployment.status!.serving! }) };
    expect(summaryOf(deploymentObject(status, spec as object)).replicas.wanted).toBe(expected);
  });

  it.each([
    ['True', 'Available', false, 'good'],
    ['True', 'ScaledToZero', false, 'off'],
    ['False', 'Loading', false, 'progress'],
    ['False', 'InsufficientGPUs', false, 'bad'],
    ['False', 'InsufficientGPUMemory', true, 'bad'],
  ] as const)('Ready=%s because of %s (stalled: %s) is %s', (holds, reason, stalled, health) => {
    const conditions = [
      ready(holds, reason, 'x'),
      { ...ready(stalled ? 'True' : 'False', reason, 'x'), type: 'Stalled' as const },
    ];
    expect(summaryOf(deploymentObject({ observedGeneration: 3, conditions })).ready.health).toBe(health);
  });

  it('says that the operator has not looked yet, or not at the newest change', () => {
    expect(summaryOf(deploymentObject({ observedGeneration: -1 })).ready).toMatchObject({
      status: 'Unknown',
      health: 'progress',
    });
    const old = deploymentObject({ observedGeneration: 2, conditions: [ready('True', 'Available', 'Fine.')] });
    expect(summaryOf(old).ready).toMatchObject({
      health: 'progress',
      message: expect.stringContaining('newest change'),
    });
  });
});

describe('the GPU of a node', () => {
  it.each([
    ['GPU Feature Discovery', { 'nvidia.com/gpu.product': 'Tesla-T4' }, 'T4'],
    ['GKE', { 'cloud.google.com/gke-accelerator': 'nvidia-tesla-t4' }, 'T4'],
    [
      'Karpenter',
      { 'karpenter.k8s.aws/instance-gpu-name': 'a100', 'karpenter.k8s.aws/instance-gpu-memory': '40960' },
      'A100-40GB',
    ],
    ['AKS', { 'node.kubernetes.io/instance-type': 'Standard_ND96isr_H100_v5' }, 'H100'],
    ['a GPU that is not in the catalogue', { 'nvidia.com/gpu.product': 'Quadro-RTX-8000' }, 'Quadro-RTX-8000'],
    ['a node without GPUs', { 'node.kubernetes.io/instance-type': 'm7i.large' }, undefined],
    [
      'a GPU on a node whose CPU is labelled, too',
      { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB', 'feature.node.kubernetes.io/cpu-cpuid.AVX512F': 'true' },
      'A100-80GB',
    ],
    [
      'an unknown GPU on such a node',
      { 'nvidia.com/gpu.product': 'NVIDIA-Z9', 'feature.node.kubernetes.io/cpu-cpuid.AVX512F': 'true' },
      'NVIDIA-Z9',
    ],
    ['a CPU alone', { 'feature.node.kubernetes.io/cpu-cpuid.AVX512F': 'true' }, 'CPU'],
  ])('%s', (_, labels, expected) => {
    expect(gpuOf(labels as unknown as Record<string, string>)).toBe(expected);
  });
});

function status(state: object, started = false) {
  return { name: 'engine', image: 'x', imageID: '', ready: false, restartCount: 0, started, state };
}
