import type { DeepSeekDeployment, DeepSeekDeploymentSpec } from '../../api/index.ts';
import type { PlanResult } from '../../planner/types.ts';
import { SERVING_PRIORITY_CLASS } from '../../resources/priority-class.ts';
import { rolloutSettings } from '../../rollout/settings.ts';

/** The deployment as its pods are rendered in a cluster that has the PriorityClass of models: theirs, unless the user names one. */
export function withServingPriority(deployment: DeepSeekDeployment): DeepSeekDeployment {
  const { podTemplate } = deployment.spec;
  const named = { priorityClassName: SERVING_PRIORITY_CLASS, ...podTemplate };
  return { ...deployment, spec: { ...deployment.spec, podTemplate: named } };
}

/** Says in the plan what a handover risks in a cluster without the PriorityClass of models. */
export function warnOfRaces(result: PlanResult, spec: DeepSeekDeploymentSpec): PlanResult {
  if (!result.accepted || result.plan.gpusPerReplica === 0) return result;
  if (spec.podTemplate?.priorityClassName !== undefined) return result;
  // One replica has nothing to hand over.
  const most = Math.max(spec.replicas ?? 1, spec.autoscaling?.maxReplicas ?? 1);
  if (most < 2 || !rolloutSettings(spec).ways.includes('Handover')) return result;
  const warning =
    `the operator sees no PriorityClass ${SERVING_PRIORITY_CLASS} in the cluster: in a handover pods of other tenants may take the GPUs that the old version frees; ` +
    'apply crds/priorityclass.yaml before the next version, or set podTemplate.priorityClassName';
  return { ...result, plan: { ...result.plan, warnings: [...result.plan.warnings, warning] } };
}
