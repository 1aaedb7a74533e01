import type { IContainer } from 'kubernetes-models/v1/Container';
import type { DeepSeekDeployment } from '../api/index.ts';
import type { EngineVersion } from '../catalog/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import { mergeArguments } from './arguments.ts';
import type { Argument } from './arguments.ts';
import { probes, servedNames } from './container.ts';
import { termination } from './termination.ts';
import type { EngineContainer } from './types.ts';
import { hubRevision, weights } from './weights.ts';

const PORT = 8000;
const CONFIG_VOLUME = 'engine-config';
const CONFIG_FOLDER = '/etc/trtllm';
const CONFIG_FILE = `${CONFIG_FOLDER}/config.yaml`;

/** How TensorRT-LLM serves a plan: `trtllm-serve` with its PyTorch backend. */
export function renderTensorRTLLM(
  plan: ServingPlan,
  deployment: DeepSeekDeployment,
  version: EngineVersion,
): EngineContainer {
  const { spec } = deployment;
  const { model, env, volumes, volumeMounts, initContainers } = weights(plan, deployment);
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
    initContainers: [...initContainers, writeConfig(plan)],
    volumes: [...volumes, { name: CONFIG_VOLUME, emptyDir: { sizeLimit: '1Mi' } }],
    volumeMounts: [...volumeMounts, { name: CONFIG_VOLUME, mountPath: CONFIG_FOLDER, readOnly: true }],
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
 * The settings that have no flag: without the two about metrics, Prometheus finds nothing, and the number format of
 * the activations would be the checkpoint's. An object of its own for three lines would have to follow each revision,
 * so an init container writes them, with the shell of the engine's own image, which the node has to have anyway.
 */
function writeConfig(plan: ServingPlan): IContainer {
  return {
    name: CONFIG_VOLUME,
    image: plan.engine.image,
    command: ['/bin/sh', '-c', `printf '%s\\n' "$@" > ${CONFIG_FILE}`, 'write-config'],
    args: configLines(plan),
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
    volumeMounts: [{ name: CONFIG_VOLUME, mountPath: CONFIG_FOLDER }],
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
}

/** The configuration file; its kv_cache_config replaces what the flags say as a whole. */
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
