import type { IPriorityClass } from 'kubernetes-models/scheduling.k8s.io/v1/PriorityClass';

/** The PriorityClass of the pods of models, where the cluster has it (crds/priorityclass.yaml). */
export const SERVING_PRIORITY_CLASS = 'deepseek-serving';

/**
 * Above the pods without a class, which have 0, so that the scheduler takes ours first for GPUs that become free: in a
 * handover the next pod of the new version waits for exactly those. Far below the 1,000,000 that platforms often give
 * to their own, and the 2,000,000,000 of the system.
 */
const SERVING_PRIORITY = 1_000;

/** The class as it is shipped. It never evicts anybody: it is about who is next, not about who has to go. */
export function servingPriorityClass(): IPriorityClass {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: SERVING_PRIORITY_CLASS },
    value: SERVING_PRIORITY,
    preemptionPolicy: 'Never',
    description: 'Models that deepseek-operator serves. Their pods come first when GPUs become free, and evict nobody.',
  };
}
