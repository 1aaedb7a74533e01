import type { AcceleratorEntry, LabelDialect, NodeLabels } from './types.ts';

const VISIBLE =
  'memory that CUDA reports to a process, from published engine start-up logs (reference: GPU memory as engines see it)';
const GFD = 'GPU Feature Discovery label nvidia.com/gpu.memory';
const COST = 'unverified: rough ratio of public on-demand prices per GPU-hour; only orders alternatives';
const PER_NODE =
  'largest instance of AWS, Google Cloud or Azure with this GPU (karpenter-provider-aws@1d927085d, kaito pkg/sku/azure_sku_handler.go@0d9b555e)';
const CAPABILITY = 'developer.nvidia.com/cuda-gpus';
const LABELS =
  'k8s-device-plugin docs/gpu-feature-discovery/README.md@1b826acc; kubeai charts/kubeai/values-gke.yaml@2f32ef49; ' +
  'karpenter-provider-aws@1d927085d; kaito pkg/sku/azure_sku_handler.go@0d9b555e';

/** Nodes of one dialect, by the values that each of its labels may have. */
function labels(dialect: LabelDialect, values: Readonly<Record<string, readonly string[]>>): NodeLabels {
  return {
    dialect,
    requirements: Object.entries(values).map(([key, allowed]) => ({ key, operator: 'In', values: allowed })),
  };
}

/** `nvidia.com/gpu.product`: NVML's product name, with and without the vendor, which old drivers leave out. */
const gfd = (...products: string[]): NodeLabels =>
  labels('GPUFeatureDiscovery', { 'nvidia.com/gpu.product': products });

const gke = (...accelerators: string[]): NodeLabels =>
  labels('GKE', { 'cloud.google.com/gke-accelerator': accelerators });

/** The memory is part of the requirement: p4d and p4de nodes both say `a100`. */
const karpenter = (name: string, memoryMiB: string): NodeLabels =>
  labels('Karpenter', {
    'karpenter.k8s.aws/instance-gpu-name': [name],
    'karpenter.k8s.aws/instance-gpu-memory': [memoryMiB],
  });

/** AKS has no label for the GPU model; the VM size implies it. */
const aks = (...sizes: string[]): NodeLabels => labels('AKS', { 'node.kubernetes.io/instance-type': sizes });

/** The GPUs that can be named in `spec.accelerator.type`, cheapest first. */
export const ACCELERATORS: readonly AcceleratorEntry[] = [
  {
    name: 'T4',
    device: 'GPU',
    computeCapability: '7.5',
    memory: { deviceMiB: 15360, visibleGiB: 14.56 },
    interconnect: 'PCIe',
    resourceName: 'nvidia.com/gpu',
    maxPerNode: 8,
    relativeCost: 1,
    nodeLabels: [
      gfd('Tesla-T4'),
      gke('nvidia-tesla-t4'),
      karpenter('t4', '16384'),
      aks('Standard_NC4as_T4_v3', 'Standard_NC8as_T4_v3', 'Standard_NC16as_T4_v3', 'Standard_NC64as_T4_v3'),
    ],
    sources: {
      computeCapability: CAPABILITY,
      memory: `${GFD} 15360; ${VISIBLE}`,
      interconnect: 'PCIe card without NVLink',
      maxPerNode: `${PER_NODE}: g4dn.metal`,
      relativeCost: COST,
      nodeLabels: LABELS,
    },
  },
  {
    name: 'L4',
    device: 'GPU',
    computeCapability: '8.9',
    memory: { deviceMiB: 23034, visibleGiB: 22.06 },
    interconnect: 'PCIe',
    resourceName: 'nvidia.com/gpu',
    maxPerNode: 8,
    relativeCost: 1.5,
    nodeLabels: [gfd('NVIDIA-L4'), gke('nvidia-l4'), karpenter('l4', '22888')],
    sources: {
      computeCapability: CAPABILITY,
      memory: `unverified: device memory 23034 MiB; ${VISIBLE}`,
      interconnect: 'PCIe card without NVLink',
      maxPerNode: `${PER_NODE}: g6.48xlarge`,
      relativeCost: COST,
      nodeLabels: LABELS,
    },
  },
  {
    name: 'A10G',
    device: 'GPU',
    computeCapability: '8.6',
    memory: { deviceMiB: 23028, visibleGiB: 22.06 },
    interconnect: 'PCIe',
    resourceName: 'nvidia.com/gpu',
    maxPerNode: 8,
    relativeCost: 2,
    nodeLabels: [gfd('NVIDIA-A10G'), karpenter('a10g', '22888')],
    sources: {
      computeCapability: CAPABILITY,
      memory: `${GFD} 23028; ${VISIBLE}`,
      interconnect: 'PCIe card without NVLink',
      maxPerNode: `${PER_NODE}: g5.48xlarge`,
      relativeCost: COST,
      nodeLabels: LABELS,
    },
  },
  {
    name: 'L40S',
    device: 'GPU',
    computeCapability: '8.9',
    memory: { deviceMiB: 46068, visibleGiB: 44.3 },
    interconnect: 'PCIe',
    resourceName: 'nvidia.com/gpu',
    maxPerNode: 8,
    relativeCost: 3.5,
    nodeLabels: [gfd('NVIDIA-L40S'), karpenter('l40s', '45776')],
    sources: {
      computeCapability: CAPABILITY,
      memory: `${GFD} 46068; ${VISIBLE}`,
      interconnect: 'PCIe card without NVLink',
      maxPerNode: `${PER_NODE}: g6e.48xlarge`,
      relativeCost: COST,
      nodeLabels: LABELS,
    },
  },
  {
    name: 'A100-40GB',
    device: 'GPU',
    computeCapability: '8.0',
    memory: { deviceMiB: 40536, visibleGiB: 39.4 },
    interconnect: 'NVLink',
    resourceName: 'nvidia.com/gpu',
    maxPerNode: 8,
    relativeCost: 7,
    nodeLabels: [
      gfd('NVIDIA-A100-SXM4-40GB', 'A100-SXM4-40GB', 'NVIDIA-A100-PCIE-40GB', 'A100-PCIE-40GB'),
      gke('nvidia-tesla-a100'),
      karpenter('a100', '40960'),
      aks('Standard_ND96asr_v4', 'Standard_ND96asr_A100_v4'),
    ],
    sources: {
      computeCapability: CAPABILITY,
      memory: `${GFD} about 40536 (40960 with later drivers); ${VISIBLE}`,
      interconnect: 'NVLink on SXM boards; PCIe cards have it in pairs at most',
      maxPerNode: `${PER_NODE}: p4d.24xlarge (16 on a2-megagpu-16g)`,
      relativeCost: COST,
      nodeLabels: LABELS,
    },
  },
  {
    name: 'A100-80GB',
    device: 'GPU',
    computeCapability: '8.0',
    memory: { deviceMiB: 81920, visibleGiB: 79.1 },
    interconnect: 'NVLink',
    resourceName: 'nvidia.com/gpu',
    maxPerNode: 8,
    relativeCost: 9,
    nodeLabels: [
      gfd('NVIDIA-A100-SXM4-80GB', 'A100-SXM4-80GB', 'NVIDIA-A100-80GB-PCIe', 'A100-80GB-PCIe'),
      gke('nvidia-a100-80gb'),
      karpenter('a100', '81920'),
      aks(
        'Standard_NC24ads_A100_v4',
        'Standard_NC48ads_A100_v4',
        'Standard_NC96ads_A100_v4',
        'Standard_ND96amsr_A100_v4',
      ),
    ],
    sources: {
      computeCapability: CAPABILITY,
      memory: `${GFD} 81920; ${VISIBLE}`,
      interconnect: 'NVLink on SXM boards; PCIe cards have it in pairs at most',
      maxPerNode: `${PER_NODE}: p4de.24xlarge`,
      relativeCost: COST,
      nodeLabels: `${LABELS}; unverified: NVIDIA-A100-80GB-PCIe`,
    },
  },
  {
    name: 'H100',
    device: 'GPU',
    computeCapability: '9.0',
    memory: { deviceMiB: 81559, visibleGiB: 79.1 },
    interconnect: 'NVLink',
    resourceName: 'nvidia.com/gpu',
    maxPerNode: 8,
    relativeCost: 13,
    nodeLabels: [
      gfd('NVIDIA-H100-80GB-HBM3', 'NVIDIA-H100-PCIe'),
      gke('nvidia-h100-80gb', 'nvidia-h100-mega-80gb'),
      karpenter('h100', '81920'),
      aks('Standard_ND96isr_H100_v5'),
    ],
    sources: {
      computeCapability: CAPABILITY,
      memory: `${GFD} 81559; ${VISIBLE}`,
      interconnect: 'NVSwitch on HGX boards',
      maxPerNode: `${PER_NODE}: p5.48xlarge`,
      relativeCost: COST,
      nodeLabels: `${LABELS}; unverified: NVIDIA-H100-PCIe`,
    },
  },
  {
    name: 'H200',
    device: 'GPU',
    computeCapability: '9.0',
    memory: { deviceMiB: 143771, visibleGiB: 139.7 },
    interconnect: 'NVLink',
    resourceName: 'nvidia.com/gpu',
    maxPerNode: 8,
    relativeCost: 17,
    nodeLabels: [
      gfd('NVIDIA-H200'),
      gke('nvidia-h200-141gb'),
      karpenter('h200', '144384'),
      aks('Standard_ND96isr_H200_v5'),
    ],
    sources: {
      computeCapability: CAPABILITY,
      memory: `unverified: device memory 143771 MiB; ${VISIBLE}`,
      interconnect: 'NVSwitch on HGX boards',
      maxPerNode: `${PER_NODE}: p5en.48xlarge`,
      relativeCost: COST,
      nodeLabels: LABELS,
    },
  },
];
