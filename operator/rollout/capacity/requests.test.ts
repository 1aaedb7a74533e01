import { describe, expect, it } from '@jest/globals';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { deviceResource, Requests } from './requests.ts';
import { GPU } from './test-support.ts';

const container = (requests: Record<string, string>, limits: Record<string, string> = {}) => ({
  name: 'main',
  resources: { requests, limits },
});
const init = (requests: Record<string, string>) => ({ ...container(requests), name: 'init' });
const sidecar = (requests: Record<string, string>) => ({
  ...container(requests),
  name: 'proxy',
  restartPolicy: 'Always',
});

describe('what a pod asks for', () => {
  // KEP-753, "Resources calculation for scheduling and pod admission".
  it.each<[string, Omit<IPodSpec, 'containers'> & { containers: unknown[] }, Record<string, number>]>([
    ['containers add up', { containers: [container({ cpu: '1' }), container({ cpu: '500m' })] }, { cpu: 1500 }],
    [
      'a missing request is the limit',
      { containers: [container({ cpu: '1' }, { cpu: '2', [GPU]: '4' })] },
      { cpu: 1000, [GPU]: 4 },
    ],
    [
      'an init container counts alone',
      { initContainers: [init({ cpu: '4' })], containers: [container({ cpu: '1' })] },
      { cpu: 4000 },
    ],
    [
      'a small one not at all',
      { initContainers: [init({ cpu: '1' })], containers: [container({ cpu: '2' })] },
      { cpu: 2000 },
    ],
    [
      'a sidecar adds to the containers',
      { initContainers: [sidecar({ cpu: '1' })], containers: [container({ cpu: '2' })] },
      { cpu: 3000 },
    ],
    [
      'and to the init containers after it',
      {
        initContainers: [sidecar({ cpu: '1' }), init({ cpu: '4' })],
        containers: [container({ cpu: '2' })],
      },
      { cpu: 5000 },
    ],
    [
      'and not to those before it',
      {
        initContainers: [init({ cpu: '4' }), sidecar({ cpu: '1' })],
        containers: [container({ cpu: '2' })],
      },
      { cpu: 4000 },
    ],
    [
      'the overhead comes on top',
      { overhead: { cpu: '250m', memory: '1Ki' }, containers: [container({ cpu: '1' })] },
      { cpu: 1250, memory: 1024 },
    ],
    [
      'requests of the whole pod replace those of containers',
      { resources: { requests: { cpu: '8' } }, containers: [container({ cpu: '1', memory: '1Ki' })] },
      { cpu: 8000, memory: 1024 },
    ],
    ['parts are rounded up', { containers: [container({ cpu: '1.1', memory: '1500m' })] }, { cpu: 1100, memory: 2 }],
  ])('%s', (_, spec, amounts) => {
    expect(new Requests().ofPod(spec as IPodSpec)).toEqual({ ...amounts, pods: 1 });
  });

  it('is what was granted, or is still held, where a container was resized', () => {
    const spec = { containers: [container({ cpu: '2', memory: '1Ki' })] } as IPodSpec;
    const resources = { requests: { cpu: '3', memory: '1Ki' } };
    const status = { containerStatuses: [{ name: 'main', allocatedResources: { cpu: '4' }, resources }] };
    expect(new Requests().ofPod(spec, status as never)).toEqual({ cpu: 4000, memory: 1024, pods: 1 });
  });
});

it.each([
  [{ cpu: '1', [GPU]: '1' }, GPU],
  [{ 'nvidia.com/mig-3g.40gb': '1', memory: '1Gi' }, 'nvidia.com/mig-3g.40gb'],
  [{ cpu: '1' }, undefined],
])('finds the device of %j', (limits, resource) => {
  expect(deviceResource({ containers: [container({}, limits)] })).toBe(resource);
});
