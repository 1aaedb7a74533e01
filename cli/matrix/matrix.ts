import type { PlannerReason, QuantizationType } from '../../operator/api/index.ts';
import { CATALOG, type Catalog, findModel } from '../../operator/catalog/index.ts';
import { type MatrixCell, planMatrix } from '../../operator/planner/matrix.ts';
import { countParameters } from '../../operator/planner/weights.ts';
import { notInCatalog } from '../support/not-in-catalog.ts';

/** What `kubectl deepseek plan --matrix -o json` prints: part of what scripts may rely on. */
export interface Matrix {
  readonly model: string;
  /** Parameters of the model. */
  readonly parameters: number;
  /** Tokens that were asked for; absent: each combination has the context that suits it. */
  readonly context?: number;
  /** By accelerator, then by quantization, both in the order of the catalogue. */
  readonly combinations: readonly Combination[];
}

export interface Combination {
  readonly accelerator: string;
  readonly quantization: QuantizationType;
  readonly accepted: boolean;
  readonly reason: PlannerReason;
  /** Why not, with numbers; absent when accepted. */
  readonly message?: string;
  /** Absent when refused. */
  readonly plan?: CombinationPlan;
}

export interface CombinationPlan {
  readonly engine: string;
  /** 0 on CPU. */
  readonly gpusPerReplica: number;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly maxModelLen: number;
  readonly maxConcurrency: number;
  readonly kvCacheTokens: number;
  readonly weightsGiBPerGPU: number;
  /** What the container asks for of its host. */
  readonly hostMemoryGiB: number;
  readonly startupBudgetSeconds: number;
  readonly warnings: readonly string[];
}

/** A model on every GPU in every quantization. Throws CommandError if the catalogue does not have it. */
export function matrixOf(name: string, context: number | undefined, catalog: Catalog = CATALOG): Matrix {
  const model = findModel(catalog, name.toLowerCase());
  if (model === undefined) throw notInCatalog('model', name, catalog.models);
  return {
    model: model.name,
    parameters: countParameters(model.architecture).total,
    ...(context !== undefined && { context }),
    combinations: planMatrix(model, catalog, { maxModelLen: context }).map(combination),
  };
}

function combination({ accelerator, quantization, outcome }: MatrixCell): Combination {
  const about = { accelerator: accelerator.name, quantization: quantization.type };
  if ('refused' in outcome) return { ...about, accepted: false, reason: outcome.reason, message: outcome.message };
  const { engine, gpusPerReplica, tensorParallel, pipelineParallel, maxModelLen, maxConcurrency } = outcome;
  const { kvCacheTokens, startupBudgetSeconds, warnings } = outcome;
  return {
    ...about,
    accepted: true,
    reason: warnings.length > 0 ? 'PlannedWithWarnings' : 'Planned',
    plan: {
      engine: engine.type,
      gpusPerReplica,
      tensorParallel,
      pipelineParallel,
      maxModelLen,
      maxConcurrency,
      kvCacheTokens,
      weightsGiBPerGPU: outcome.memory.weightsGiBPerGPU,
      hostMemoryGiB: outcome.host.memoryRequestGiB,
      startupBudgetSeconds,
      warnings,
    },
  };
}
