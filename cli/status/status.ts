import { type DeploymentSummary, summaryOf } from '../get/info.ts';
import type { DeepSeekDeploymentObject } from '../get/objects.ts';
import { type ProgressView, progressOf } from '../get/progress.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** All that `status` shows; `-o json` prints it. Times are RFC 3339, so that nothing in it grows old. */
export interface StatusView
  extends Pick<DeploymentSummary, 'namespace' | 'name' | 'ready' | 'replicas' | 'candidate'>, ProgressView {
  /** For those who wait: Ready, Held, Stalled, or Waiting. */
  readonly outcome: Outcome['kind'];
  /** What is waited for, or what is wrong; of Ready what is so. */
  readonly message: string;
  readonly serving?: NonNullable<DeploymentSummary['serving']> & { readonly since?: string };
}

/** The status of one DeepSeekDeployment, from the object alone. */
export function statusOf(deployment: DeepSeekDeploymentObject): StatusView {
  const { namespace, name, ready, replicas, candidate, serving } = summaryOf(deployment);
  const outcome = outcomeOf(deployment);
  const since = deployment.status?.serving?.since;
  return {
    namespace,
    name,
    outcome: outcome.kind,
    message: outcome.kind === 'Ready' ? ready.message : outcome.message,
    ready,
    replicas,
    ...(serving && { serving: { ...serving, ...(since !== undefined && { since }) } }),
    ...(candidate && { candidate }),
    ...progressOf(deployment),
  };
}
