import { GPU_MODELS } from './gpu-models.ts';
import type { NodePool } from './node-pools.ts';

/** KWOK plays the kubelet of nodes with this annotation. */
export const FAKE_NODE = { 'kwok.x-k8s.io/node': 'fake' } as const;

/** A Node as it is created. */
export interface NodeObject {
  readonly apiVersion: 'v1';
  readonly kind: 'Node';
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
  };
  readonly status: {
    readonly capacity: Readonly<Record<string, string>>;
    readonly allocatable: Readonly<Record<string, string>>;
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo: Readonly<Record<string, string>>;
  };
}

/** The nodes of all pools, in the pools' order. */
export function renderNodes(pools: readonly NodePool[]): NodeObject[] {
  const nodes: NodeObject[] = [];
  for (const pool of pools) {
    for (let ordinal = 0; ordinal < pool.nodes; ordinal++) nodes.push(renderNode(pool, ordinal, nodes.length));
  }
  return nodes;
}

function renderNode(pool: NodePool, ordinal: number, index: number): NodeObject {
  const name = `${pool.name}-${ordinal}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: labelsOf(pool, name, ordinal), annotations: FAKE_NODE },
    spec: { taints: [...(pool.gpu ? [GPU_TAINT] : []), ...pool.taints] },
    status: {
      capacity: resourcesOf(pool, pool.capacity),
      allocatable: resourcesOf(pool, pool.allocatable),
      addresses: [
        { type: 'InternalIP', address: nodeAddress(index) },
        { type: 'Hostname', address: name },
      ],
      nodeInfo: { architecture: pool.architecture, operatingSystem: 'linux' },
    },
  };
}

/** As GKE sets it, and the device plugin's documentation recommends: only pods that want a GPU come here. */
const GPU_TAINT = { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' } as const;

function labelsOf(pool: NodePool, name: string, ordinal: number): Record<string, string> {
  return {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': pool.architecture,
    'topology.kubernetes.io/region': pool.region,
    'topology.kubernetes.io/zone': pool.zones[ordinal % pool.zones.length] ?? '',
    ...(pool.instanceType === undefined ? {} : { 'node.kubernetes.io/instance-type': pool.instanceType }),
    ...poolNameLabel(pool),
    ...gpuLabels(pool),
    ...pool.labels,
  };
}

/** Each provider has a label of its own for the pool. */
function poolNameLabel({ dialect, name }: NodePool): Record<string, string> {
  if (dialect === 'GKE') return { 'cloud.google.com/gke-nodepool': name };
  if (dialect === 'AKS') return { 'kubernetes.azure.com/agentpool': name };
  return dialect === 'Karpenter' ? { 'karpenter.sh/nodepool': name } : {};
}

function gpuLabels({ dialect, gpu }: NodePool): Record<string, string> {
  if (!gpu) return {};
  const labels = { ...GPU_MODELS[gpu.model]?.[dialect] };
  if (dialect === 'GPUFeatureDiscovery') labels['nvidia.com/gpu.count'] = String(gpu.count);
  if (gpu.mig) labels['nvidia.com/mig.strategy'] = 'mixed';
  for (const [profile, count] of Object.entries(gpu.mig ?? {})) {
    labels[`nvidia.com/mig-${profile}.count`] = String(count);
    labels[`nvidia.com/mig-${profile}.product`] = `${labels['nvidia.com/gpu.product'] ?? ''}-MIG-${profile}`;
  }
  if (dialect === 'GKE') labels['cloud.google.com/gke-accelerator-count'] = String(gpu.count);
  if (dialect === 'Karpenter') labels['karpenter.k8s.aws/instance-gpu-count'] = String(gpu.count);
  return labels;
}

function resourcesOf(pool: NodePool, amounts: NodePool['capacity']): Record<string, string> {
  return {
    cpu: amounts.cpu,
    memory: amounts.memory,
    'ephemeral-storage': amounts.ephemeralStorage,
    pods: '110',
    ...deviceResources(pool),
  };
}

/** What the device plugin offers: whole GPUs, or the slices that they are divided into. */
function deviceResources({ gpu }: NodePool): Record<string, string> {
  if (!gpu) return {};
  const resources: Record<string, string> = { 'nvidia.com/gpu': gpu.mig ? '0' : String(gpu.count) };
  for (const [profile, count] of Object.entries(gpu.mig ?? {})) resources[`nvidia.com/mig-${profile}`] = String(count);
  return resources;
}

/** Outside the pods' range; nothing listens there. */
function nodeAddress(index: number): string {
  return `10.243.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}
