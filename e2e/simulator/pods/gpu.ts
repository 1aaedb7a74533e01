import type { NodeGpu } from '../engines/types.ts';
import type { NodeHardware } from './launch.ts';

type Labels = Readonly<Record<string, string>>;

interface KnownGpu {
  readonly name: string;
  readonly computeCapability: number;
  /** GKE's and Karpenter's names for it; where GPU Feature Discovery runs, its product label is the name with dashes. */
  readonly cloudNames: readonly string[];
  /** What nvidia-smi shows, for nodes whose labels do not say it. Karpenter's one name for both A100 needs it, too. */
  readonly memoryMiB: number;
  /** Virtual machines that are known to have this GPU, where no label names it (AKS). */
  readonly instanceTypes?: RegExp;
}

const knownGpus: readonly KnownGpu[] = [
  { name: 'Tesla T4', computeCapability: 7.5, cloudNames: ['nvidia-tesla-t4', 't4'], memoryMiB: 15_360 },
  {
    name: 'NVIDIA A100-SXM4-40GB',
    computeCapability: 8.0,
    cloudNames: ['nvidia-tesla-a100', 'a100'],
    memoryMiB: 40_960,
    instanceTypes: /^Standard_ND96asr_(A100_)?v4$/,
  },
  {
    name: 'NVIDIA A100-SXM4-80GB',
    computeCapability: 8.0,
    cloudNames: ['nvidia-a100-80gb', 'a100'],
    memoryMiB: 81_920,
    instanceTypes: /^Standard_(ND96amsr|NC\d+ads)_A100_v4$/,
  },
  { name: 'NVIDIA A10G', computeCapability: 8.6, cloudNames: ['a10g'], memoryMiB: 23_028 },
  { name: 'NVIDIA L4', computeCapability: 8.9, cloudNames: ['nvidia-l4', 'l4'], memoryMiB: 23_034 },
  { name: 'NVIDIA L40S', computeCapability: 8.9, cloudNames: ['l40s'], memoryMiB: 46_068 },
  {
    name: 'NVIDIA H100 80GB HBM3',
    computeCapability: 9.0,
    cloudNames: ['nvidia-h100-80gb', 'nvidia-h100-mega-80gb', 'h100'],
    memoryMiB: 81_559,
    instanceTypes: /^Standard_ND96isr_H100_v5$/,
  },
  {
    name: 'NVIDIA H200',
    computeCapability: 9.0,
    cloudNames: ['nvidia-h200-141gb', 'h200'],
    memoryMiB: 143_771,
    instanceTypes: /^Standard_ND96isr_H200_v5$/,
  },
  { name: 'NVIDIA B200', computeCapability: 10.0, cloudNames: ['nvidia-b200', 'b200'], memoryMiB: 183_359 },
];

/** Orin and its like: GPU Feature Discovery gives them no memory label, because they have none of their own. */
const unifiedMemory = /^(Orin|Xavier|Thor)\b|Jetson/;

/**
 * What an engine on this node finds when it asks CUDA; undefined on a node without a GPU.
 *
 * @param nodeMemoryGiB memory of the node, which a Jetson's GPU shares
 */
export function nodeGpu(labels: Labels, nodeMemoryGiB?: number): NodeGpu | undefined {
  const labelled = Number(
    labels['nvidia.com/gpu.memory'] ?? labels['karpenter.k8s.aws/instance-gpu-memory'] ?? Number.NaN,
  );
  const product = labels['nvidia.com/gpu.product'];
  const major = labels['nvidia.com/gpu.compute.major'];
  const minor = labels['nvidia.com/gpu.compute.minor'];
  const memory = (known?: KnownGpu): { memoryGiB?: number } => {
    const memoryMiB = Number.isNaN(labelled) ? known?.memoryMiB : labelled;
    return memoryMiB === undefined ? {} : { memoryGiB: memoryMiB / 1024 };
  };
  if (product !== undefined && major !== undefined && minor !== undefined) {
    const known = knownGpus.find(({ name }) => name.replaceAll(' ', '-') === product);
    const name = known?.name ?? product.replaceAll('-', ' ');
    const computeCapability = Number(`${major}.${minor}`);
    if (unifiedMemory.test(name)) {
      return { name, computeCapability, unifiedMemory: true, ...(nodeMemoryGiB && { memoryGiB: nodeMemoryGiB }) };
    }
    return { name, computeCapability, ...memory(known) };
  }
  const cloudName = labels['cloud.google.com/gke-accelerator'] ?? labels['karpenter.k8s.aws/instance-gpu-name'] ?? '';
  const instanceType = labels['node.kubernetes.io/instance-type'] ?? '';
  const known =
    knownGpus.find(
      (gpu) => gpu.cloudNames.includes(cloudName) && (gpu.name.includes('A100') ? sameSize(gpu, labelled) : true),
    ) ??
    (labels['kubernetes.azure.com/accelerator'] === 'nvidia'
      ? knownGpus.find(({ instanceTypes }) => instanceTypes?.test(instanceType))
      : undefined);
  return known && { name: known.name, computeCapability: known.computeCapability, ...memory(known) };
}

/** What the labels and the size of a node tell about it. */
export function nodeHardware(node: {
  readonly metadata: { readonly labels?: Labels };
  readonly status?: { readonly allocatable?: Labels };
}): NodeHardware {
  const memory = memoryGiB(node.status?.allocatable?.['memory']);
  const gpu = nodeGpu(node.metadata.labels ?? {}, memory);
  return { ...(gpu && { gpu }), ...(memory !== undefined && { memoryGiB: memory }) };
}

/** Karpenter and AWS call both A100 `a100`. */
function sameSize(gpu: KnownGpu, labelledMiB: number): boolean {
  return Number.isNaN(labelledMiB) || gpu.memoryMiB === labelledMiB;
}

/** The one resource `<vendor>.com/gpu...` or `<vendor>.com/mig-...` that a container's limits name. */
function gpuResource(limits: Labels): string | undefined {
  return Object.keys(limits).find((name) => /^[a-z0-9.]+\/(gpu|mig-)/.test(name));
}

/** GPUs, or slices of GPUs, that a container holds. */
export function gpuCount(limits: Labels = {}): number {
  const resource = gpuResource(limits);
  return resource === undefined ? 0 : Number(limits[resource]);
}

/** What CUDA shows of a slice beside its name's gigabytes: `1g.10gb` has 9,728 MiB (NVIDIA's MIG user guide). */
const sliceShare = 0.95;

/** The GPU as the container sees it: a MIG slice has its own memory. */
export function visibleGpu(gpu: NodeGpu | undefined, limits: Labels = {}): NodeGpu | undefined {
  const profile = /\/mig-(\d+g\.(\d+)gb)/.exec(gpuResource(limits) ?? '');
  if (gpu === undefined || profile === null) return gpu;
  return {
    ...gpu,
    name: `${gpu.name} MIG ${profile[1] ?? ''}`,
    memoryGiB: Number(profile[2]) * sliceShare,
    slice: true,
  };
}

/** A Kubernetes quantity of memory in GiB; undefined when it is none. */
export function memoryGiB(quantity: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(m|k|[KMGT]i?|[PE]i?)?$/.exec(quantity ?? '');
  if (match === null) return undefined;
  const [, digits = '', suffix = ''] = match;
  const power = 'kmgtpe'.indexOf((suffix[0] ?? '').toLowerCase()) + 1;
  if (suffix === '' || suffix === 'm') return Number(digits) / (suffix === 'm' ? 1000 : 1) / 2 ** 30;
  return (Number(digits) * (suffix.endsWith('i') ? 1024 : 1000) ** power) / 2 ** 30;
}
