import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../api/index.ts';
import { ApiError } from '../kube/errors.ts';
import type { ListOptions, ResourceType } from '../kube/types.ts';
import { CapacityReader, type WantedCapacity } from './capacity-reader.ts';
import type { LiveNode } from './snapshot.ts';

const { signal } = new AbortController();
const GPU = 'nvidia.com/gpu';
const gone = new ApiError(410, { reason: 'Expired' });
const forbidden = new ApiError(403, {});

const node = (name: string, gpus: number) =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: { allocatable: { pods: '110', [GPU]: String(gpus) } },
  }) as LiveNode;
const pod = (name: string, gpus: number, nodeName?: string, priority = 0) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'other', annotations: { long: 'x' }, managedFields: [{}] },
  spec: {
    nodeName,
    priority,
    containers: [{ name: 'c', image: 'i', env: [], resources: { limits: { [GPU]: String(gpus) } } }],
  },
  status: { phase: nodeName === undefined ? 'Pending' : 'Running' },
});
const wanted = (priorityClassName?: string): WantedCapacity => ({
  template: {
    spec: {
      ...(priorityClassName !== undefined && { priorityClassName }),
      containers: [{ name: 'engine', resources: { limits: { [GPU]: '1' } } }],
    },
  },
  own: { namespace: 'ai', name: 'chat', revision: 'new' },
  reservations: [],
});

function reader({
  nodes = [node('a', 8)] as readonly LiveNode[] | 'hidden',
  lists = [[[pod('p', 1, 'a')], [pod('q', 2, 'a')]]] as (object[][] | Error)[],
  slices = [] as object[] | Error,
  classes = {} as Readonly<Record<string, number>>,
  own = undefined as readonly object[] | undefined,
}) {
  const asked: string[] = [];
  const client = {
    async *listPages(type: ResourceType, { fieldSelector = '', labelSelector, namespace = 'all' }: ListOptions) {
      asked.push(
        [type.plural, namespace, fieldSelector, ...(labelSelector === undefined ? [] : [labelSelector])].join(' '),
      );
      const pages = lists.shift() ?? new Error('asked too often');
      if (pages instanceof Error && pages !== gone) throw pages;
      // The first page comes, and the version of the others is gone.
      for (const items of pages instanceof Error ? [[pod('x', 8, 'a')]] : pages)
        yield { items: items as never[], resourceVersion: await Promise.resolve('1') };
      if (pages instanceof Error) throw pages;
    },
    list: (type: ResourceType) => {
      asked.push(type.plural);
      return slices instanceof Error
        ? Promise.reject(slices)
        : Promise.resolve({ items: slices as never[], resourceVersion: '1' });
    },
  };
  const subject = new CapacityReader({
    client,
    nodes: { nodes: nodes === 'hidden' ? undefined : nodes },
    autoscaler: { read: () => Promise.resolve('Karpenter') },
    priorityClasses: { value: (name) => Promise.resolve(classes[name]) },
    ...(own && { ownPods: { all: own as never[] } }),
  });
  const read = async (question = wanted()) => {
    const { room } = await subject.read({ room: question }, signal);
    if (room === undefined) throw new Error('no room was counted');
    return room;
  };
  return { asked, subject, read };
}

describe('CapacityReader', () => {
  it('counts room and what is to be claimed of others in one look', async () => {
    const labels = { [LABEL.name]: 'other', [LABEL.revision]: 'old' };
    const warm = pod('p', 8, 'a');
    const { subject, asked } = reader({ lists: [[[{ ...warm, metadata: { ...warm.metadata, labels } }]]] });
    const giver = { holder: 'other/other', revision: 'old', replicas: 1 };
    const claims = { ...wanted(), replicas: 1, partly: false, givers: [giver] };
    const counted = await subject.read({ room: wanted(), claims }, signal);
    expect(counted).toMatchObject({
      room: { slots: 0, autoscaler: 'Karpenter' },
      claims: [{ giver: 'other/other', keep: 0 }],
    });
    expect(asked).toHaveLength(1);
  });

  it('counts with one list of the pods of all namespaces that have not ended', async () => {
    const { read, asked } = reader({});
    expect(await read()).toMatchObject({ slots: 5, freeGpus: 5, autoscaler: 'Karpenter' });
    expect(asked).toEqual(['pods all status.phase!=Succeeded,status.phase!=Failed']);
  });

  it('asks for the pods of others alone where ours are cached, and counts both', async () => {
    const { read, asked } = reader({ own: [pod('mine', 3, 'a')] });
    expect(await read()).toMatchObject({ slots: 2, freeGpus: 2 });
    expect(asked).toEqual([
      'pods all status.phase!=Succeeded,status.phase!=Failed app.kubernetes.io/managed-by!=deepseek-operator',
    ]);
  });

  it('begins again when the version of the list is gone, without the pods of before', async () => {
    const { read } = reader({ lists: [gone, [[pod('p', 1, 'a')]]] });
    expect((await read()).slots).toBe(7);
  });

  it('says that it does not know where it may not list', async () => {
    expect((await reader({ lists: [forbidden] }).read()).unknown).toMatch(/may not list the pods/);
    const without = reader({ nodes: 'hidden' });
    expect((await without.read()).unknown).toMatch(/may not list nodes/);
    expect(without.asked).toEqual([]);
  });

  it('does not take a server in trouble for a count', async () => {
    await expect(reader({ lists: [new ApiError(503, {})] }).read()).rejects.toThrow();
  });

  it('compares waiting pods with the priority of the class that the template names', async () => {
    const waiting = () => ({ lists: [[[pod('w', 3, undefined, 500)]]], classes: { high: 1000, low: 1 } });
    expect((await reader(waiting()).read(wanted('high'))).slots).toBe(8);
    expect((await reader(waiting()).read(wanted('low'))).slots).toBe(5);
    expect((await reader(waiting()).read(wanted('missing'))).slots).toBe(5);
  });

  it.each<[string, object[] | Error, RegExp | undefined]>([
    ['offers them dynamically', [{ spec: { driver: 'gpu.nvidia.com', nodeName: 'b' } }], /Node b offers .* dynamic/],
    ['offers something else so', [{ spec: { driver: 'compute-domain.nvidia.com', nodeName: 'b' } }], undefined],
    ['is in a cluster without that', new ApiError(404, {}), undefined],
    ['may not be asked for it', forbidden, undefined],
  ])('looks at ResourceSlices when a node without GPUs %s', async (_, slices, message) => {
    const { read, asked } = reader({ nodes: [node('a', 8), node('b', 0)], slices });
    const { unknown } = await read();
    if (message === undefined) expect(unknown).toBeUndefined();
    else expect(unknown).toMatch(message);
    expect(asked).toContain('resourceslices');
  });
});
