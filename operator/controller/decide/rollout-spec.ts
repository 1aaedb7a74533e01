import type { DeepSeekDeploymentSpec } from '../../api/index.ts';
import { compilePattern } from '../../observe/index.ts';
import type { PlannerReason } from '../../api/reasons/index.ts';
import { whyTakenBack } from '../../rollout/revision.ts';
import type { RolloutSettings } from '../../rollout/settings.ts';
import type { Traffic } from '../../rollout/traffic.ts';
import type { Desired } from './desired.ts';

/**
 * What the spec asks for, unless its rollout could not be carried out: then it is refused before a GPU is loaded. What
 * serves, what a rollback goes to and what is held are no new attempts, and stay as they are.
 */
export function refuseRollout(
  desired: Desired,
  spec: DeepSeekDeploymentSpec,
  settings: RolloutSettings,
  { serving, previous }: Pick<Traffic, 'serving' | 'previous'>,
): Desired {
  const refusal = desired.plan.accepted ? refusalOf(spec, settings) : undefined;
  if (refusal === undefined) return desired;
  const plan = { accepted: false, ...refusal, alternatives: [] } as const;
  const { revision } = desired;
  const stays =
    revision !== undefined &&
    (revision.hash === serving || revision.hash === previous || whyTakenBack(revision) !== undefined);
  return stays ? { ...desired, plan } : { isNew: false, plan };
}

interface Refusal {
  readonly reason: PlannerReason;
  readonly message: string;
}

function refusalOf(spec: DeepSeekDeploymentSpec, { strategy, proof }: RolloutSettings): Refusal | undefined {
  const { gateway, routeRef } = spec.traffic ?? {};
  if (strategy === 'Canary' && gateway === undefined && routeRef === undefined) {
    const replicas = spec.replicas ?? spec.autoscaling?.minReplicas ?? 1;
    const message =
      'rollout.strategy Canary splits traffic by weight, which takes a gateway: name one in traffic.gateway, or your ' +
      `HTTPRoute in traffic.routeRef, or use BlueGreen. ${sharesOf(replicas)}`;
    return { reason: 'UnsupportedStrategy', message };
  }
  for (const [index, { matches }] of (proof.smokeTests ?? []).entries()) {
    const pattern = matches === undefined ? undefined : compilePattern(matches);
    if (pattern?.ok === false) {
      const message = `rollout.proof.smokeTests[${index}].matches, ${JSON.stringify(matches)}, is ${pattern.message}`;
      return { reason: 'InvalidSpec', message };
    }
  }
  return undefined;
}

/** Most weights that a message lists. */
const MAX_LISTED = 9;

/** Without a gateway a Service gives each replica the same share: the weights that are possible with so many of them. */
function sharesOf(replicas: number): string {
  if (replicas < 2) return 'With fewer than 2 replicas a Service gives all traffic to one version.';
  const share = (candidates: number) => Number(((100 * candidates) / replicas).toFixed(1));
  if (replicas - 1 > MAX_LISTED) return `${replicas} replicas alone give multiples of ${share(1)} %.`;
  const weights = Array.from({ length: replicas - 1 }, (_, index) => `${share(index + 1)} %`);
  return `${replicas} replicas alone give ${weights.join(', ')}.`;
}
