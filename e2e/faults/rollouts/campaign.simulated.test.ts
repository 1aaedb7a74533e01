import { expect, it } from '@jest/globals';
import { testCluster } from '../../support/index.ts';
import { runCampaign } from './campaign.ts';
import { CRASHES, FAULTS, nameOf, type Plan, sample } from './plan.ts';
import { withRegressions } from './regressions.ts';
import { SCENARIOS } from './scenarios/index.ts';

/** Of all plans, by the seed; `make faults` runs every one. */
const PLANS = 36;
const SEED = Number(process.env['FAULTS_SEED'] ?? 1);
const LIMIT_MS = 1_200_000;

/** One of its own: a cluster autoscaler, a gateway and engines of all namespaces are there for all who use a cluster. */
const cluster = testCluster('simulated', {});

/** Each write of a blue-green meets one of the crashes, one after the other. */
function ofBlueGreen(plans: readonly Plan[]): readonly Plan[] {
  const first = SEED % CRASHES.length;
  return plans
    .filter(({ scenario, kind }) => scenario === 'update, Full' && kind === CRASHES[0])
    .map((plan, index) => ({ ...plan, kind: CRASHES[(first + index) % CRASHES.length] ?? CRASHES[0] }));
}

it(
  'an operator that is crashed, delayed and lied to at its writes ends as an undisturbed one',
  async () => {
    const began = performance.now();
    const { results, references } = await runCampaign({
      cluster: cluster(),
      scenarios: SCENARIOS,
      seed: SEED,
      atOnce: 8,
      choose: (plans) => {
        const crashes = ofBlueGreen(plans);
        const others = plans.filter((plan) => !crashes.some((one) => nameOf(one) === nameOf(plan)));
        return withRegressions([...crashes, ...sample(others, PLANS, SEED)], SCENARIOS);
      },
      signal: AbortSignal.timeout(LIMIT_MS - 30_000),
    });
    const undisturbed = references.map(({ scenario, findings }) => ({ scenario, findings }));
    expect(undisturbed.filter(({ findings }) => findings.length > 0)).toEqual([]);
    const wrong = results.filter(({ findings }) => findings.length > 0);
    expect(wrong.map((result) => ({ plan: nameOf(result), findings: result.findings }))).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(40);
    expect(new Set(results.map(({ kind }) => kind)).size).toBe(Object.keys(FAULTS).length);
    expect(new Set(results.map(({ scenario }) => scenario)).size).toBe(SCENARIOS.length);
    // Writes of the status come and go with the speed of the machine: a fault at the last of them may find none.
    expect(results.filter(({ struck }) => struck).length).toBeGreaterThan(0.8 * results.length);
    const writes = references.reduce((sum, one) => sum + one.writes.length, 0);
    const seconds = Math.round((performance.now() - began) / 1000);
    const most = results.reduce((best, one) => (one.ratio > best.ratio ? one : best));
    console.log(
      `${SCENARIOS.length} scenarios with ${writes} writes, ${results.length} plans, seed ${SEED}, ${seconds} s; at most ${most.ratio.toFixed(2)} times the undisturbed writes (${nameOf(most)})`,
    );
  },
  LIMIT_MS,
);
