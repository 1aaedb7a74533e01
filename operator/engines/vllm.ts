import type { IContainer } from 'kubernetes-models/v1/Container';
import type { DeepSeekDeployment } from '../api/index.ts';
import type { ComputeDtype, ServingPlan } from '../planner/index.ts';
import { mergeArguments } from './arguments.ts';
import type { Argument } from './arguments.ts';
import { apiKey, probes, servedNames } from './container.ts';
import { termination } from './termination.ts';
import type { EngineContainer } from './types.ts';
import { hubRevision, weights } from './weights.ts';

const PORT = 8000;

const DTYPE: Readonly<Record<ComputeDtype, string>> = { float16: 'half', bfloat16: 'bfloat16', float32: 'float' };

/** How vLLM serves a plan: `vllm serve` with everything said that the plan counted on, so that no default can change it. */
export function renderVLLM(plan: ServingPlan, deployment: DeepSeekDeployment): EngineContainer {
  const { spec } = deployment;
  const { model, env, ...files } = weights(plan, deployment);
  const stop = termination(spec.termination);
  return {
    image: plan.engine.image,
    // Said outright: older images have another entrypoint.
    command: ['vllm', 'serve'],
    args: [model, ...mergeArguments(vllmArguments(plan, deployment, stop.drainSeconds), spec.engine?.extraArgs ?? [])],
    env: [
      ...env,
      ...apiKey(deployment, 'VLLM_API_KEY'),
      ...hostMemory(plan),
      { name: 'VLLM_NO_USAGE_STATS', value: '1' },
    ],
    port: PORT,
    metricsPath: '/metrics',
    // vLLM listens only once it has loaded.
    ...probes(plan, { port: PORT, path: '/health' }),
    ...files,
    terminationGracePeriodSeconds: stop.gracePeriodSeconds,
    preStopSeconds: stop.preStopSeconds,
  };
}

function vllmArguments(plan: ServingPlan, deployment: DeepSeekDeployment, drainSeconds: number): Argument[] {
  const { model } = plan;
  const commit = hubRevision(plan);
  return [
    ['--host', '0.0.0.0'],
    ['--port', String(PORT)],
    ['--served-model-name', ...servedNames(deployment)],
    ...(commit === undefined ? [] : revision(commit)),
    ...(model.trustRemoteCode ? [['--trust-remote-code'] as const] : []),
    ...(model.streamed === true ? [['--load-format', 'runai_streamer'] as const] : []),
    ['--dtype', DTYPE[plan.computeDtype]],
    // A checkpoint that is quantized says so itself; naming it here would keep vLLM from choosing its fastest kernel.
    ...(model.quantizedOnLoad ? [['--quantization', plan.quantization.toLowerCase()] as const] : []),
    ['--tensor-parallel-size', String(plan.tensorParallel)],
    ...(plan.pipelineParallel > 1 ? [['--pipeline-parallel-size', String(plan.pipelineParallel)] as const] : []),
    ...(plan.expertParallel > 1 ? [['--enable-expert-parallel'] as const] : []),
    ['--max-model-len', String(plan.maxModelLen)],
    ...(plan.memory.engineSetting === undefined
      ? []
      : [['--gpu-memory-utilization', plan.memory.engineSetting.fraction.toFixed(2)] as const]),
    ['--max-num-seqs', String(plan.maxNumSeqs)],
    ['--max-num-batched-tokens', String(plan.maxNumBatchedTokens)],
    ...(plan.kvCacheDtype === 'fp8' ? [['--kv-cache-dtype', 'fp8'] as const] : []),
    // Without it vLLM cuts every running request on SIGTERM.
    ['--shutdown-timeout', String(drainSeconds)],
    ['--disable-access-log-for-endpoints', '/health,/metrics'],
  ];
}

/** The tokenizer lies beside the weights and is pinned with them. */
function revision(commit: string): Argument[] {
  return [
    ['--revision', commit],
    ['--tokenizer-revision', commit],
  ];
}

/** On a CPU the KV cache has a size instead of a share of the memory: the plan counts it in whole GiB. */
function hostMemory({ accelerator, memory }: ServingPlan): NonNullable<IContainer['env']> {
  return accelerator.device === 'CPU'
    ? [{ name: 'VLLM_CPU_KVCACHE_SPACE', value: String(Math.floor(memory.kvCacheGiBPerGPU)) }]
    : [];
}
