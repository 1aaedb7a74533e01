/** The few fields of Kubernetes objects that these suites make and look at. */

export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: { readonly exitCode: number; readonly reason: string; readonly message?: string };
}

export interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly {
      type: string;
      status: string;
      reason?: string;
      message?: string;
      lastTransitionTime: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly ready: boolean;
      readonly started: boolean;
      readonly restartCount: number;
      readonly state: ContainerState;
      readonly lastState: ContainerState;
    }[];
    readonly initContainerStatuses?: readonly {
      readonly name: string;
      readonly ready: boolean;
      readonly state: ContainerState;
    }[];
  };
}

/** A condition's status, or undefined when the object has no such condition. */
export function condition(object: Pick<Pod, 'status'>, type: string) {
  return object.status.conditions?.find((candidate) => candidate.type === type);
}

export function container(pod: Pod, name: string) {
  return pod.status.containerStatuses?.find((candidate) => candidate.name === name);
}

export interface PodOptions {
  readonly gpus?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly containers?: readonly object[];
  readonly initContainers?: readonly object[];
  readonly gracePeriodSeconds?: number;
}

const IMAGE = 'registry.example/engine:1';

/** A pod with a container `engine` unless it names others; it tolerates the taint of GPU nodes. */
export function pod(name: string, options: PodOptions = {}): object {
  const resources = options.gpus === undefined ? {} : { limits: { 'nvidia.com/gpu': String(options.gpus) } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, annotations: options.annotations ?? {} },
    spec: {
      containers: options.containers ?? [{ name: 'engine', image: IMAGE, resources }],
      initContainers: options.initContainers ?? [],
      nodeSelector: options.nodeSelector ?? {},
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      terminationGracePeriodSeconds: options.gracePeriodSeconds ?? 30,
    },
  };
}

/** A simulated node of the test's own, so that tests which share a cluster do not take each other's GPUs away. */
export function gpuNode(name: string, gpus: number): object {
  const resources = { cpu: '64', memory: '512Gi', pods: '110', 'nvidia.com/gpu': String(gpus) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name },
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
    },
    spec: { taints: [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }] },
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [{ type: 'InternalIP', address: '10.243.255.1' }],
      nodeInfo: { architecture: 'amd64', operatingSystem: 'linux' },
    },
  };
}
