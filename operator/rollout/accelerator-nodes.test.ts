import { describe, expect, it, test } from '@jest/globals';
import { ACCELERATORS } from '../catalog/accelerators.ts';
import { acceleratorOf, checkAccelerator, type NodeEvidence, type WantedAccelerator } from './accelerator-nodes.ts';

const GPU = 'nvidia.com/gpu';
const node = (name: string, labels: Record<string, string>, allocatable: Record<string, string> = { [GPU]: '8' }) =>
  ({ metadata: { name, labels }, status: { allocatable } }) satisfies NodeEvidence;

const A100 = { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB', 'nvidia.com/gpu.memory': '81920' };
const T4 = { 'cloud.google.com/gke-accelerator': 'nvidia-tesla-t4' };
const XEON = { 'feature.node.kubernetes.io/cpu-cpuid.AVX512F': 'true' };
const RTX = { 'nvidia.com/gpu.product': 'NVIDIA-GeForce-RTX-4090', 'nvidia.com/gpu.memory': '24564' };
const wants = (type: string, change: Partial<WantedAccelerator> = {}): WantedAccelerator => ({
  type,
  resourceName: GPU,
  ...change,
});
const check = (wanted: WantedAccelerator, ...nodes: NodeEvidence[]) => checkAccelerator(wanted, nodes, ACCELERATORS);

describe('acceleratorOf', () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ['GPU Feature Discovery', A100, 'A100-80GB'],
    ['GKE', T4, 'T4'],
    [
      'Karpenter, by name and memory',
      { 'karpenter.k8s.aws/instance-gpu-name': 'a100', 'karpenter.k8s.aws/instance-gpu-memory': '40960' },
      'A100-40GB',
    ],
    ['AKS, by VM size', { 'node.kubernetes.io/instance-type': 'Standard_ND96isr_H100_v5' }, 'H100'],
    ['one of two required labels', { 'karpenter.k8s.aws/instance-gpu-name': 'a100' }, undefined],
    ['the CPU of a node without GPUs', XEON, 'CPU'],
    ['the GPU of a node whose CPU is labelled, too', { ...XEON, ...A100 }, 'A100-80GB'],
    ['a GPU that the catalogue does not know', RTX, undefined],
    ['such a GPU, beside a labelled CPU', { ...XEON, ...RTX }, undefined],
    ['no labels', {}, undefined],
  ])('reads %s', (_, labels, name) => {
    expect(acceleratorOf(labels, ACCELERATORS)).toBe(name);
  });
});

describe('checkAccelerator', () => {
  it('finds what is there, in any dialect', () => {
    const nodes = [node('a', A100), node('t', T4)];
    expect(check(wants('A100-80GB', { deviceMiB: 81_920 }), ...nodes)).toBeUndefined();
    expect(check(wants('T4', { deviceMiB: 15_360 }), ...nodes)).toBeUndefined();
  });

  it('names the classes that exist, the unknown ones by their label', () => {
    const found = check(wants('H100'), node('t', T4), node('t2', T4), node('a', A100), node('x', RTX), node('c', {}));
    expect(found).toEqual({
      reason: 'AcceleratorNotFound',
      message:
        'No node of the cluster is labelled as H100; it has T4, A100-80GB, NVIDIA-GeForce-RTX-4090: ' +
        'add such nodes, or change accelerator.type. It waits: a cluster autoscaler may bring such a node.',
    });
  });

  it('names a product in the labels of any dialect, and not the CPU beside it', () => {
    const labels = { 'cloud.google.com/gke-accelerator': 'nvidia-tesla-p100', 'kubernetes.io/arch': 'amd64' };
    expect(check(wants('H100'), node('p', labels))?.message).toContain('it has nvidia-tesla-p100: add');
  });

  it('says the same however many nodes of the other classes there are', () => {
    expect(check(wants('H100'), node('a', A100))).toEqual(check(wants('H100'), node('a', A100), node('b', A100)));
  });

  it('says so when the cluster has no node with an accelerator', () => {
    expect(check(wants('H100'))?.message).toContain('it has no node with an accelerator');
  });

  test.each<[string, Record<string, string>, string]>([
    ['nothing', { cpu: '8' }, 'offer no nvidia.com/gpu: see that the device plugin runs'],
    ['none left', { [GPU]: '0' }, 'offer no nvidia.com/gpu: see that the device plugin runs'],
    ['slices', { [GPU]: '0', 'nvidia.com/mig-3g.40gb': '2' }, 'offer nvidia.com/mig-3g.40gb and no nvidia.com/gpu'],
  ])('sees nodes of the class that offer %s', (_, allocatable, words) => {
    const found = check(wants('A100-80GB'), node('a', A100, allocatable), node('t', T4));
    expect(found?.reason).toBe('AcceleratorNotFound');
    expect(found?.message).toContain(words);
  });

  it('knows a thousand shares of GPUs as the API server writes them', () => {
    expect(check(wants('A100-80GB'), node('a', A100, { [GPU]: '1k' }))).toBeUndefined();
  });

  it('asks no resource of a node without GPUs', () => {
    const cpu = {
      ...ACCELERATORS[0]!,
      name: 'CPU',
      nodeLabels: [{ dialect: 'NodeFeatureDiscovery' as const, requirements: [] }],
    };
    expect(checkAccelerator({ type: 'CPU' }, [node('c', {}, { cpu: '64' })], [cpu])).toBeUndefined();
  });

  describe('memory', () => {
    const withMemory = (name: string, memory: string) => node(name, { ...A100, 'nvidia.com/gpu.memory': memory });
    const wanted = wants('A100-80GB', { deviceMiB: 81_920 });

    it('differs when every node that could be used says something else', () => {
      expect(check(wanted, withMemory('a', '40960'), withMemory('b', '40536'))).toEqual({
        reason: 'AcceleratorMemoryMismatch',
        message:
          'The GPUs of the nodes for A100-80GB have 40536 or 40960 MiB (label nvidia.com/gpu.memory), and the plan counts on 81920 MiB: ' +
          'correct accelerator.type, or the labels of the nodes.',
      });
    });

    test.each<[string, NodeEvidence[]]>([
      ['a driver that reports a little less', [withMemory('a', '81251')]],
      ['one node of two that is as planned', [withMemory('a', '40960'), withMemory('b', '81920')]],
      ['a node that does not say', [node('a', { 'cloud.google.com/gke-accelerator': 'nvidia-a100-80gb' })]],
      ['unified memory, which NVML reports as 0', [withMemory('a', '0')]],
      ['a label that is no number', [withMemory('a', 'much')]],
    ])('does not differ for %s', (_, nodes) => {
      expect(check(wanted, ...nodes)).toBeUndefined();
    });
  });

  describe('custom', () => {
    const wanted = wants('custom', { deviceMiB: 24 * 1024, nodeSelector: { gpu: 'rtx' } });

    it('is what the node selector selects', () => {
      expect(check(wanted, node('x', { ...RTX, gpu: 'rtx' }))).toBeUndefined();
      expect(check(wanted, node('x', RTX))?.message).toContain('has the labels of accelerator.nodeSelector');
      expect(check(wanted, node('x', { ...A100, gpu: 'rtx' }))).toMatchObject({
        reason: 'AcceleratorMemoryMismatch',
        message: expect.stringContaining('correct accelerator.custom.memory'),
      });
    });

    it('without a selector is any node that offers the resource', () => {
      expect(check(wants('custom', { resourceName: 'amd.com/gpu' }), node('a', A100))?.message).toContain(
        'with the labels of accelerator.nodeSelector offer no amd.com/gpu',
      );
      expect(check(wants('custom'), node('a', A100))).toBeUndefined();
    });
  });
});
