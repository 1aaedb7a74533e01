import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import type { Catalog, ModelEntry } from '../catalog/index.ts';
import { assemble } from './assemble.ts';
import { checkContext, hostTokens, shortestContext } from './context.ts';
import { engineCandidates } from './engine-choice.ts';
import type { EngineChoice } from './engine-choice.ts';
import { checkExtraArgs } from './extra-args.ts';
import { hostMemoryGiB } from './host.ts';
import { fitMemory, hostKVCacheGiB } from './memory.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { resolveAccelerator, resolveMeasured, resolveModel } from './resolve.ts';
import type { ResolvedAccelerator } from './resolve.ts';
import { chooseSplit } from './split.ts';
import { weightsFrom } from './startup.ts';
import type { ServingPlan, WeightsSource } from './types.ts';
import type { Measured, Workload } from './workload.ts';

/** What a replica is asked for, as far as it does not depend on the engine. */
interface Wanted {
  readonly spec: DeepSeekDeploymentSpec;
  readonly catalog: Catalog;
  readonly model: ModelEntry;
  readonly accelerator: ResolvedAccelerator;
  readonly measured: Measured | undefined;
  readonly from: WeightsSource;
}

/** Plans one replica, or says why not. With several engines to choose from: the first with which it fits. */
export function decide(spec: DeepSeekDeploymentSpec, catalog: Catalog): ServingPlan | Refusal {
  const model = resolveModel(spec, catalog);
  if (isRefusal(model)) return model;
  const accelerator = resolveAccelerator(spec, catalog);
  if (isRefusal(accelerator)) return accelerator;
  const from = weightsFrom(spec);
  if (isRefusal(from)) return from;
  const measured = resolveMeasured(spec, model);
  if (isRefusal(measured)) return measured;
  const candidates = engineCandidates(spec, model, accelerator.entry, catalog);
  if (isRefusal(candidates)) return candidates;
  const tooLong = checkContext(model, spec.model.maxModelLen);
  if (tooLong !== undefined) return tooLong;
  let first: Refusal | undefined;
  for (const choice of candidates) {
    const plan = decideEngine({ spec, catalog, model, accelerator, measured, from }, choice);
    if (!isRefusal(plan)) return plan;
    first ??= plan;
  }
  return first ?? refuse('UnsupportedEngine', `no engine serves ${model.name} on ${accelerator.entry.name}`);
}

/** Plans one replica with one engine. */
function decideEngine(wanted: Wanted, choice: EngineChoice): ServingPlan | Refusal {
  const { spec, catalog, model, accelerator, from } = wanted;
  const { engine, quantization, warnings } = choice;
  const extraArgs = checkExtraArgs(spec.engine?.extraArgs ?? [], engine);
  if (isRefusal(extraArgs)) return extraArgs;
  const workload = placed(wanted, choice);
  const split = chooseSplit(spec.accelerator, workload, catalog);
  if (isRefusal(split)) return split;
  const plan = assemble(spec, workload, split, from, [
    ...warnings,
    ...engine.warnings,
    ...accelerator.warnings,
    ...quantization.warnings,
    ...extraArgs.warnings,
  ]);
  return isFiniteThroughout(plan)
    ? plan
    : refuse(
        'NoMemoryModel',
        `the memory of ${model.name} on ${accelerator.entry.name} cannot be computed from these numbers`,
      );
}

/** The workload on its memory. A CPU has what the spec gives the container, else what the model needs. */
function placed({ spec, model, accelerator, measured }: Wanted, { engine, quantization }: EngineChoice): Workload {
  const wanted = spec.model.maxModelLen;
  const workload: Workload = {
    model,
    accelerator: accelerator.entry,
    ...(accelerator.slice !== undefined && { slice: accelerator.slice }),
    engine,
    quantization,
    minTokens: shortestContext(model, wanted),
    ...(measured !== undefined && { measured }),
  };
  if (accelerator.entry.device !== 'CPU') return workload;
  const given = hostMemoryGiB(spec);
  return given === undefined ? hostSized(workload, hostTokens(model, wanted)) : onHost(workload, given);
}

/** More than any host has: what a model needs can be read off it. */
const BOUNDLESS_GIB = 2 ** 24;

function hostSized(workload: Workload, tokens: number): Workload {
  const { weightsGiB, overheadGiB, kvBytesPerToken, utilization } = fitMemory(onHost(workload, BOUNDLESS_GIB), {
    tensor: 1,
    pipeline: 1,
  });
  const needed =
    (weightsGiB + overheadGiB + hostKVCacheGiB(workload.engine.version, tokens + 1, kvBytesPerToken)) / utilization;
  return onHost(workload, needed);
}

function onHost(workload: Workload, gib: number): Workload {
  const memory = { deviceMiB: Math.ceil(gib * 1024), visibleGiB: gib };
  return { ...workload, accelerator: { ...workload.accelerator, memory } };
}

function isFiniteThroughout(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isFiniteThroughout);
}
