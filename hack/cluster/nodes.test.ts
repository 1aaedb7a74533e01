import { describe, expect, it } from '@jest/globals';
import { DEFAULT_NODES } from './cluster.ts';
import { loadNodePools, parseNodePools, type NodePool } from './node-pools.ts';
import { renderNodes } from './nodes.ts';

const AMOUNTS = '{ cpu: 8, memory: 32Gi, ephemeralStorage: 100Gi }';
const pool = (rest: string): string =>
  `pools:\n  - { name: p, nodes: 1, capacity: ${AMOUNTS}, allocatable: ${AMOUNTS}, ${rest} }\n`;
const parse = (text: string): NodePool[] => parseNodePools(text, 'test.yaml');

describe('parseNodePools', () => {
  it.each([
    ['no YAML', 'pools: [', /test\.yaml is not YAML/],
    ['an empty file', '', /file: /],
    ['no pools', 'pools: []', /pools: /],
    ['an unknown field', pool('dialect: GKE, gpus: 4'), /pools\.0: .*"gpus"/],
    ['an unknown dialect', pool('dialect: OpenStack'), /pools\.0\.dialect: .*"AKS"/],
    [
      'an unknown GPU',
      pool('dialect: GKE, gpu: { model: V100, count: 1 }'),
      /pools\.0\.gpu\.model: is "V100", not one of T4, A10G/,
    ],
    [
      'a GPU that a provider does not have',
      pool('dialect: GKE, gpu: { model: A10G, count: 1 }'),
      /pools\.0\.dialect: GKE has no labels for A10G/,
    ],
    [
      'a MIG profile that is none',
      pool('dialect: GPUFeatureDiscovery, gpu: { model: H100, count: 1, mig: { half: 2 } }'),
      /pools\.0\.gpu\.mig\.half/,
    ],
    ['no GPUs in a GPU pool', pool('dialect: GKE, gpu: { model: T4, count: 0 }'), /pools\.0\.gpu\.count/],
    [
      'a label value that Kubernetes refuses',
      pool('dialect: GKE, labels: { a: "b c" }'),
      /pools\.0\.labels\.a: is not a label value/,
    ],
    [
      'a wrong quantity',
      pool('dialect: GKE').replace('32Gi', '32 GB'),
      /pools\.0\.capacity\.memory: is not a quantity/,
    ],
    [
      'a name twice',
      `${pool('dialect: GKE')}${pool('dialect: AKS').replace('pools:\n', '')}`,
      /pools\.1\.name: "p" is used twice/,
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_NODE_POOLS', message: expect.stringMatching(message) }),
    );
  });

  it('names every mistake at once', () => {
    expect(() => parse(pool('dialect: X, nodes2: 1'))).toThrow(/dialect[^]*nodes2|nodes2[^]*dialect/);
  });

  it('says which file is missing', async () => {
    await expect(loadNodePools('no/such.yaml')).rejects.toThrow('There is no node pool file no/such.yaml.');
  });
});

describe('renderNodes', () => {
  const labelsOf = (dialect: string, gpu: string): Readonly<Record<string, string>> =>
    renderNodes(parse(pool(`dialect: ${dialect}, instanceType: x1, gpu: { model: ${gpu}, count: 8 }`)))[0]!.metadata
      .labels;

  it.each([
    [
      'GPUFeatureDiscovery',
      'A100-80GB',
      {
        'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB',
        'nvidia.com/gpu.count': '8',
        'nvidia.com/gpu.memory': '81920',
      },
    ],
    [
      'GPUFeatureDiscovery',
      'T4',
      {
        'nvidia.com/gpu.product': 'Tesla-T4',
        'nvidia.com/gpu.compute.major': '7',
        'nvidia.com/gpu.compute.minor': '5',
      },
    ],
    ['GKE', 'T4', { 'cloud.google.com/gke-accelerator': 'nvidia-tesla-t4', 'cloud.google.com/gke-nodepool': 'p' }],
    [
      'Karpenter',
      'A100-40GB',
      { 'karpenter.k8s.aws/instance-gpu-name': 'a100', 'karpenter.k8s.aws/instance-gpu-memory': '40960' },
    ],
    [
      'Karpenter',
      'A100-80GB',
      { 'karpenter.k8s.aws/instance-gpu-name': 'a100', 'karpenter.k8s.aws/instance-gpu-memory': '81920' },
    ],
    ['AKS', 'H100', { 'node.kubernetes.io/instance-type': 'x1', 'kubernetes.azure.com/accelerator': 'nvidia' }],
  ])('labels as %s does: %s', (dialect, gpu, expected) => {
    expect(labelsOf(dialect, gpu)).toMatchObject(expected);
  });

  it('puts no label of one dialect on the nodes of another', () => {
    const vendors = {
      GPUFeatureDiscovery: 'nvidia.com/',
      GKE: 'cloud.google.com/',
      Karpenter: 'karpenter.',
      AKS: 'kubernetes.azure.com/',
    };
    for (const dialect of Object.keys(vendors)) {
      const foreign = Object.entries(vendors).filter(([other]) => other !== dialect);
      const labels = Object.keys(labelsOf(dialect, 'H100'));
      expect(labels.filter((label) => foreign.some(([, prefix]) => label.startsWith(prefix)))).toEqual([]);
    }
  });

  it('leaves the memory label out where the GPU shares the memory of the node', () => {
    expect(labelsOf('GPUFeatureDiscovery', 'Orin')).not.toHaveProperty(['nvidia.com/gpu.memory']);
  });

  it('offers the GPUs as capacity and as allocatable, behind the taint', () => {
    const [node] = renderNodes(
      parse(pool('dialect: GKE, gpu: { model: T4, count: 4 }, taints: [{ key: team, value: a, effect: NoExecute }]')),
    );
    expect(node!.status.capacity['nvidia.com/gpu']).toBe('4');
    expect(node!.status.allocatable['nvidia.com/gpu']).toBe('4');
    expect(node!.spec.taints).toEqual([
      { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' },
      { key: 'team', value: 'a', effect: 'NoExecute' },
    ]);
  });

  it('offers MIG slices in place of the GPUs that are divided into them', () => {
    const [node] = renderNodes(
      parse(pool('dialect: GPUFeatureDiscovery, gpu: { model: A100-80GB, count: 2, mig: { 3g.40gb: 2, 1g.10gb: 7 } }')),
    );
    expect(node!.status.allocatable).toMatchObject({
      'nvidia.com/gpu': '0',
      'nvidia.com/mig-3g.40gb': '2',
      'nvidia.com/mig-1g.10gb': '7',
    });
    expect(node!.metadata.labels).toMatchObject({
      'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB',
      'nvidia.com/mig.strategy': 'mixed',
      'nvidia.com/mig-3g.40gb.count': '2',
      'nvidia.com/mig-3g.40gb.product': 'NVIDIA-A100-SXM4-80GB-MIG-3g.40gb',
    });
  });

  it('has neither GPUs nor their taint on a CPU pool', () => {
    const [node] = renderNodes(parse(pool('dialect: NodeFeatureDiscovery')));
    expect(node!.status.capacity).not.toHaveProperty(['nvidia.com/gpu']);
    expect(node!.spec.taints).toEqual([]);
  });

  it('numbers the nodes, gives each its address, and spreads them over the zones', () => {
    const nodes = renderNodes(parse(pool('dialect: GKE, zones: [a, b]').replace('nodes: 1', 'nodes: 600')));
    expect(
      nodes.slice(0, 3).map(({ metadata }) => [metadata.name, metadata.labels['topology.kubernetes.io/zone']]),
    ).toEqual([
      ['p-0', 'a'],
      ['p-1', 'b'],
      ['p-2', 'a'],
    ]);
    expect(new Set(nodes.map(({ status }) => status.addresses[0]!.address)).size).toBe(600);
  });

  it('has a pool for each dialect by default', async () => {
    const pools = await loadNodePools(DEFAULT_NODES);
    expect(Object.fromEntries(pools.map(({ name, nodes, gpu }) => [name, `${nodes} x ${gpu?.count ?? 0}`]))).toEqual({
      'a100-80gb': '2 x 8',
      'a100-40gb': '1 x 8',
      t4: '2 x 4',
      a10g: '1 x 4',
      l40s: '1 x 8',
      h100: '1 x 8',
      h200: '1 x 8',
      b200: '1 x 8',
      l4: '1 x 4',
      'a100-mig': '1 x 2',
      cpu: '1 x 0',
      'edge-orin': '1 x 1',
    });
    expect(new Set(pools.map(({ dialect }) => dialect)).size).toBe(5);
  });
});
