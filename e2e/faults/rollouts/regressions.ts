import { nameOf, type Plan, planOf } from './plan.ts';
import type { Scenario } from './scenario.ts';

/** Names of plans that have found something: they are played in every campaign (docs/faults.md says what they found). */
export const REGRESSIONS: readonly string[] = [
  'automatic rollback; old-cache; apply Service chat #2',
  'manual rollback; old-cache; delete PodDisruptionBudget chat-REVISION #1',
];

/** The plans, and those of the regressions that are not among them and whose scenario is one of these. */
export function withRegressions(
  plans: readonly Plan[],
  scenarios: readonly Pick<Scenario, 'name'>[],
  regressions = REGRESSIONS,
): readonly Plan[] {
  const names = new Set(plans.map(nameOf));
  const more = regressions
    .filter((name) => !names.has(name))
    .map(planOf)
    .filter((plan) => plan !== undefined)
    .filter((plan) => scenarios.some(({ name }) => name === plan.scenario));
  return [...plans, ...more];
}
