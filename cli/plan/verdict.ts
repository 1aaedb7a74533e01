import type { DeepSeekDeployment, PlannerReason } from '../../operator/api/index.ts';
import { renderEngine } from '../../operator/engines/index.ts';
import { type Alternative, plan, type ServingPlan } from '../../operator/planner/index.ts';

/** What `kubectl deepseek plan -o json` prints: part of what scripts may rely on. */
export interface Verdict {
  readonly name: string;
  readonly namespace?: string;
  readonly accepted: boolean;
  readonly reason: PlannerReason;
  readonly message: string;
  /** What would plan instead, cheapest first; empty for an accepted plan. */
  readonly alternatives: readonly Alternative[];
  /** Absent when refused. */
  readonly plan?: PlanOutput;
}

export interface PlanOutput {
  readonly engine: string;
  readonly engineVersion: string;
  readonly image: string;
  readonly model: string;
  /** Hugging Face id of the weights; absent when they come from a volume or an image. */
  readonly repository?: string;
  readonly accelerator: string;
  readonly quantization: string;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly gpusPerReplica: number;
  readonly maxModelLen: number;
  readonly maxNumSeqs: number;
  readonly gpuMemoryGiB: number;
  readonly gpuMemoryUtilization: number;
  readonly usableGiBPerGPU: number;
  readonly weightsGiBPerGPU: number;
  readonly overheadGiBPerGPU: number;
  readonly kvCacheGiBPerGPU: number;
  readonly kvCacheTokens: number;
  readonly maxConcurrency: number;
  readonly startupBudgetSeconds: number;
  readonly host: ServingPlan['host'];
  /** The engine's command line, one item per argument. */
  readonly command: readonly string[];
  readonly warnings: readonly string[];
}

/** Plans one object, as the operator would. */
export function judge(deployment: DeepSeekDeployment): Verdict {
  const { name, namespace } = deployment.metadata;
  const result = plan(deployment.spec);
  const about = { name, ...(namespace !== undefined && { namespace }) };
  const { alternatives } = result;
  if (!result.accepted) {
    return { ...about, accepted: false, reason: result.reason, message: result.message, alternatives };
  }
  return {
    ...about,
    accepted: true,
    reason: result.plan.warnings.length > 0 ? 'PlannedWithWarnings' : 'Planned',
    message: summarize(result.plan),
    alternatives,
    plan: planOutput(result.plan, deployment),
  };
}

function summarize(plan: ServingPlan): string {
  const gpus = `${plan.gpusPerReplica} x ${plan.accelerator.type}`;
  return `${plan.model.name} in ${plan.quantization} fits on ${gpus}, with room for ${plan.maxConcurrency} sequences of ${plan.maxModelLen.toLocaleString('en-US')} tokens`;
}

function planOutput(plan: ServingPlan, deployment: DeepSeekDeployment): PlanOutput {
  const { command, args } = renderEngine(plan, deployment);
  const { memory } = plan;
  return {
    engine: plan.engine.type,
    engineVersion: plan.engine.version,
    image: plan.engine.image,
    model: plan.model.name,
    ...(plan.model.repository !== undefined && { repository: plan.model.repository }),
    accelerator: plan.accelerator.type,
    quantization: plan.quantization,
    tensorParallel: plan.tensorParallel,
    pipelineParallel: plan.pipelineParallel,
    gpusPerReplica: plan.gpusPerReplica,
    maxModelLen: plan.maxModelLen,
    maxNumSeqs: plan.maxNumSeqs,
    gpuMemoryGiB: memory.gpuTotalGiB,
    gpuMemoryUtilization: memory.usableGiBPerGPU / memory.gpuTotalGiB,
    usableGiBPerGPU: memory.usableGiBPerGPU,
    weightsGiBPerGPU: memory.weightsGiBPerGPU,
    overheadGiBPerGPU: memory.overheadGiBPerGPU,
    kvCacheGiBPerGPU: memory.kvCacheGiBPerGPU,
    kvCacheTokens: plan.kvCacheTokens,
    maxConcurrency: plan.maxConcurrency,
    startupBudgetSeconds: plan.startupBudgetSeconds,
    host: plan.host,
    command: [...command, ...args],
    warnings: plan.warnings,
  };
}
