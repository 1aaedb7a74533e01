import type { DeepSeekDeployment } from '../api/index.ts';
import type { EngineVersion } from '../catalog/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import { mergeArguments } from './arguments.ts';
import type { Argument } from './arguments.ts';
import { configFile } from './config-file.ts';
import { apiKey, probes, servedNames } from './container.ts';
import { termination } from './termination.ts';
import type { EngineContainer } from './types.ts';
import { hubRevision, weights } from './weights.ts';

const PORT = 30_000;
const KEY = 'ENGINE_API_KEY';
const LOGGING = { folder: '/etc/sglang', name: 'logging.json' };
/** SGLang reads files of this ending alone. */
const SETTINGS = { name: 'settings.yaml', setting: 'api-key' };
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
  const [variable] = apiKey(deployment, KEY);
  const keyed =
    variable &&
    configFile({
      ...LOGGING,
      image: plan.engine.image,
      lines: [loggingConfig(spec.engine?.extraArgs ?? [])],
      secret: { ...SETTINGS, variable },
    });
  const stop = termination(spec.termination);
  return {
    image: plan.engine.image,
    command: ['python3', '-m', 'sglang.launch_server'],
    args: mergeArguments(
      [['--model-path', model], ...sglangArguments(plan, deployment)],
      spec.engine?.extraArgs ?? [],
      version.plannedFlags.map(({ flags }) => flags),
    ),
    env: [
      ...env,
      ...(keyed ? [{ name: 'SGLANG_LOGGING_CONFIG_PATH', value: `${LOGGING.folder}/${LOGGING.name}` }] : []),
    ],
    port: PORT,
    metricsPath: '/metrics',
    // /health answers after a second at the earliest, when a token was made, and 503 while the weights load; an idle
    // engine makes one for it. It gives up by itself after 20 seconds.
    ...probes(plan, { port: PORT, path: '/health', timeoutSeconds: 5, slowSeconds: 19 }),
    ...files,
    ...(keyed && {
      initContainers: [...files.initContainers, ...keyed.initContainers],
      volumes: [...files.volumes, ...keyed.volumes],
      volumeMounts: [...files.volumeMounts, ...keyed.volumeMounts],
    }),
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
    // SGLang reads the file itself, so that the API key is in no list of processes (srt/utils/server_args_config_parser.py of 0.5.23).
    // It looks for this very word: `--config=FILE` it would leave alone, and ask for no key.
    ...(hasKey(deployment) ? [['--config', `${LOGGING.folder}/${SETTINGS.name}`] as const] : []),
    // Off by default.
    ['--enable-metrics'],
    ['--uvicorn-access-log-exclude-prefixes', '/health', '/metrics'],
  ];
}

const hasKey = ({ spec }: DeepSeekDeployment): boolean => spec.engine?.apiKeySecretRef !== undefined;

/**
 * What Python's logging is told of an engine with an API key: SGLang logs all its settings when it
 * starts, the key among them (`server_args={... 'api_key': '...'}`, entrypoints/engine.py of 0.5.23; sgl-project/sglang#37457). Whoever may
 * read logs of pods could read what they may not read in a Secret, and the end of a log goes into the status of a pod. That module
 * logs from warnings on; the others as SGLang has them without a configuration (srt/utils/common.py, configure_logger), but for the
 * rank of a process, in whose place is its name.
 */
function loggingConfig(extraArgs: readonly string[]): string {
  const level = levelOf(extraArgs).toUpperCase();
  return JSON.stringify({
    version: 1,
    disable_existing_loggers: false,
    formatters: { default: { format: '[%(asctime)s %(processName)s] %(message)s', datefmt: '%Y-%m-%d %H:%M:%S' } },
    handlers: { default: { class: 'logging.StreamHandler', formatter: 'default' } },
    root: { level, handlers: ['default'] },
    loggers: {
      'sglang.srt.entrypoints.engine': { level: 'WARNING' },
      httpx: { level: 'WARNING' },
      httpcore: { level: 'WARNING' },
    },
  });
}

/** What the last `--log-level` of the user says. */
function levelOf(extraArgs: readonly string[]): string {
  const at = extraArgs.findLastIndex((argument) => /^--log[-_]level(?:=|$)/.test(argument));
  const [, given] = /=(.*)$/.exec(extraArgs[at] ?? '') ?? [];
  return (at < 0 ? undefined : (given ?? extraArgs[at + 1])) ?? 'info';
}

/** Most quantized checkpoints say so themselves, and want no flag. INT8 with a scale per channel does not. */
function quantizationArguments({ model, quantization }: ServingPlan): Argument[] {
  if (model.quantizedOnLoad) return [['--quantization', quantization.toLowerCase()]];
  return model.checkpointFormat === 'channel-int8' ? [['--quantization', 'w8a8_int8']] : [];
}
