import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import { ANNOTATION } from '../api/index.ts';
import { durationSeconds } from '../api/durations.ts';
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
  /** What the ControllerRevision says beside the template, so that a lost one can be made again. */
  readonly record?: string | undefined;
}

/**
 * What the Deployment controller waits beyond the startup budget (scheduling, image pull) before it calls a revision
 * stuck, unless rollout.progressDeadline says how long. The operator judges a pod that has its node earlier and with
 * more evidence; of one that waits for a node this is the only deadline.
 */
const PROGRESS_MARGIN_SECONDS = 900;

/** The Deployment of one revision. */
export function revisionDeployment(deployment: Owner, input: DeploymentInput): Child<IDeployment> {
  const { name } = deployment.metadata;
  const { minReadySeconds = 0, rollout } = deployment.spec;
  const annotations = input.record === undefined ? undefined : { [ANNOTATION.record]: input.record };
  const deadline =
    rollout?.progressDeadline === undefined
      ? input.startupBudgetSeconds + PROGRESS_MARGIN_SECONDS
      : Math.max(1, Math.ceil(durationSeconds(rollout.progressDeadline)));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: childMetadata(deployment, childNames(name, input.revision).deployment, {
      revision: input.revision,
      ...(annotations && { annotations }),
    }),
    spec: {
      replicas: input.replicas,
      minReadySeconds,
      progressDeadlineSeconds: deadline + minReadySeconds,
      // The history is in the ControllerRevisions; an old ReplicaSet can only come from a foreign edit of the template.
      revisionHistoryLimit: 0,
      selector: { matchLabels: revisionSelector(name, input.revision) },
      // The template never changes, but if somebody else makes it: without free GPUs a surge pod would wait for ever.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      template: input.template,
    },
  };
}
