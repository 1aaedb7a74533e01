import type { AcceleratorEntry, LabelDialect, MIGProfile, NodeLabels } from './types.ts';

/** What CUDA lets a process see, as PyTorch says it ("GPU 0 has a total capacity of ..."), and whose log that is. */
const visible = (gib: string, log: string): string => `${gib} GiB of it are visible (${log})`;
/** The same where no log is at hand. */
const unseen = (device: string, gib: string): string => `unverified: ${gib} GiB visible of ${device}`;
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

/** Slices by profile name: what CUDA lets a process see of each, in GiB. The leading digit counts compute slices of seven. */
function mig(visibleGiB: Readonly<Record<string, number>>): readonly MIGProfile[] {
  return Object.entries(visibleGiB).map(([profile, gib]) => ({
    resourceName: `nvidia.com/mig-${profile}`,
    visibleGiB: gib,
    computeShare: Number(profile.slice(0, 1)) / 7,
  }));
}

/** `nvidia-smi mig -lgip` says slightly less or more between drivers: the least that was found. */
const MIG =
  'docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html; sizes as listed by nvidia-smi mig -lgip';

/** CPU features as Node Feature Discovery labels them. */
const nfd = (...features: string[]): NodeLabels =>
  labels(
    'NodeFeatureDiscovery',
    Object.fromEntries(features.map((feature) => [`feature.node.kubernetes.io/cpu-cpuid.${feature}`, ['true']])),
  );

/** The accelerators that can be named in `spec.accelerator.type`, cheapest first. */
export const ACCELERATORS: readonly AcceleratorEntry[] = [
  {
    name: 'CPU',
    device: 'CPU',
    interconnect: 'PCIe',
    maxPerNode: 1,
    relativeCost: 0.5,
    nodeLabels: [nfd('AMXTILE'), nfd('AVX512F')],
    sources: {
      interconnect: 'no GPU',
      maxPerNode: 'a container is on one node',
      relativeCost: COST,
      nodeLabels:
        'node-feature-discovery docs/usage/features.md (cpu-cpuid.AMXTILE, cpu-cpuid.AVX512F): without either, CPU inference is too slow to serve',
    },
  },
  {
    name: 'Orin',
    device: 'UnifiedMemory',
    computeCapability: '8.7',
    memory: { deviceMiB: 62_840, visibleGiB: 56 },
    interconnect: 'PCIe',
    resourceName: 'nvidia.com/gpu',
    maxPerNode: 1,
    relativeCost: 0.8,
    nodeLabels: [labels('GPUFeatureDiscovery', { 'nvidia.com/gpu.product': ['Orin'] })],
    sources: {
      computeCapability: CAPABILITY,
      memory:
        'unverified: Jetson AGX Orin 64GB, of which Linux has about 61.4 GiB; 5 GiB are left to the system and to other pods',
      interconnect: 'unified memory',
      maxPerNode: 'one GPU on the module',
      relativeCost: COST,
      nodeLabels:
        'unverified: GPU Feature Discovery, product Orin (it gives no gpu.memory: k8s-device-plugin internal/lm/resource.go@1b826acc)',
    },
  },
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
      memory: `${GFD} 15360; ${visible('14.56', 'Zheng-Chong/CatVTON#133')}`,
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
      memory: unseen('23034 MiB', '22.06'),
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
      memory: unseen(`${GFD} 23028`, '22.06'),
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
      memory: unseen(`${GFD} 46068`, '44.3'),
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
    migProfiles: mig({
      '1g.5gb': 4.75,
      '1g.10gb': 9.75,
      '2g.10gb': 9.75,
      '3g.20gb': 19.62,
      '4g.20gb': 19.62,
      '7g.40gb': 39.25,
    }),
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
      memory: unseen(`${GFD} about 40536 (40960 with later drivers)`, '39.4'),
      interconnect: 'NVLink on SXM boards; PCIe cards have it in pairs at most',
      migProfiles: `${MIG}; unverified: 1g.5gb, 1g.10gb, 7g.40gb`,
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
    migProfiles: mig({
      '1g.10gb': 9.5,
      '1g.20gb': 19.5,
      '2g.20gb': 19.5,
      '3g.40gb': 39.25,
      '4g.40gb': 39.25,
      '7g.80gb': 78.75,
    }),
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
      memory: `${GFD} 81920; ${visible('79.15', 'vllm-project/vllm#4408')}`,
      interconnect: 'NVLink on SXM boards; PCIe cards have it in pairs at most',
      migProfiles: MIG,
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
    migProfiles: mig({
      '1g.10gb': 9.75,
      '1g.20gb': 19.62,
      '2g.20gb': 19.62,
      '3g.40gb': 39.5,
      '4g.40gb': 39.5,
      '7g.80gb': 79,
    }),
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
      memory: `${GFD} 81559; ${visible('79.11', 'vllm-project/vllm#27508')}`,
      interconnect: 'NVSwitch on HGX boards',
      migProfiles: `${MIG} (jbarrow.ai/field_notes/nvidia-mig)`,
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
    migProfiles: mig({
      '1g.18gb': 16,
      '1g.35gb': 32,
      '2g.35gb': 32,
      '3g.71gb': 69.6,
      '4g.71gb': 69.6,
      '7g.141gb': 139.5,
    }),
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
      memory: unseen('143771 MiB', '139.7'),
      interconnect: 'NVSwitch on HGX boards',
      migProfiles: `${MIG}; unverified: all but 3g.71gb (69.8 GiB in a published run)`,
      maxPerNode: `${PER_NODE}: p5en.48xlarge`,
      relativeCost: COST,
      nodeLabels: LABELS,
    },
  },
  {
    name: 'B200',
    device: 'GPU',
    computeCapability: '10.0',
    memory: { deviceMiB: 183_359, visibleGiB: 178 },
    interconnect: 'NVLink',
    resourceName: 'nvidia.com/gpu',
    migProfiles: mig({ '1g.23gb': 21.5, '2g.45gb': 43.5, '3g.90gb': 88, '4g.90gb': 88, '7g.180gb': 177 }),
    maxPerNode: 8,
    relativeCost: 25,
    nodeLabels: [gfd('NVIDIA-B200'), gke('nvidia-b200'), karpenter('b200', '183359')],
    sources: {
      computeCapability: CAPABILITY,
      memory: unseen(`${GFD} 183359`, '178'),
      migProfiles:
        'docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html; unverified: the visible sizes, shares of 178 GiB with some to spare',
      interconnect: 'NVSwitch on HGX boards',
      maxPerNode: `${PER_NODE}: p6-b200.48xlarge`,
      relativeCost: COST,
      nodeLabels: `${LABELS}; unverified: NVIDIA-B200`,
    },
  },
];
