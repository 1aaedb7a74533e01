import { type Condition, type DeepSeekDeploymentStatus, LABEL, MANAGER } from '../../operator/api/index.ts';
import type { ControllerRevision, Deployment, Node, Pod } from '../../operator/kube/resources.ts';
import type { PlanSummary } from '../../operator/rollout/revision.ts';
import type { DeepSeekDeploymentObject, TreeObjects } from './objects.ts';

/** The moment of the fixtures, milliseconds since the epoch. */
export const NOW = Date.parse('2026-11-21T12:00:00Z');

/** RFC 3339, so long before {@link NOW}. */
export function ago(seconds: number): string {
  return new Date(NOW - seconds * 1000).toISOString().replace('.000Z', 'Z');
}

export const MINUTE = 60;
export const HOUR = 3_600;
export const DAY = 86_400;

export const SERVING = '7f3c9a1b2c';
export const CANDIDATE = '9e1d0c22fa';

export const plan: PlanSummary = {
  engine: 'vLLM 0.32.0',
  quantization: 'FP16',
  tensorParallel: 1,
  pipelineParallel: 1,
  gpusPerReplica: 1,
  weightsGiBPerGPU: '14.19',
  kvCacheTokens: 1_013_000,
  maxConcurrency: '30.9',
  startupBudgetSeconds: 540,
};

const meta = (name: string, revision: string, seconds: number) => ({
  name,
  namespace: 'ai',
  uid: `uid-${name}`,
  creationTimestamp: ago(seconds),
  labels: { [LABEL.managedBy]: MANAGER, [LABEL.name]: 'chat', [LABEL.revision]: revision },
});

export function ready(status: 'True' | 'False', reason: string, message: string, since = 3 * DAY): Condition {
  return { type: 'Ready', status, reason, message, lastTransitionTime: ago(since), observedGeneration: 3 };
}

/** `ai/chat`, two replicas on A100s, three days old. */
export function deploymentObject(
  status: DeepSeekDeploymentStatus | undefined,
  spec: Partial<DeepSeekDeploymentObject['spec']> = {},
): DeepSeekDeploymentObject {
  return {
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: {
      name: 'chat',
      namespace: 'ai',
      uid: '6a1f0c9e-2b7d-4e07-9a51-000000000001',
      generation: 3,
      creationTimestamp: ago(3 * DAY),
    },
    spec: {
      model: { name: 'deepseek-r1-distill-qwen-7b' },
      accelerator: { type: 'A100-80GB' },
      replicas: 2,
      ...spec,
    },
    ...(status && { status }),
  };
}

export function controllerRevision(
  revision: string,
  number: number,
  version: string,
  options: {
    readonly age?: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly data?: object;
  } = {},
): ControllerRevision {
  const { age = 3 * DAY, annotations = {}, data = {} } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { ...meta(`chat-${revision}`, revision, age), annotations },
    revision: number,
    data: { version, plan, spec: { accelerator: { type: 'A100-80GB' } }, ...data },
  };
}

export function revisionDeployment(
  revision: string,
  replicas: number,
  readyReplicas: number,
  age = 3 * DAY,
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta(`chat-${revision}`, revision, age),
    spec: { replicas, selector: {}, template: {} },
    status: { replicas, readyReplicas },
  };
}

type PodStatus = NonNullable<Pod['status']>;

/** A pod of `revision` with one GPU. `node` undefined: the scheduler has not chosen one. */
export function pod(revision: string, suffix: string, node: string | undefined, status: PodStatus, age = 3 * DAY): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(`chat-${revision}-6d8f9c7b5d-${suffix}`, revision, age),
    spec: {
      containers: [{ name: 'engine', resources: { limits: { cpu: '8', memory: '32Gi', 'nvidia.com/gpu': '1' } } }],
      ...(node !== undefined && { nodeName: node }),
    },
    status,
  };
}

const scheduled = (seconds: number) => ({ type: 'PodScheduled', status: 'True', lastTransitionTime: ago(seconds) });

const engine = (state: object, rest: object = {}) => ({
  name: 'engine',
  image: 'vllm/vllm-openai:v0.32.0',
  imageID: '',
  ready: false,
  restartCount: 0,
  state,
  ...rest,
});

export const podStatus = {
  ready: (seconds = 3 * DAY, restartCount = 0): PodStatus => ({
    phase: 'Running',
    podIP: '10.244.3.7',
    conditions: [scheduled(seconds + 300), { type: 'Ready', status: 'True', lastTransitionTime: ago(seconds) }],
    containerStatuses: [
      engine({ running: { startedAt: ago(seconds + 280) } }, { ready: true, started: true, restartCount }),
    ],
  }),
  loading: (seconds: number): PodStatus => ({
    phase: 'Running',
    podIP: '10.244.3.8',
    conditions: [scheduled(seconds + 60), { type: 'Ready', status: 'False', lastTransitionTime: ago(seconds + 60) }],
    containerStatuses: [engine({ running: { startedAt: ago(seconds) } }, { started: false })],
  }),
  imageNotFound: (): PodStatus => ({
    phase: 'Pending',
    conditions: [scheduled(4 * MINUTE), { type: 'Ready', status: 'False', lastTransitionTime: ago(4 * MINUTE) }],
    containerStatuses: [
      engine({
        waiting: {
          reason: 'ImagePullBackOff',
          message:
            'Back-off pulling image "vllm/vllm-openai:v0.33.9": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/vllm/vllm-openai:v0.33.9": docker.io/vllm/vllm-openai:v0.33.9: not found',
        },
      }),
    ],
  }),
  unschedulable: (): PodStatus => ({
    phase: 'Pending',
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message:
          "0/9 nodes are available: 2 Insufficient nvidia.com/gpu, 7 node(s) didn't match Pod's node affinity/selector. preemption: 0/9 nodes are available: 2 No preemption victims found for incoming pod, 7 Preemption is not helpful for scheduling.",
        lastTransitionTime: ago(2 * MINUTE),
      },
    ],
  }),
};

export function node(name: string, labels: Readonly<Record<string, string>>, readyStatus = 'True'): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    status: { conditions: [{ type: 'Ready', status: readyStatus }] },
  };
}

export const NODES: readonly Node[] = [
  node('a100-80gb-0', { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' }),
  node('a100-80gb-1', { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' }),
];

/** Two ready replicas, nothing else going on. */
export function steady(): TreeObjects {
  return {
    deployment: deploymentObject({
      observedGeneration: 3,
      conditions: [ready('True', 'Available', `2 replicas of revision ${SERVING} ready.`)],
      replicas: 2,
      readyReplicas: 2,
      plan,
      serving: {
        revision: SERVING,
        version: 'deepseek-r1-distill-qwen-7b/FP16/0.32.0',
        readyReplicas: 2,
        proven: true,
      },
      rollout: { attempt: 1, phase: 'Idle' },
    }),
    controllerRevisions: [
      controllerRevision(SERVING, 2, 'deepseek-r1-distill-qwen-7b/FP16/0.32.0', {
        annotations: { 'deepseek-operator.io/proven': ago(2 * DAY) },
      }),
    ],
    deployments: [revisionDeployment(SERVING, 2, 2)],
    pods: [
      pod(SERVING, 'abcde', 'a100-80gb-0', podStatus.ready()),
      pod(SERVING, 'fghij', 'a100-80gb-1', podStatus.ready(DAY, 2)),
    ],
    nodes: NODES,
    denied: [],
  };
}

/** The same with a candidate, one pod of which loads and the other of which has no image. */
export function rollingOut(): TreeObjects {
  const base = steady();
  const message = `Pod chat-${CANDIDATE}-6d8f9c7b5d-vwxyz: the image vllm/vllm-openai:v0.33.9 cannot be pulled: docker.io/vllm/vllm-openai:v0.33.9: not found. Correct engine.image or engine.version (or model.source.image.reference).`;
  return {
    ...base,
    deployment: deploymentObject({
      ...base.deployment.status,
      conditions: [
        ready('False', 'ImageNotFound', message, 4 * MINUTE),
        { ...ready('True', 'ImageNotFound', message, 4 * MINUTE), type: 'Stalled' },
      ],
      candidate: {
        revision: CANDIDATE,
        version: 'deepseek-r1-distill-qwen-7b/FP16/0.33.9',
        readyReplicas: 0,
      },
      rollout: { attempt: 2, phase: 'Loading' },
    }),
    controllerRevisions: [
      ...base.controllerRevisions,
      controllerRevision(CANDIDATE, 3, 'deepseek-r1-distill-qwen-7b/FP16/0.33.9', { age: 5 * MINUTE }),
      controllerRevision('5c0e77aa01', 1, 'deepseek-llm-7b-chat/INT8/0.31.0', {
        age: 9 * DAY,
        annotations: { 'deepseek-operator.io/failed': 'OutOfMemoryGPU: The engine ran out of GPU memory.' },
      }),
    ],
    deployments: [...base.deployments, revisionDeployment(CANDIDATE, 2, 0, 5 * MINUTE)],
    pods: [
      ...base.pods,
      pod(CANDIDATE, 'qrstu', 'a100-80gb-0', podStatus.loading(3 * MINUTE + 12), 5 * MINUTE),
      pod(CANDIDATE, 'vwxyz', 'a100-80gb-1', podStatus.imageNotFound(), 5 * MINUTE),
    ],
  };
}
