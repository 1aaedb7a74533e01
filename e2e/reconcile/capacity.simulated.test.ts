import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Api, openApi } from '../../hack/cluster/index.ts';
import { LABEL } from '../../operator/api/index.ts';
import { trimNode, trimToCapacity } from '../../operator/controller/transforms.ts';
import type { Node, Pod } from '../../operator/kube/resources.ts';
import { type CapacityReading, countCapacity } from '../../operator/rollout/capacity/index.ts';
import { gpuNode } from '../cluster/objects.ts';
import { seededRandom } from '../simulator/random.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';

const GPU = 'nvidia.com/gpu';
const WAIT = { timeoutMs: 60_000 };
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

/** The count against the real scheduler: as many replicas as it says are placed, and not one more. */
describe('the count of free room', () => {
  const cluster = testCluster('simulated');
  const namespace = testNamespace(cluster);
  let api: Api;
  beforeAll(async () => {
    api = await openApi(cluster(), 'capacity-test');
  });
  afterAll(async () => api.close());
  const counted: number[] = [];
  const signal = () => AbortSignal.timeout(30_000);
  const podsPath = () => `/api/v1/namespaces/${namespace()}/pods`;

  async function read(template: object): Promise<CapacityReading> {
    const [nodes, pods] = await Promise.all([
      api.get<{ items: Node[] }>('/api/v1/nodes', signal()),
      api.get<{ items: Pod[] }>('/api/v1/pods', signal()),
    ]);
    return countCapacity({
      nodes: nodes?.items.map(trimNode),
      pods: pods?.items.map(trimToCapacity),
      template,
      priority: 0,
      own: { namespace: namespace(), name: 'chat', revision: 'new' },
      reservations: [],
      dynamicNodes: [],
    });
  }

  /** Waits until the scheduler has had a look at every pod; returns where those of the replicas are. */
  async function decided(prefix: string): Promise<(string | undefined)[]> {
    return eventually(async () => {
      const all = (await api.get<{ items: Pod[] }>(podsPath(), signal()))?.items ?? [];
      const open = all.filter(
        ({ spec, status }) => !spec?.nodeName && !status?.conditions?.some(({ type }) => type === 'PodScheduled'),
      );
      if (open.length > 0) throw new Error(`not looked at: ${open.map(({ metadata }) => metadata.name).join(', ')}`);
      return all.filter(({ metadata }) => metadata.name.startsWith(prefix)).map(({ spec }) => spec?.nodeName);
    }, WAIT);
  }

  it.each(SEEDS)('is what the scheduler places, in cluster %i', async (seed) => {
    const random = seededRandom('capacity', seed);
    const between = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
    const pool = `pool-${namespace()}`;
    const names: string[] = [];
    for (let i = 0; i < between(3, 6); i++) {
      const name = `${pool}-${i}`;
      const node = gpuNode(name, between(2, 8)) as Node & { status: { allocatable: Record<string, string> } };
      const taints = [...(node.spec?.taints ?? [])];
      if (i > 0 && between(0, 3) === 0) taints.push({ key: 'team', value: 'other', effect: 'NoSchedule' });
      const labels = { ...node.metadata.labels, pool, disk: between(0, 4) === 0 ? 'slow' : 'fast' };
      const { allocatable } = node.status;
      const scarce = { ...allocatable, cpu: String(between(12, 64)), pods: String(between(4, 110)) };
      await api.post(
        '/api/v1/nodes',
        {
          ...node,
          metadata: { ...node.metadata, labels },
          spec: { taints, unschedulable: i > 0 && between(0, 4) === 0 },
          status: { ...node.status, allocatable: scarce, capacity: scarce },
        },
        signal(),
      );
      names.push(name);
    }
    await eventually(async () => {
      const found = await Promise.all(names.map((name) => api.get<Node>(`/api/v1/nodes/${name}`, signal())));
      for (const node of found) {
        expect(node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
        expect(node?.spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/not-ready')).not.toBe(true);
      }
    }, WAIT);

    const tolerations = [{ key: GPU, operator: 'Exists', effect: 'NoSchedule' }];
    const create = (name: string, spec: object, labels = {}) =>
      api.post(podsPath(), { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec }, signal());
    const container = (gpus: number, cpu: number) => {
      const devices = gpus === 0 ? {} : { [GPU]: String(gpus) };
      return {
        name: 'main',
        image: 'registry.example/tenant:1',
        resources: { requests: { cpu: `${cpu}m`, ...devices }, limits: devices },
      };
    };
    for (let i = 0; i < between(3, 10); i++) {
      const sidecar = { ...container(0, 1500), name: 'proxy', restartPolicy: 'Always' };
      await create(`tenant-${i}`, {
        tolerations,
        nodeSelector: { pool },
        containers: [container(between(0, 3), between(1, 40) * 100)],
        initContainers: between(0, 1) === 0 ? [sidecar] : [{ ...container(0, between(1, 80) * 100), name: 'fetch' }],
      });
    }
    await decided('tenant');

    const template = {
      metadata: { labels: { [LABEL.name]: 'chat', [LABEL.revision]: 'new' } },
      spec: {
        tolerations,
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                {
                  matchExpressions: [
                    { key: 'pool', operator: 'In', values: [pool] },
                    { key: 'disk', operator: 'NotIn', values: ['slow'] },
                  ],
                },
              ],
            },
          },
        },
        containers: [container(between(1, 3), between(1, 4) * 1000)],
      },
    };
    const before = await read(template);
    expect(before.unknown).toBeUndefined();
    counted.push(before.slots);
    for (let i = 0; i <= before.slots; i++) await create(`replica-${i}`, template.spec, template.metadata.labels);
    const places = await decided('replica');
    expect(places.filter((node) => node !== undefined)).toHaveLength(before.slots);
    expect(await read(template)).toMatchObject({ placed: before.slots, slots: 0 });

    for (const name of names) await api.delete(`/api/v1/nodes/${name}`, signal());
  });

  it('was more than nothing in most of them, and not the same', () => {
    expect(counted).toHaveLength(SEEDS.length);
    expect(counted.filter((slots) => slots > 0).length).toBeGreaterThan(SEEDS.length / 2);
    expect(new Set(counted).size).toBeGreaterThan(2);
  });
});
