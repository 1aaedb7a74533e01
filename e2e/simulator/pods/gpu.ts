import type { NodeGpu } from '../engines/types.ts';

type Labels = Readonly<Record<string, string>>;

interface KnownGpu {
  readonly name: string;
  readonly computeCapability: number;
  /** GKE's and Karpenter's names for it; where GPU Feature Discovery runs, its product label is the name with dashes. */
  readonly cloudNames: readonly string[];
  /** Karpenter has one name for both A100; the memory tells them apart. */
  readonly memoryMiB?: number;
}

const knownGpus: readonly KnownGpu[] = [
  { name: 'Tesla T4', computeCapability: 7.5, cloudNames: ['nvidia-tesla-t4', 't4'] },
  {
    name: 'NVIDIA A100-SXM4-40GB',
    computeCapability: 8.0,
    cloudNames: ['nvidia-tesla-a100', 'a100'],
    memoryMiB: 40_960,
  },
  {
    name: 'NVIDIA A100-SXM4-80GB',
    computeCapability: 8.0,
    cloudNames: ['nvidia-a100-80gb', 'a100'],
    memoryMiB: 81_920,
  },
  { name: 'NVIDIA A10G', computeCapability: 8.6, cloudNames: ['a10g'] },
  { name: 'NVIDIA L4', computeCapability: 8.9, cloudNames: ['nvidia-l4', 'l4'] },
  { name: 'NVIDIA L40S', computeCapability: 8.9, cloudNames: ['l40s'] },
  {
    name: 'NVIDIA H100 80GB HBM3',
    computeCapability: 9.0,
    cloudNames: ['nvidia-h100-80gb', 'nvidia-h100-mega-80gb', 'h100'],
  },
  { name: 'NVIDIA H200', computeCapability: 9.0, cloudNames: ['nvidia-h200-141gb', 'h200'] },
];

/** What an engine on this node finds when it asks CUDA; undefined on a node without a GPU. */
export function nodeGpu(labels: Labels): NodeGpu | undefined {
  const memoryMiB = Number(
    labels['nvidia.com/gpu.memory'] ?? labels['karpenter.k8s.aws/instance-gpu-memory'] ?? Number.NaN,
  );
  const memory = Number.isNaN(memoryMiB) ? {} : { memoryGiB: memoryMiB / 1024 };
  const product = labels['nvidia.com/gpu.product'];
  const major = labels['nvidia.com/gpu.compute.major'];
  const minor = labels['nvidia.com/gpu.compute.minor'];
  if (product !== undefined && major !== undefined && minor !== undefined) {
    const known = knownGpus.find(({ name }) => name.replaceAll(' ', '-') === product);
    const name = known?.name ?? product.replaceAll('-', ' ');
    return { name, computeCapability: Number(`${major}.${minor}`), ...memory };
  }
  const cloudName = labels['cloud.google.com/gke-accelerator'] ?? labels['karpenter.k8s.aws/instance-gpu-name'] ?? '';
  const known = knownGpus.find(
    (gpu) =>
      gpu.cloudNames.includes(cloudName) && (Number.isNaN(memoryMiB) || (gpu.memoryMiB ?? memoryMiB) === memoryMiB),
  );
  return known && { name: known.name, computeCapability: known.computeCapability, ...memory };
}

/** GPUs that a container holds: its limit of the one resource `<vendor>.com/gpu...`. */
export function gpuCount(limits: Labels = {}): number {
  const resource = Object.keys(limits).find((name) => /^[a-z0-9.]+\/(gpu|mig-)/.test(name));
  return resource === undefined ? 0 : Number(limits[resource]);
}
