import type { NodeGpu } from '../engines/types.ts';

type Labels = Readonly<Record<string, string>>;

/** GPUs by the names that clouds put on nodes without GPU Feature Discovery: [CUDA's name, compute capability]. */
const byCloudName: Readonly<Record<string, readonly [string, number]>> = {
  'nvidia-tesla-t4': ['Tesla T4', 7.5],
  t4: ['Tesla T4', 7.5],
  'nvidia-tesla-a100': ['NVIDIA A100-SXM4-40GB', 8.0],
  'nvidia-a100-80gb': ['NVIDIA A100-SXM4-80GB', 8.0],
  a100: ['NVIDIA A100-SXM4', 8.0],
  a10g: ['NVIDIA A10G', 8.6],
  'nvidia-l4': ['NVIDIA L4', 8.9],
  l4: ['NVIDIA L4', 8.9],
  l40s: ['NVIDIA L40S', 8.9],
  'nvidia-h100-80gb': ['NVIDIA H100 80GB HBM3', 9.0],
  'nvidia-h100-mega-80gb': ['NVIDIA H100 80GB HBM3', 9.0],
  h100: ['NVIDIA H100 80GB HBM3', 9.0],
  'nvidia-h200-141gb': ['NVIDIA H200', 9.0],
  h200: ['NVIDIA H200', 9.0],
};

/** What an engine on this node finds when it asks CUDA; undefined on a node without a GPU. */
export function nodeGpu(labels: Labels): NodeGpu | undefined {
  const major = labels['nvidia.com/gpu.compute.major'];
  const minor = labels['nvidia.com/gpu.compute.minor'];
  const memoryMiB = labels['nvidia.com/gpu.memory'] ?? labels['karpenter.k8s.aws/instance-gpu-memory'];
  const memory = memoryMiB === undefined ? {} : { memoryGiB: Number(memoryMiB) / 1024 };
  if (major !== undefined && minor !== undefined) {
    const name = (labels['nvidia.com/gpu.product'] ?? 'NVIDIA GPU').replaceAll('-', ' ');
    return { name, computeCapability: Number(`${major}.${minor}`), ...memory };
  }
  const cloudName = labels['cloud.google.com/gke-accelerator'] ?? labels['karpenter.k8s.aws/instance-gpu-name'];
  const known = cloudName === undefined ? undefined : byCloudName[cloudName];
  return known === undefined ? undefined : { name: known[0], computeCapability: known[1], ...memory };
}

/** GPUs that a container holds: its limit of the one resource `<vendor>.com/gpu...`. */
export function gpuCount(limits: Labels = {}): number {
  const resource = Object.keys(limits).find((name) => /^[a-z0-9.]+\/(gpu|mig-)/.test(name));
  return resource === undefined ? 0 : Number(limits[resource]);
}
