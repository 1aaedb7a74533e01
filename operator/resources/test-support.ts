import { API_VERSION, type DeepSeekDeploymentInput, deepSeekDeployment, KIND } from '../api/index.ts';
import type { EngineContainer } from '../engines/types.ts';
import type { ServingPlan } from '../planner/types.ts';
import type { Owner } from './names.ts';

type SpecInput = DeepSeekDeploymentInput['spec'];

/** A DeepSeekDeployment `ai/chat` as the API server would store it; `spec` is merged over the smallest one, block by block. */
export function deploymentWith(spec: Partial<SpecInput> = {}): Owner {
  return deepSeekDeployment.parse({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'chat', namespace: 'ai', uid: '6a1f0c9e-2b7d-4e07-9a51-000000000001' },
    spec: {
      model: { name: 'deepseek-r1-distill-qwen-7b' },
      accelerator: { type: 'A100-80GB' },
      ...spec,
    },
  }) as Owner;
}

/** A plan of one A100-80GB; `change` replaces members. */
export function planWith(change: Partial<ServingPlan> = {}): ServingPlan {
  return {
    model: {
      name: 'deepseek-r1-distill-qwen-7b',
      repository: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-7B',
      trustRemoteCode: false,
      quantizedOnLoad: false,
      checkpointGiB: 14.2,
      source: 'HuggingFace',
    },
    engine: { type: 'vLLM', version: '0.32.0', image: 'vllm/vllm-openai:v0.32.0' },
    quantization: 'FP16',
    computeDtype: 'float16',
    kvCacheDtype: 'auto',
    accelerator: { type: 'A100-80GB', device: 'GPU', resourceName: 'nvidia.com/gpu', computeCapability: '8.0' },
    tensorParallel: 1,
    pipelineParallel: 1,
    expertParallel: 1,
    gpusPerReplica: 1,
    maxModelLen: 32_768,
    maxNumSeqs: 256,
    maxNumBatchedTokens: 8_192,
    memory: {
      gpuTotalGiB: 79.25,
      usableGiBPerGPU: 71.3,
      engineSetting: { kind: 'FractionOfTotal', fraction: 0.9 },
      weightsGiBPerGPU: 14.2,
      overheadGiBPerGPU: 3,
      kvCacheGiBPerGPU: 54.1,
      kvBytesPerTokenPerGPU: 57_344,
    },
    kvCacheTokens: 1_013_000,
    maxConcurrency: 30.9,
    host: { cpu: '4', memoryRequestGiB: 24, memoryLimitGiB: 32.5, sharedMemoryGiB: 2, ephemeralStorageGiB: 20 },
    startupBudgetSeconds: 1_800,
    startup: { downloadSeconds: 600, loadSeconds: 60, compileSeconds: 90, warmUpSeconds: 30 },
    warnings: [],
    ...change,
  };
}

/** What vLLM needs of its pod, shortened; `change` replaces members. */
export function engineWith(change: Partial<EngineContainer> = {}): EngineContainer {
  const health = { httpGet: { path: '/health', port: 'http' } };
  return {
    image: 'vllm/vllm-openai:v0.32.0',
    command: ['vllm', 'serve'],
    args: ['deepseek-ai/DeepSeek-R1-Distill-Qwen-7B', '--host', '0.0.0.0', '--port', '8000'],
    env: [{ name: 'VLLM_NO_USAGE_STATS', value: '1' }],
    port: 8000,
    metricsPath: '/metrics',
    startupProbe: { ...health, periodSeconds: 10, failureThreshold: 180 },
    livenessProbe: { ...health, periodSeconds: 10, failureThreshold: 12 },
    readinessProbe: { ...health, periodSeconds: 5, failureThreshold: 2 },
    initContainers: [],
    volumes: [],
    volumeMounts: [],
    terminationGracePeriodSeconds: 345,
    preStopSeconds: 10,
    ...change,
  };
}
