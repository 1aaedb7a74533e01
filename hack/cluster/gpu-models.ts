import type { Dialect } from './node-pools.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * The labels that tell the GPU of a node, per dialect. Written down here on purpose rather than taken from
 * operator/catalog: the simulated nodes stand for the world outside, which does not follow our catalogue's mistakes.
 * Sources: k8s-device-plugin docs/gpu-feature-discovery/README.md@1b826acc, kubeai charts/kubeai/values-gke.yaml@2f32ef49,
 * karpenter-provider-aws@1d927085d, kaito azure_sku_handler.go@056b8280.
 */
export const GPU_MODELS: Readonly<Record<string, Partial<Record<Dialect, Labels>>>> = {
  T4: {
    GPUFeatureDiscovery: gfd('Tesla-T4', 'turing', '7.5', 15360),
    GKE: gke('nvidia-tesla-t4'),
    Karpenter: karpenter('t4', 16384),
    AKS: aksGpu(),
  },
  A10G: {
    GPUFeatureDiscovery: gfd('NVIDIA-A10G', 'ampere', '8.6', 23028),
    Karpenter: karpenter('a10g', 22888),
  },
  L4: {
    GPUFeatureDiscovery: gfd('NVIDIA-L4', 'ada-lovelace', '8.9', 23034),
    GKE: gke('nvidia-l4'),
    Karpenter: karpenter('l4', 22888),
  },
  L40S: {
    GPUFeatureDiscovery: gfd('NVIDIA-L40S', 'ada-lovelace', '8.9', 46068),
    Karpenter: karpenter('l40s', 45776),
  },
  'A100-40GB': {
    GPUFeatureDiscovery: gfd('NVIDIA-A100-SXM4-40GB', 'ampere', '8.0', 40960),
    GKE: gke('nvidia-tesla-a100'),
    Karpenter: karpenter('a100', 40960),
    AKS: aksGpu(),
  },
  'A100-80GB': {
    GPUFeatureDiscovery: gfd('NVIDIA-A100-SXM4-80GB', 'ampere', '8.0', 81920),
    GKE: gke('nvidia-a100-80gb'),
    Karpenter: karpenter('a100', 81920),
    AKS: aksGpu(),
  },
  H100: {
    GPUFeatureDiscovery: gfd('NVIDIA-H100-80GB-HBM3', 'hopper', '9.0', 81559),
    GKE: gke('nvidia-h100-80gb'),
    Karpenter: karpenter('h100', 81920),
    AKS: aksGpu(),
  },
  H200: {
    GPUFeatureDiscovery: gfd('NVIDIA-H200', 'hopper', '9.0', 143771),
    GKE: gke('nvidia-h200-141gb'),
    Karpenter: karpenter('h200', 144384),
    AKS: aksGpu(),
  },
  B200: {
    GPUFeatureDiscovery: gfd('NVIDIA-B200', 'blackwell', '10.0', 183359),
    GKE: gke('nvidia-b200'),
    Karpenter: karpenter('b200', 183359),
  },
  /** Jetson Orin: unified memory, so GPU Feature Discovery gives no gpu.memory. */
  Orin: {
    GPUFeatureDiscovery: gfd('Orin', 'ampere', '8.7', undefined),
  },
};

function gfd(product: string, family: string, computeCapability: string, memoryMiB: number | undefined): Labels {
  const [major = '', minor = ''] = computeCapability.split('.');
  return {
    'nvidia.com/gpu.present': 'true',
    'nvidia.com/gpu.product': product,
    'nvidia.com/gpu.family': family,
    'nvidia.com/gpu.compute.major': major,
    'nvidia.com/gpu.compute.minor': minor,
    'nvidia.com/gpu.replicas': '1',
    'nvidia.com/gpu.sharing-strategy': 'none',
    'nvidia.com/mig.capable': ['8.0', '9.0', '10.0'].includes(computeCapability) ? 'true' : 'false',
    'nvidia.com/cuda.driver-version.full': '580.95.05',
    'nvidia.com/cuda.runtime-version.full': '13.0',
    ...(memoryMiB === undefined ? {} : { 'nvidia.com/gpu.memory': String(memoryMiB) }),
  };
}

function gke(accelerator: string): Labels {
  return { 'cloud.google.com/gke-accelerator': accelerator };
}

/** p4d and p4de nodes share the name `a100`: only the memory (MiB) tells them apart. */
function karpenter(name: string, memoryMiB: number): Labels {
  return {
    'karpenter.k8s.aws/instance-gpu-manufacturer': 'nvidia',
    'karpenter.k8s.aws/instance-gpu-name': name,
    'karpenter.k8s.aws/instance-gpu-memory': String(memoryMiB),
  };
}

/** AKS does not say which GPU a node has; its VM size (node.kubernetes.io/instance-type) implies it. */
function aksGpu(): Labels {
  return { 'kubernetes.azure.com/accelerator': 'nvidia' };
}
