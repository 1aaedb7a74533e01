import { describe, expect, it } from '@jest/globals';
import { loopbackAddress } from '../addresses.ts';
import { expandVariables, resolveEnvironment } from './environment.ts';
import { gpuCount, memoryGiB, nodeGpu, nodeHardware, visibleGpu } from './gpu.ts';
import { preStopSeconds, restartBackOffSeconds, startupBudgetSeconds } from './seconds.ts';
import { terminationMessage } from './termination-message.ts';
import type { Container, Pod } from './types.ts';

const container: Container = { name: 'engine' };

describe('loopbackAddress', () => {
  it('keeps the last three octets', () => expect(loopbackAddress('10.244.3.7')).toBe('127.244.3.7'));
  it.each(['192.168.0.1', '10.1.2', 'fd00::1'])('refuses %s', (address) => {
    expect(() => loopbackAddress(address)).toThrow(`pod address ${address} is not in 10.0.0.0/8`);
  });
});

describe('the times of a pod', () => {
  it.each([
    [{ periodSeconds: 10, failureThreshold: 180 }, 1800],
    [{ periodSeconds: 5, failureThreshold: 12, initialDelaySeconds: 30 }, 90],
    [{}, 30],
    [undefined, 60],
  ])('a startupProbe %j allows %d s', (startupProbe, seconds) => {
    expect(startupBudgetSeconds({ ...container, ...(startupProbe && { startupProbe }) })).toBe(seconds);
  });

  it.each([
    [{ sleep: { seconds: 10 } }, 10],
    [{ exec: { command: ['sleep', '15'] } }, 15],
    [{ exec: { command: ['sh', '-c', 'sleep 2.5; true'] } }, 2.5],
    [{ exec: { command: ['true'] } }, 0],
    [{}, 0],
  ])('preStop %j takes %d s', (preStop, seconds) => {
    expect(preStopSeconds({ ...container, lifecycle: { preStop } })).toBe(seconds);
  });

  it('the restart back-off doubles up to five minutes', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(restartBackOffSeconds)).toEqual([10, 20, 40, 80, 160, 300, 300]);
  });
});

describe('terminationMessage', () => {
  it('keeps the last 80 lines', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    expect(terminationMessage(`${lines.join('\n')}\n`)).toBe(lines.slice(20).join('\n'));
  });

  it('keeps the last 2,048 bytes', () => {
    const message = terminationMessage(`${'x'.repeat(3000)}end`);
    expect(Buffer.byteLength(message)).toBe(2048);
    expect(message).toMatch(/xend$/);
  });
});

describe('the environment of a container', () => {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ai' },
    spec: { containers: [] },
    status: { podIP: '10.0.0.9' },
  };

  it('expands variables as Kubernetes does', () => {
    const environment = new Map([['A', '1']]);
    expect(expandVariables('$(A) $$(A) $(B) $A', environment)).toBe('1 $(A) $(B) $A');
  });

  it('reads values, fields, Secrets and ConfigMaps', async () => {
    const env = [
      { name: 'PLAIN', value: 'x' },
      { name: 'TWICE', value: '$(PLAIN)$(PLAIN)' },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'OPTION', valueFrom: { configMapKeyRef: { name: 'missing', key: 'k', optional: true } } },
    ];
    const environment = await resolveEnvironment(pod, { ...container, env }, async (kind, namespace, { name, key }) =>
      name === 'missing' ? undefined : `${kind}:${namespace}:${name}:${key}`,
    );
    expect(Object.fromEntries(environment)).toEqual({ PLAIN: 'x', TWICE: 'xx', IP: '10.0.0.9', KEY: 'Secret:ai:s:k' });
  });
});

describe('the GPU of a node', () => {
  it.each([
    [
      {
        'nvidia.com/gpu.product': 'Tesla-T4',
        'nvidia.com/gpu.compute.major': '7',
        'nvidia.com/gpu.compute.minor': '5',
        'nvidia.com/gpu.memory': '15360',
      },
      { name: 'Tesla T4', computeCapability: 7.5, memoryGiB: 15 },
    ],
    [
      { 'cloud.google.com/gke-accelerator': 'nvidia-a100-80gb' },
      { name: 'NVIDIA A100-SXM4-80GB', computeCapability: 8, memoryGiB: 80 },
    ],
    [
      { 'karpenter.k8s.aws/instance-gpu-name': 't4', 'karpenter.k8s.aws/instance-gpu-memory': '16384' },
      { name: 'Tesla T4', computeCapability: 7.5, memoryGiB: 16 },
    ],
    [
      { 'karpenter.k8s.aws/instance-gpu-name': 'a100', 'karpenter.k8s.aws/instance-gpu-memory': '81920' },
      { name: 'NVIDIA A100-SXM4-80GB', computeCapability: 8, memoryGiB: 80 },
    ],
    [
      { 'karpenter.k8s.aws/instance-gpu-name': 'a100', 'karpenter.k8s.aws/instance-gpu-memory': '40960' },
      { name: 'NVIDIA A100-SXM4-40GB', computeCapability: 8, memoryGiB: 40 },
    ],
    [
      {
        'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB',
        'nvidia.com/gpu.compute.major': '8',
        'nvidia.com/gpu.compute.minor': '0',
      },
      { name: 'NVIDIA A100-SXM4-80GB', computeCapability: 8, memoryGiB: 80 },
    ],
    [
      { 'kubernetes.azure.com/accelerator': 'nvidia', 'node.kubernetes.io/instance-type': 'Standard_ND96isr_H200_v5' },
      { name: 'NVIDIA H200', computeCapability: 9, memoryGiB: 143_771 / 1024 },
    ],
    [{ 'kubernetes.azure.com/accelerator': 'nvidia', 'node.kubernetes.io/instance-type': 'Standard_X' }, undefined],
    [
      {
        'nvidia.com/gpu.product': 'NVIDIA-GB999',
        'nvidia.com/gpu.compute.major': '12',
        'nvidia.com/gpu.compute.minor': '1',
      },
      { name: 'NVIDIA GB999', computeCapability: 12.1 },
    ],
    [{ 'kubernetes.io/arch': 'amd64' }, undefined],
  ])('%j', (labels, gpu) => expect(nodeGpu(labels as Record<string, string>)).toEqual(gpu));

  it.each([
    [{ 'nvidia.com/gpu': '4', cpu: '8' }, 4],
    [{ 'nvidia.com/mig-1g.10gb': '1' }, 1],
    [{ cpu: '8' }, 0],
  ])('%j holds %d', (limits, count) => expect(gpuCount(limits as Record<string, string>)).toBe(count));

  it('a Jetson has the memory of its node', () => {
    const labels = {
      'nvidia.com/gpu.product': 'Orin',
      'nvidia.com/gpu.compute.major': '8',
      'nvidia.com/gpu.compute.minor': '7',
    };
    expect(nodeHardware({ metadata: { labels }, status: { allocatable: { memory: '59Gi' } } })).toEqual({
      memoryGiB: 59,
      gpu: { name: 'Orin', computeCapability: 8.7, memoryGiB: 59, unifiedMemory: true },
    });
  });

  it('a MIG slice has its own memory, and only that', () => {
    const a100 = { name: 'NVIDIA A100-SXM4-80GB', computeCapability: 8, memoryGiB: 80 };
    expect(visibleGpu(a100, { 'nvidia.com/gpu': '1' })).toEqual(a100);
    expect(visibleGpu(a100, { 'nvidia.com/mig-1g.10gb': '1' })).toEqual({
      ...a100,
      name: 'NVIDIA A100-SXM4-80GB MIG 1g.10gb',
      memoryGiB: 9.5,
      slice: true,
    });
  });

  it.each([
    ['59Gi', 59],
    ['2048Mi', 2],
    ['1073741824', 1],
    ['10G', 10e9 / 2 ** 30],
    ['many', undefined],
    [undefined, undefined],
  ])('%j are %d GiB', (quantity, gib) => expect(memoryGiB(quantity)).toBe(gib));
});
