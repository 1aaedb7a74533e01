import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, it } from '@jest/globals';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import { SECOND, THIRD, WATCH_MS, WaysBench } from '../rollouts/ways.ts';
import { metricsStage, QUICK_HPA } from './stage.ts';

const cluster = testCluster('simulated', QUICK_HPA);
const stage = metricsStage(cluster);
const bench = operatorBench(cluster);
const ways = new WaysBench(bench);

const TARGET = 0.7;
/** Nothing is smoothed: what the metrics ask for is done at the next look. */
const AT_ONCE = {
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 100, periodSeconds: 1 }] },
  scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 1 }] },
} as const;
const scaled = (minReplicas: number, maxReplicas: number) => ({
  ...{ minReplicas, maxReplicas, headroomPercent: 0, behavior: AT_ONCE },
  metrics: [{ type: 'BatchUtilization', target: '70' }],
});

beforeEach(() => stage().follow([bench().namespace], bench().enginePort));

const wanted = async () => (await bench().get('chat')).spec.replicas;
/** The autoscaler has taken over, at a load that asks for what is there. */
async function steady(): Promise<void> {
  await stage().pretend('BatchUtilization', TARGET);
  await bench().condition('chat', 'AutoscalingActive', 'True');
}

/** Doubles and halves the load every two seconds until `stop`, and keeps the counts that the HPA has set. */
function shake(): { readonly counts: (number | undefined)[]; readonly stop: () => Promise<void> } {
  const counts: (number | undefined)[] = [];
  const end = new AbortController();
  const shaking = (async () => {
    for (let isHigh = true; !end.signal.aborted; isHigh = !isHigh) {
      await stage().pretend('BatchUtilization', isHigh ? 2 * TARGET : TARGET / 2);
      await sleep(2_000);
      const count = await wanted();
      if (count !== counts.at(-1)) counts.push(count);
    }
  })();
  const stop = async (): Promise<void> => {
    end.abort();
    await shaking;
  };
  return { counts, stop };
}

it('an autoscaler that changes its mind all the time keeps no switch waiting, and both versions follow it', async () => {
  const pool = await ways.pool({ nodes: 2, gpusPerNode: 8 });
  const rollout = { promotion: 'Manual', watch: { duration: '10m' } };
  const { revision, watch } = await ways.serve(pool, { replicas: 2, rollout, autoscaling: scaled(2, 6) });
  await steady();
  const shaken = shake();
  try {
    await ways.change(SECOND);
    await ways.phase('AwaitingPromotion');
    const next = (await bench().status('chat')).candidate?.revision ?? '';
    await eventually(() => expect(shaken.counts.length).toBeGreaterThan(3), PATIENCE);
    await bench().order('chat', 'promote', next);
    await eventually(() => expect(watch.switches.map(({ to }) => to)).toEqual([revision, next]), PATIENCE);
    const before = shaken.counts.length;
    await eventually(() => expect(shaken.counts.length).toBeGreaterThan(before + 1), PATIENCE);
    // Taken back as quickly, while it goes on.
    await bench().order('chat', 'rollback', revision);
    await eventually(() => expect(watch.switches.map(({ to }) => to)).toEqual([revision, next, revision]), PATIENCE);
  } finally {
    await shaken.stop();
  }
  expect(new Set(shaken.counts).size).toBeGreaterThan(1);
  // Pods that leave may meet those that come after them.
  expect(watch.verdict({ minReady: 2, maxStayingGpus: 12 })).toEqual([]);
  expect((await bench().status('chat')).rollout?.attempt).toBe(2);
});

it('a handover freezes the count, holds the autoscaler, and lets go of it in the end', async () => {
  const pool = await ways.pool({ gpusPerNode: 2 });
  const { revision, watch } = await ways.serve(pool, {
    replicas: 2,
    rollout: { promotion: 'Manual' },
    autoscaling: scaled(1, 2),
  });
  await steady();
  await ways.change();
  await ways.phase('AwaitingPromotion');
  const next = (await bench().status('chat')).candidate?.revision ?? '';
  await ways.sizes({ [revision]: 1, [next]: 1 });
  await bench().condition('chat', 'AutoscalingActive', 'False', 'AutoscalingHeld');
  // The rest would not need a second one, says the metric.
  await stage().pretend('BatchUtilization', 0.1);
  await bench().rest(5_000);
  expect(await wanted()).toBe(2);
  await ways.sizes({ [revision]: 1, [next]: 1 });
  await bench().order('chat', 'promote', next);
  expect(await ways.watched()).toBe(next);
  await bench().condition('chat', 'AutoscalingActive', 'True');
  await eventually(async () => expect(await wanted()).toBe(1), PATIENCE);
  await ways.sizes({ [next]: 1 });
  expect(watch.verdict({ minReady: 1, maxGpus: 2 })).toEqual([]);
});

it('the count after a rollback is the count before', async () => {
  const pool = await ways.pool({ gpusPerNode: 8 });
  const rollout = { watch: { duration: '10m' } };
  const { revision, watch } = await ways.serve(pool, { replicas: 1, rollout, autoscaling: scaled(1, 4) });
  await stage().pretend('BatchUtilization', 2 * TARGET);
  await eventually(async () => expect(await wanted()).toBeGreaterThan(1), PATIENCE);
  await steady();
  await bench().condition('chat', 'Ready', 'True');
  const count = (await wanted()) ?? 0;
  await watch.served(revision, count);
  watch.beginHere();
  await ways.change(THIRD);
  await ways.phase('Watching', 'Switching');
  const next = await ways.serving();
  expect(next).not.toBe(revision);
  await watch.served(next, count);
  expect(await wanted()).toBe(count);
  await bench().order('chat', 'rollback', revision);
  await watch.served(revision, count);
  bench().advance(WATCH_MS);
  await ways.phase('Held', 'Idle');
  expect(await wanted()).toBe(count);
  await ways.sizes({ [revision]: count });
  expect(watch.verdict({ minReady: count })).toEqual([]);
});
