import type { DeepSeekDeployment } from '../api/index.ts';
import type { EngineVersion } from '../catalog/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import { mergeArguments } from './arguments.ts';
import type { Argument } from './arguments.ts';
import { configFile } from './config-file.ts';
import { probes, servedNames } from './container.ts';
import { termination } from './termination.ts';
import type { EngineContainer } from './types.ts';
import { hubRevision, weights } from './weights.ts';

const PORT = 8000;
const CONFIG = { folder: '/etc/trtllm', name: 'config.yaml' };
const CONFIG_FILE = `${CONFIG.folder}/${CONFIG.name}`;

/** How TensorRT-LLM serves a plan: `trtllm-serve` with its PyTorch backend. */
export function renderTensorRTLLM(
  plan: ServingPlan,
  deployment: DeepSeekDeployment,
  version: EngineVersion,
): EngineContainer {
  const { spec } = deployment;
  const { model, env, volumes, volumeMounts, initContainers } = weights(plan, deployment);
  const config = configFile({ ...CONFIG, image: plan.engine.image, lines: configLines(plan) });
  const stop = termination(spec.termination);
  const { flags, plannedFlags } = version;
  const ours = trtllmArguments(plan, deployment).filter(([flag]) => flags.includes(flag));
  return {
    image: plan.engine.image,
    command: ['trtllm-serve', 'serve'],
    args: [
      model,
      ...mergeArguments(
        ours,
        spec.engine?.extraArgs ?? [],
        plannedFlags.map(({ flags: same }) => same),
      ),
    ],
    env,
    port: PORT,
    metricsPath: '/prometheus/metrics',
    // It binds its port at once and listens only once it has loaded.
    ...probes(plan, { port: PORT, path: '/health' }),
    initContainers: [...initContainers, ...config.initContainers],
    volumes: [...volumes, ...config.volumes],
    volumeMounts: [...volumeMounts, ...config.volumeMounts],
    terminationGracePeriodSeconds: stop.gracePeriodSeconds,
    preStopSeconds: stop.preStopSeconds,
  };
}

/** What the plan says of it; the flags that this version does not have are left out by the caller. */
function trtllmArguments(plan: ServingPlan, deployment: DeepSeekDeployment): Argument[] {
  const { model, memory } = plan;
  const [name] = servedNames(deployment);
  const revision = hubRevision(plan);
  return [
    // By default it listens on the loopback address alone.
    ['--host', '0.0.0.0'],
    ['--port', String(PORT)],
    ['--served_model_name', name],
    ...(revision === undefined ? [] : [['--revision', revision] as const]),
    ...(model.trustRemoteCode ? [['--trust_remote_code'] as const] : []),
    ['--tp_size', String(plan.tensorParallel)],
    ...(plan.pipelineParallel > 1 ? [['--pp_size', String(plan.pipelineParallel)] as const] : []),
    ...(plan.expertParallel > 1 ? [['--ep_size', String(plan.expertParallel)] as const] : []),
    ['--max_seq_len', String(plan.maxModelLen)],
    ['--max_batch_size', String(plan.maxNumSeqs)],
    ['--max_num_tokens', String(plan.maxNumBatchedTokens)],
    // Without it, a prompt that is longer than max_num_tokens is refused.
    ['--enable_chunked_prefill'],
    ...(memory.engineSetting === undefined
      ? []
      : [['--kv_cache_free_gpu_memory_fraction', memory.engineSetting.fraction.toFixed(2)] as const]),
    ['--config', CONFIG_FILE],
  ];
}

/**
 * The configuration file: without the two settings about metrics, Prometheus finds nothing, and the number format of the activations
 * would be the checkpoint's. Its kv_cache_config replaces what the flags say as a whole.
 */
function configLines({ computeDtype, kvCacheDtype, memory: { engineSetting } }: ServingPlan): string[] {
  const fraction =
    engineSetting === undefined ? [] : [`  free_gpu_memory_fraction: ${engineSetting.fraction.toFixed(2)}`];
  return [
    `dtype: ${computeDtype}`,
    'return_perf_metrics: true',
    'enable_iter_perf_stats: true',
    ...(kvCacheDtype === 'fp8' ? ['kv_cache_config:', '  dtype: fp8', ...fraction] : []),
  ];
}
