import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { plan } from './plan.ts';
import type { PlanResult, ServingPlan } from './types.ts';

/** The specification of a model on a GPU, as short as the cases of a table need it. */
export interface Case {
  readonly model: string;
  readonly on: string;
  readonly gpus?: number;
  readonly quantization?: NonNullable<DeepSeekDeploymentSpec['quantization']>['type'];
  readonly context?: number;
  /** Repository of weights that were quantized beforehand. */
  readonly repository?: string;
}

export function specOf({ model, on, gpus, quantization, context, repository }: Case): DeepSeekDeploymentSpec {
  return {
    model: {
      name: model,
      ...(context !== undefined && { maxModelLen: context }),
      ...(repository !== undefined && { source: { huggingFace: { repository } } }),
    },
    accelerator: { type: on, ...(gpus !== undefined && { count: gpus }) },
    ...(quantization !== undefined && { quantization: { type: quantization } }),
  };
}

/** The plan of a case that has one. */
export function accepted(result: PlanResult): ServingPlan {
  if (!result.accepted) throw new Error(`refused: ${result.reason}: ${result.message}`);
  return result.plan;
}

export const planOf = (one: Case): PlanResult => plan(specOf(one));
