import type { DeepSeekDeployment, PlannerReason } from '../../operator/api/index.ts';
import { renderEngine } from '../../operator/engines/index.ts';
import {
  type Alternative,
  applyMergePatch,
  formatCount,
  formatTokens,
  hardware,
  type MemoryDemand,
  plan,
  type ServingPlan,
} from '../../operator/planner/index.ts';

/** What `kubectl deepseek plan -o json` prints: part of what scripts may rely on. */
export interface Verdict {
  readonly name: string;
  readonly namespace?: string;
  readonly accepted: boolean;
  readonly reason: PlannerReason;
  readonly message: string;
  /** What would plan instead, cheapest first; empty for an accepted plan. */
  readonly alternatives: readonly AlternativeOutput[];
  /** What is missing, of a plan that is refused for its memory. */
  readonly memory?: MemoryDemand;
  /** Absent when refused. */
  readonly plan?: PlanOutput;
}

/** A change with which the object plans, and what comes of it. */
export interface AlternativeOutput extends Alternative {
  readonly model: string;
  readonly quantization: string;
  readonly engine: string;
  readonly accelerator: string;
  /** Extended resource of a GPU; absent on CPU. */
  readonly resourceName?: string;
  readonly gpusPerReplica: number;
  readonly maxModelLen: number;
  readonly maxConcurrency: number;
}

export interface PlanOutput {
  readonly engine: string;
  readonly engineVersion: string;
  readonly image: string;
  readonly model: string;
  /** Hugging Face id of the weights; absent when they come from a volume or an image. */
  readonly repository?: string;
  readonly source: ServingPlan['model']['source'];
  /** Bytes of the weights files, GiB. */
  readonly checkpointGiB: number;
  readonly accelerator: string;
  readonly device: ServingPlan['accelerator']['device'];
  /** Extended resource of a GPU; absent on CPU. */
  readonly resourceName?: string;
  readonly quantization: string;
  readonly computeDtype: string;
  readonly kvCacheDtype: string;
  /** File type of a GGUF repository. */
  readonly ggufType?: string;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly expertParallel: number;
  /** 0 on CPU. */
  readonly gpusPerReplica: number;
  readonly maxModelLen: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly gpuMemoryGiB: number;
  readonly gpuMemoryUtilization: number;
  readonly usableGiBPerGPU: number;
  readonly weightsGiBPerGPU: number;
  readonly overheadGiBPerGPU: number;
  readonly kvCacheGiBPerGPU: number;
  readonly kvCacheTokens: number;
  readonly maxConcurrency: number;
  readonly startupBudgetSeconds: number;
  /** What is expected of each phase of a start, without margin. */
  readonly startup: ServingPlan['startup'];
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
  const alternatives = result.alternatives.flatMap((alternative) => outcomeOf(alternative, deployment) ?? []);
  if (!result.accepted) {
    const { reason, message, memory } = result;
    return { ...about, accepted: false, reason, message, alternatives, ...(memory !== undefined && { memory }) };
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
  const { maxConcurrency, maxModelLen } = plan;
  return `${plan.model.name} in ${plan.quantization} fits on ${hardware(plan)}, with room for ${formatCount(maxConcurrency)} sequences of ${formatTokens(maxModelLen)}`;
}

/** What comes of an alternative; undefined if it does not plan. */
function outcomeOf({ summary, change }: Alternative, { spec }: DeepSeekDeployment): AlternativeOutput | undefined {
  const result = plan(applyMergePatch(spec, change));
  if (!result.accepted) return undefined;
  const { model, quantization, engine, accelerator, gpusPerReplica, maxModelLen, maxConcurrency } = result.plan;
  return {
    summary,
    change,
    model: model.name,
    quantization,
    engine: engine.type,
    accelerator: accelerator.type,
    ...(accelerator.resourceName !== undefined && { resourceName: accelerator.resourceName }),
    gpusPerReplica,
    maxModelLen,
    maxConcurrency,
  };
}

function planOutput(plan: ServingPlan, deployment: DeepSeekDeployment): PlanOutput {
  const { command, args } = renderEngine(plan, deployment);
  const { memory, model, accelerator } = plan;
  return {
    engine: plan.engine.type,
    engineVersion: plan.engine.version,
    image: plan.engine.image,
    model: model.name,
    ...(model.repository !== undefined && { repository: model.repository }),
    source: model.source,
    checkpointGiB: model.checkpointGiB,
    accelerator: accelerator.type,
    device: accelerator.device,
    ...(accelerator.resourceName !== undefined && { resourceName: accelerator.resourceName }),
    quantization: plan.quantization,
    computeDtype: plan.computeDtype,
    kvCacheDtype: plan.kvCacheDtype,
    ...(model.ggufType !== undefined && { ggufType: model.ggufType }),
    tensorParallel: plan.tensorParallel,
    pipelineParallel: plan.pipelineParallel,
    expertParallel: plan.expertParallel,
    gpusPerReplica: plan.gpusPerReplica,
    maxModelLen: plan.maxModelLen,
    maxNumSeqs: plan.maxNumSeqs,
    maxNumBatchedTokens: plan.maxNumBatchedTokens,
    gpuMemoryGiB: memory.gpuTotalGiB,
    gpuMemoryUtilization: Math.round((memory.usableGiBPerGPU / memory.gpuTotalGiB) * 1000) / 1000,
    usableGiBPerGPU: memory.usableGiBPerGPU,
    weightsGiBPerGPU: memory.weightsGiBPerGPU,
    overheadGiBPerGPU: memory.overheadGiBPerGPU,
    kvCacheGiBPerGPU: memory.kvCacheGiBPerGPU,
    kvCacheTokens: plan.kvCacheTokens,
    maxConcurrency: plan.maxConcurrency,
    startupBudgetSeconds: plan.startupBudgetSeconds,
    startup: plan.startup,
    host: plan.host,
    command: [...command, ...args],
    warnings: plan.warnings,
  };
}
