import { describe, test } from '@jest/globals';
import fc from 'fast-check';
import { isReason } from '../api/index.ts';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { CATALOG } from '../catalog/index.ts';
import { decide } from './decide.ts';
import { applyMergePatch } from './merge-patch.ts';
import { plan } from './plan.ts';
import { isRefusal } from './refusal.ts';
import { anySpec } from './testdata/arbitraries.ts';
import type { ServingPlan } from './types.ts';

/** PROPERTY_RUNS=100000 searches longer. */
const RUNS = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 10_000) };
const LIMIT_MS = 300_000;

/** Every number of a value, wherever it is. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

/** What is wrong with a plan as such, whatever was asked for. */
function flaws(plan: ServingPlan): string[] {
  const { tensorParallel, pipelineParallel, gpusPerReplica, accelerator, memory } = plan;
  const gpus = accelerator.device === 'CPU' ? 0 : tensorParallel * pipelineParallel;
  const used = memory.weightsGiBPerGPU + memory.overheadGiBPerGPU + memory.kvCacheGiBPerGPU;
  return [
    ...numbersIn(plan).flatMap((number) => (Number.isFinite(number) && number >= 0 ? [] : [`the number ${number}`])),
    ...(plan.kvCacheTokens >= plan.maxModelLen ? [] : ['no room for one sequence']),
    ...(gpusPerReplica === gpus ? [] : ['a number of GPUs that is not the split']),
    ...(used <= memory.usableGiBPerGPU + 0.05 ? [] : [`${used} GiB of ${memory.usableGiBPerGPU}`]),
    ...(memory.usableGiBPerGPU <= memory.gpuTotalGiB + 0.01 ? [] : ['more than the GPU has']),
    ...(plan.host.memoryLimitGiB >= plan.host.memoryRequestGiB ? [] : ['a limit below the request']),
  ];
}

/** What is wrong with the answer to a spec. */
function problems(spec: DeepSeekDeploymentSpec): string[] {
  const result = plan(spec);
  if (result.accepted) return flaws(result.plan);
  const { reason, message, alternatives } = result;
  return [
    ...(isReason(reason) ? [] : [`the reason ${String(reason)}`]),
    ...(message === '' || /undefined|NaN GiB|NaN tokens/.test(message) ? [`the message ${message}`] : []),
    ...(alternatives.length <= 5 ? [] : ['too many alternatives']),
    ...alternatives.flatMap(({ change, summary }) =>
      isRefusal(decide(applyMergePatch(spec, change), CATALOG)) ? [`the alternative ${summary} does not plan`] : [],
    ),
  ];
}

describe('for any spec', () => {
  test(
    'it answers: with finite numbers that add up, or with a reason of the reference and up to five alternatives that plan',
    () => {
      fc.assert(
        fc.property(anySpec, (spec) => {
          const found = problems(spec);
          if (found.length > 0) throw new Error(found.join('; '));
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  test(
    'the same input gives the same output, and the input stays as it was',
    () => {
      fc.assert(
        fc.property(anySpec, (spec) => {
          const before = structuredClone(spec);
          const text = JSON.stringify(spec);
          const same = JSON.stringify(decide(spec, CATALOG)) === JSON.stringify(decide(before, CATALOG));
          return same && JSON.stringify(spec) === text;
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );
});
