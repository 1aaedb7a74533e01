import type { DeepSeekDeployment } from '../api/index.ts';
import type { EngineVersion } from '../catalog/index.ts';
import { parseQuantity } from '../planner/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import { mergeArguments } from './arguments.ts';
import type { Argument } from './arguments.ts';
import { apiKey, probes, servedNames } from './container.ts';
import { waitUntilIdle } from './llama-cpp-drain.ts';
import { termination } from './termination.ts';
import type { EngineContainer } from './types.ts';
import { weights } from './weights.ts';

const PORT = 8080;
/** More layers than any model has: all of them go to the GPU. */
const ALL_LAYERS = 999;

/**
 * How llama.cpp serves a plan: `llama-server`. At SIGTERM it stops generating, so that running requests are given their
 * time before it: preStop waits until none is left.
 */
export function renderLlamaCpp(
  plan: ServingPlan,
  deployment: DeepSeekDeployment,
  version: EngineVersion,
): EngineContainer {
  const { spec } = deployment;
  const { model, env, ...files } = weights(plan, deployment);
  const stop = termination(spec.termination);
  const { plannedFlags } = version;
  return {
    image: plan.engine.image,
    command: ['/app/llama-server'],
    args: mergeArguments(
      [...modelArguments(model, plan), ...llamaArguments(plan, deployment)],
      spec.engine?.extraArgs ?? [],
      [...plannedFlags.map(({ flags }) => flags), ...SPELLINGS],
    ),
    env: [...env, ...apiKey(deployment, 'LLAMA_API_KEY')],
    port: PORT,
    metricsPath: '/metrics',
    // 503 while it loads; answered beside the computation, so that a busy one is never late.
    ...probes(plan, { port: PORT, path: '/health' }),
    ...files,
    terminationGracePeriodSeconds: stop.gracePeriodSeconds,
    preStopSeconds: stop.preStopSeconds,
    preStopCommand: waitUntilIdle(PORT, stop),
  };
}

/** Spellings of the flags of ours that users may set. */
const SPELLINGS = [
  ['--ubatch-size', '-ub'],
  ['--cache-ram', '-cram'],
  ['--threads', '-t'],
] as const;

/** A file in the container, or a file type of a repository on the hub. */
function modelArguments(model: string, { model: { source, ggufType } }: ServingPlan): Argument[] {
  if (source !== 'HuggingFace') return [['--model', model.endsWith('.gguf') ? model : `${model}/model.gguf`]];
  return [['--hf-repo', ggufType === undefined ? model : `${model}:${ggufType}`], ['--no-mmproj']];
}

function llamaArguments(plan: ServingPlan, deployment: DeepSeekDeployment): Argument[] {
  const slots = Math.max(1, Math.min(plan.maxNumSeqs, Math.floor(plan.kvCacheTokens / plan.maxModelLen)));
  const threads = Math.floor(parseQuantity(plan.host.cpu) ?? 0);
  return [
    // By default it listens on the loopback address alone.
    ['--host', '0.0.0.0'],
    ['--port', String(PORT)],
    ['--alias', servedNames(deployment).join(',')],
    // The context is that of all slots together.
    ['--ctx-size', String(plan.maxModelLen * slots)],
    ['--parallel', String(slots)],
    ['--ubatch-size', String(plan.maxNumBatchedTokens)],
    ['--cache-type-k', 'f16'],
    ['--cache-type-v', 'f16'],
    // As planned or not at all: it would shrink what does not fit without a word.
    ['--fit', 'off'],
    ...(plan.accelerator.device === 'CPU'
      ? []
      : [
          ['--gpu-layers', String(ALL_LAYERS)] as const,
          ['--split-mode', plan.gpusPerReplica > 1 ? 'layer' : 'none'] as const,
        ]),
    // It counts the cores of the node, not those of the container.
    ...(plan.accelerator.device !== 'GPU' && threads >= 1 ? [['--threads', String(threads)] as const] : []),
    // Up to 8 GiB of host memory by default, which the plan does not ask for.
    ['--cache-ram', '0'],
    // Off by default.
    ['--metrics'],
  ];
}
