import { expect, it } from '@jest/globals';
import { eventually, testCluster } from '../support/index.ts';
import { canaryStage, expectNoneLost, NAME } from './canary.ts';
import { PATIENCE } from './gateway.ts';

const cluster = testCluster('simulated');
const stage = canaryStage(cluster);

const OTHER = { model: { name: 'deepseek-r1-distill-qwen-7b' } };
const REPLICAS = 4;

it('serves with both versions in proportion while GPUs are handed over, and loses no request', async () => {
  const { operator, spec, serve, clients, weights, until, split } = stage();
  const pool = await operator.pool({ accelerator: 'A100-80GB', nodes: 1, gpusPerNode: REPLICAS });
  const rollout = { handover: { mixedVersions: true }, whenCapacityIsShort: ['Handover', 'Wait'] };
  // Pods that leave go on answering until the gateway has followed: on a busy machine five seconds were too few.
  const termination = { preStopDelay: '10s', drainDeadline: '60s', rollbackDrain: '5s' };
  const old = await serve({ ...spec(rollout), termination, accelerator: pool.accelerator, replicas: REPLICAS });
  const background = clients.load();
  const seen = new Set<number>();
  await operator.edit(NAME, { spec: OTHER });
  await eventually(
    async () => {
      operator.advance(1_000);
      const shares = await weights();
      const total = Object.values(shares).reduce((sum, weight) => sum + weight, 0);
      const next = Object.entries(shares).find(([revision]) => revision !== old);
      if (next !== undefined) seen.add(Math.round((100 * next[1]) / total));
      expect([next?.[1], shares[old]]).toEqual([100, 0]);
    },
    { timeoutMs: 150_000, intervalMs: 500 },
  );
  expect((await operator.status(NAME)).rollout?.way).toBe('Handover');
  await until('Watching', 'Idle');
  const next = (await operator.status(NAME)).serving?.revision ?? '';
  await eventually(async () => expect((await split(40)).get(old) ?? 0).toBe(0), PATIENCE);
  expect(next).not.toBe(old);
  expectNoneLost(await background.stop(), 'handover');
  const between = [...seen].filter((share) => share > 0 && share < 100).sort((a, b) => a - b);
  // A quarter first, and more in steps; one of them may pass between two looks.
  expect(between[0]).toBeLessThan(50);
  expect(between.length).toBeGreaterThan(1);
}, 300_000);
