import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import { type Child, childMetadata, childNames, type Owner, revisionSelector } from './names.ts';

/** What a Deployment adds to the stored revision. */
export interface DeploymentInput {
  /** Hash of the revision. */
  readonly revision: string;
  /** The pod template as stored in the revision; it is applied as it is. */
  readonly template: IPodTemplateSpec;
  readonly replicas: number;
  /** ServingPlan.startupBudgetSeconds of the revision. */
  readonly startupBudgetSeconds: number;
}

/**
 * What the Deployment controller waits beyond the startup budget (scheduling, image pull) before it calls a revision
 * stuck. The operator judges earlier and with more evidence; this is the net below it.
 */
const PROGRESS_MARGIN_SECONDS = 900;

/** The Deployment of one revision. */
export function revisionDeployment(deployment: Owner, input: DeploymentInput): Child<IDeployment> {
  const { name } = deployment.metadata;
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: childMetadata(deployment, childNames(name, input.revision).deployment, { revision: input.revision }),
    spec: {
      replicas: input.replicas,
      minReadySeconds,
      progressDeadlineSeconds: input.startupBudgetSeconds + minReadySeconds + PROGRESS_MARGIN_SECONDS,
      // The history is in the ControllerRevisions; an old ReplicaSet can only come from a foreign edit of the template.
      revisionHistoryLimit: 0,
      selector: { matchLabels: revisionSelector(name, input.revision) },
      // The template never changes, but if somebody else makes it: without free GPUs a surge pod would wait for ever.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      template: input.template,
    },
  };
}
