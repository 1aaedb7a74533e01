import { expect, it } from '@jest/globals';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { nextRevisionRule } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { SECOND, THIRD, WaysBench } from './ways.ts';

const bench = operatorBench(testCluster('simulated'));
const ways = new WaysBench(bench);

const candidate = async () => (await bench().status('chat')).candidate?.revision ?? '';
const scale = (replicas: number) => bench().edit('chat', { spec: { replicas } });

it('another version and another count in one change, twice, the second in the middle of the first', async () => {
  const pool = await ways.pool({ nodes: 2, gpusPerNode: 6 });
  const { revision, watch } = await ways.serve(pool, { replicas: 2, rollout: { promotion: 'Manual' } });
  await bench().edit('chat', { spec: { model: { name: SECOND }, replicas: 3 } });
  await ways.phase('AwaitingPromotion');
  const superseded = await candidate();
  await bench().edit('chat', { spec: { model: { name: THIRD }, replicas: 4 } });
  await eventually(async () => expect(await candidate()).not.toBe(superseded), PATIENCE);
  await ways.phase('AwaitingPromotion');
  const next = await candidate();
  await bench().order('chat', 'promote', next);
  expect(await ways.watched()).toBe(next);
  await watch.served(next, 4);
  expect(watch.switches.map(({ to }) => to)).toEqual([revision, next]);
  expect(watch.verdict({ minReady: 2 })).toEqual([]);
});

it('scaled up and down while the rollout is paused: what serves follows, and nothing moves', async () => {
  const pool = await ways.pool({ nodes: 2, gpusPerNode: 4 });
  const { revision, watch } = await ways.serve(pool, { replicas: 2, rollout: { promotion: 'Manual' } });
  await ways.change();
  await ways.phase('AwaitingPromotion');
  await bench().edit('chat', { spec: { rollout: { paused: true } } });
  await bench().condition('chat', 'Ready', 'False', 'Paused');
  await scale(4);
  await watch.served(revision, 4);
  await scale(2);
  await eventually(() => expect(watch.now?.ready).toEqual({ [revision]: 2 }), PATIENCE);
  expect(watch.switches).toHaveLength(1);
  expect(watch.verdict({ minReady: 2, maxGpus: 8 })).toEqual([]);
});

it('scaled up and down in the middle of a rollout: both versions follow, and the traffic moves to all of the new one', async () => {
  const pool = await ways.pool({ nodes: 2, gpusPerNode: 8 });
  const { revision, watch } = await ways.serve(pool, { replicas: 4, rollout: { promotion: 'Manual' } });
  await ways.change();
  await ways.phase('AwaitingPromotion');
  const next = await candidate();
  await scale(8);
  await ways.sizes({ [revision]: 8, [next]: 8 });
  await scale(5);
  await ways.sizes({ [revision]: 5, [next]: 5 });
  await bench().order('chat', 'promote', next);
  expect(await ways.watched()).toBe(next);
  await watch.served(next, 5);
  expect(watch.verdict({ minReady: 4 })).toEqual([]);
});

it('scaled in the middle of a rollout that gets nowhere: what serves follows, and keeps the traffic', async () => {
  const pool = await ways.pool({ nodes: 2, gpusPerNode: 6 });
  const { revision, watch } = await ways.serve(pool, { replicas: 2 });
  await bench().simulator.setRule(nextRevisionRule('chat', revision, { failure: 'image-pull' }));
  await ways.change();
  await ways.phase('Loading');
  await scale(5);
  await watch.served(revision, 5);
  await scale(3);
  await eventually(() => expect(watch.now?.ready).toEqual({ [revision]: 3 }), PATIENCE);
  expect(watch.switches).toHaveLength(1);
  expect(watch.verdict({ minReady: 2 })).toEqual([]);
});
