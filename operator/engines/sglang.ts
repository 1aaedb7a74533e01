import type { DeepSeekDeployment } from '../api/index.ts';
import type { EngineVersion } from '../catalog/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import { mergeArguments } from './arguments.ts';
import type { Argument } from './arguments.ts';
import { apiKey, probes, servedNames } from './container.ts';
import { termination } from './termination.ts';
import type { EngineContainer } from './types.ts';
import { hubRevision, weights } from './weights.ts';

const PORT = 30_000;
const KEY = 'ENGINE_API_KEY';
/** It looks for SIGTERM every 5 seconds, for the end of requests every 5, and then waits for its schedulers. */
const EXIT_SECONDS = 15;

/** How SGLang serves a plan. It drains without a bound on SIGTERM: the grace period of the pod is the bound. */
export function renderSGLang(
  plan: ServingPlan,
  deployment: DeepSeekDeployment,
  version: EngineVersion,
): EngineContainer {
  const { spec } = deployment;
  const { model, env, ...files } = weights(plan, deployment);
  const stop = termination(spec.termination);
  return {
    image: plan.engine.image,
    command: ['python3', '-m', 'sglang.launch_server'],
    args: mergeArguments(
      [['--model-path', model], ...sglangArguments(plan, deployment)],
      spec.engine?.extraArgs ?? [],
      version.plannedFlags.map(({ flags }) => flags),
    ),
    env: [...env, ...apiKey(deployment, KEY)],
    port: PORT,
    metricsPath: '/metrics',
    // /health answers after a second at the earliest, when a token was made, and 503 while the weights load; an idle
    // engine makes one for it. It gives up by itself after 20 seconds.
    ...probes(plan, { port: PORT, path: '/health', timeoutSeconds: 5, slowSeconds: 19 }),
    ...files,
    terminationGracePeriodSeconds: stop.gracePeriodSeconds + EXIT_SECONDS,
    preStopSeconds: stop.preStopSeconds,
  };
}

function sglangArguments(plan: ServingPlan, deployment: DeepSeekDeployment): Argument[] {
  const { model, memory } = plan;
  const [name] = servedNames(deployment);
  const revision = hubRevision(plan);
  return [
    // By default it listens on the loopback address alone.
    ['--host', '0.0.0.0'],
    ['--port', String(PORT)],
    ['--served-model-name', name],
    ...(revision === undefined ? [] : [['--revision', revision] as const]),
    ...(model.trustRemoteCode ? [['--trust-remote-code'] as const] : []),
    ['--dtype', plan.computeDtype],
    ...quantizationArguments(plan),
    ['--tp-size', String(plan.tensorParallel)],
    ...(plan.pipelineParallel > 1 ? [['--pp-size', String(plan.pipelineParallel)] as const] : []),
    ...(plan.expertParallel > 1 ? [['--ep-size', String(plan.expertParallel)] as const] : []),
    ['--context-length', String(plan.maxModelLen)],
    ...(memory.engineSetting === undefined
      ? []
      : [['--mem-fraction-static', memory.engineSetting.fraction.toFixed(3)] as const]),
    ['--max-running-requests', String(plan.maxNumSeqs)],
    ['--chunked-prefill-size', String(plan.maxNumBatchedTokens)],
    ...(plan.kvCacheDtype === 'fp8' ? [['--kv-cache-dtype', 'fp8_e4m3'] as const] : []),
    // The kubelet puts the key in: the pod shows the reference alone.
    ...(deployment.spec.engine?.apiKeySecretRef === undefined ? [] : [['--api-key', `$(${KEY})`] as const]),
    // Off by default.
    ['--enable-metrics'],
    ['--uvicorn-access-log-exclude-prefixes', '/health', '/metrics'],
  ];
}

/** Most quantized checkpoints say so themselves, and want no flag. INT8 with a scale per channel does not. */
function quantizationArguments({ model, quantization }: ServingPlan): Argument[] {
  if (model.quantizedOnLoad) return [['--quantization', quantization.toLowerCase()]];
  return model.checkpointFormat === 'channel-int8' ? [['--quantization', 'w8a8_int8']] : [];
}
