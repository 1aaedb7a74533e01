import type { DeepSeekDeployment, OperatorDefaults } from '../../api/index.ts';
import { renderEngine } from '../../engines/index.ts';
import { plan } from '../../planner/index.ts';
import type { PlanResult, ServingPlan } from '../../planner/types.ts';
import { renderPodTemplate } from '../../resources/pod-template.ts';
import { childNames } from '../../resources/names.ts';
import { CANONICAL_FORMS, type CanonicalForms } from '../../rollout/canonical.ts';
import { findRevision, newRevision, type PlanSummary, type Revision } from '../../rollout/revision.ts';
import type { ClusterFacts, LiveDeployment } from '../snapshot.ts';
import { fromMirrors, judgeDefaults, withDefaults } from './defaults.ts';
import { checkImageVolume } from './image-volumes.ts';
import { onceFor } from './once-for.ts';
import { warnOfRaces, withServingPriority } from './serving-priority.ts';

/** How an operator makes a revision of a spec: what may be another thing in the next version of it. */
export interface Making {
  readonly forms: CanonicalForms;
  readonly plan: (spec: DeepSeekDeployment['spec']) => PlanResult;
  readonly render: (
    deployment: DeepSeekDeployment,
    hash: string,
    plan: ServingPlan,
    defaults: OperatorDefaults,
  ) => ReturnType<typeof renderPodTemplate>;
}

/** How this one does. */
export const MAKING: Making = {
  forms: CANONICAL_FORMS,
  plan: onceFor((spec: DeepSeekDeployment['spec']) => plan(spec)),
  render: (deployment, hash, accepted, defaults) => {
    const filled = withDefaults(deployment, accepted, defaults);
    const engine = fromMirrors(renderEngine(accepted, filled), deployment.spec, defaults);
    return renderPodTemplate(filled, hash, accepted, engine, defaults);
  },
};

/** What the spec asks for, judged. */
export interface Desired {
  /** The revision to bring about: a stored one, or a new one that is not stored yet. Absent when the planner refused. */
  readonly revision?: Revision;
  readonly isNew: boolean;
  readonly plan: PlanResult;
}

/**
 * Finds or makes the revision that the spec asks for. A stored revision stands as it was accepted: a catalogue that has
 * learned to refuse it since then warns and does not stop it. One that was lost gets the template that its Deployment
 * still runs: rendered anew, by a later operator, it might restart every pod.
 */
export function desiredRevision(
  deployment: DeepSeekDeployment,
  stored: readonly Revision[],
  running: readonly LiveDeployment[],
  { version, servingPriority, defaults }: Omit<ClusterFacts, 'nodes'>,
  { forms, plan: planOf, render }: Making = MAKING,
): Desired {
  const judged = checkImageVolume(planOf(deployment.spec), version);
  const result = servingPriority === false ? warnOfRaces(judged, deployment.spec) : judged;
  const found = findRevision(stored, deployment.spec, forms);
  if (found) return { revision: found, isNew: false, plan: result };
  const rendering = judgeDefaults(result, defaults);
  if (!rendering.accepted) return { isNew: false, plan: rendering };
  const rendered = (hash: string) => {
    const name = childNames(deployment.metadata.name, hash).deployment;
    const runs = running.find(({ metadata }) => metadata.name === name)?.spec?.template;
    const placed = servingPriority === true ? withServingPriority(deployment) : deployment;
    return {
      template: runs ?? render(placed, hash, rendering.plan, defaults?.value ?? {}),
      plan: summarize(rendering.plan),
      version: versionOf(deployment, rendering.plan),
    };
  };
  const revision = newRevision(stored, deployment.spec, rendered, forms, deployment.metadata.generation);
  return { revision, isNew: true, plan: rendering };
}

/** Share of the memory of a GPU that the engine fills at most. */
function gpuMemoryFraction({ memory }: ServingPlan): number {
  const { weightsGiBPerGPU, overheadGiBPerGPU, kvCacheGiBPerGPU, gpuTotalGiB } = memory;
  return Math.min(1, (weightsGiBPerGPU + overheadGiBPerGPU + kvCacheGiBPerGPU) / gpuTotalGiB);
}

/** The plan as status.plan shows it. */
export function summarize(plan: ServingPlan): PlanSummary {
  return {
    engine: plan.engine.type,
    quantization: plan.quantization,
    tensorParallel: plan.tensorParallel,
    pipelineParallel: plan.pipelineParallel,
    gpusPerReplica: plan.gpusPerReplica,
    weightsGiBPerGPU: plan.memory.weightsGiBPerGPU.toFixed(1),
    kvCacheTokens: plan.kvCacheTokens,
    maxConcurrency: plan.maxConcurrency.toFixed(1),
    startupBudgetSeconds: plan.startupBudgetSeconds,
    maxNumSeqs: plan.maxNumSeqs,
    ...(plan.gpusPerReplica > 0 && { gpuMemoryFraction: gpuMemoryFraction(plan).toFixed(2) }),
    warnings: [...plan.warnings],
  };
}

/** `<model>[@revision]/<quantization>/<engine version>`, for people. */
function versionOf(deployment: DeepSeekDeployment, plan: ServingPlan): string {
  const { name, revision } = deployment.spec.model;
  const model = revision === undefined ? name : `${name}@${revision.slice(0, 12)}`;
  return `${model}/${plan.quantization}/${plan.engine.type} ${plan.engine.version}`;
}
