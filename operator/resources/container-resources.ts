import type { IResourceRequirements } from 'kubernetes-models/v1/ResourceRequirements';
import type { DeepSeekDeployment } from '../api/index.ts';
import type { ServingPlan } from '../planner/types.ts';
import { gib, optionalQuantity } from './quantity.ts';

/**
 * Requests and limits of the engine container. GPUs are extended resources: request and limit must be equal. CPU has no
 * limit, because throttling a tokenizer thread stalls the whole batch. Memory is limited, since the pages of /dev/shm
 * and of memory-mapped weights count into it and would otherwise take the node down.
 */
export function containerResources(
  spec: DeepSeekDeployment['spec'],
  plan: ServingPlan,
  ephemeralStorage: string | undefined,
): IResourceRequirements {
  const gpus = gpuRequest(plan);
  const memory = optionalQuantity(spec.resources?.memory);
  return {
    requests: {
      cpu: optionalQuantity(spec.resources?.cpu) ?? plan.host.cpu,
      memory: memory ?? gib(plan.host.memoryRequestGiB),
      ...(ephemeralStorage !== undefined && { 'ephemeral-storage': ephemeralStorage }),
      ...gpus,
    },
    limits: { memory: memory ?? gib(plan.host.memoryLimitGiB), ...gpus },
  };
}

function gpuRequest(plan: ServingPlan): Record<string, string> {
  const { resourceName } = plan.accelerator;
  return resourceName === undefined || plan.gpusPerReplica === 0 ? {} : { [resourceName]: String(plan.gpusPerReplica) };
}
