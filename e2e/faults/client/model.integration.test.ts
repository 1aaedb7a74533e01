import { expect, it } from '@jest/globals';
import { testCluster } from '../../support/index.ts';
import { runCampaign } from './campaign.ts';
import { FAULTS } from './faults.ts';

const cluster = testCluster('control-plane');

const RUNS = 50;

it(`${RUNS} seeded runs of random faults: the store ends up equal to etcd, no final state is missed or repeated`, async () => {
  const report = await runCampaign({
    cluster: cluster(),
    seeds: Array.from({ length: RUNS }, (_, index) => index + 1),
    concurrency: 6,
    signal: AbortSignal.timeout(110_000),
  });
  expect(report.failed).toEqual([]);
  expect(report.passed).toBe(RUNS);
  // A fault that never happened has proved nothing.
  const happened = Object.keys(report.faults).filter((name) => (report.faults[name] ?? 0) > 0);
  expect(happened.sort()).toEqual(FAULTS.map(({ name }) => name).sort());
});
