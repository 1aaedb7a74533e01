import { describe, expect, it } from '@jest/globals';
import { countWrites } from '../../hack/cluster/index.ts';
import { operatorBench } from '../reconcile/harness.ts';
import type { TrafficWatch } from '../reconcile/traffic.ts';
import { testCluster } from '../support/index.ts';
import { SECOND, THIRD, WaysBench } from './ways.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const ways = new WaysBench(bench);
const WAIT = { whenCapacityIsShort: ['Wait'] };

type PoolOf = Awaited<ReturnType<typeof ways.pool>>;

/** A deployment that has switched, with its old version warm on `replicas` GPUs beside the new one. */
async function warm(pool: PoolOf, name: string, replicas: number, rollout: object = WAIT) {
  const { revision, watch } = await ways.serve(pool, { name, replicas, rollout });
  await ways.change(SECOND, name);
  const next = await ways.watched(name);
  await ways.sizes({ [revision]: replicas, [next]: replicas }, name);
  return { old: revision, next, watch };
}

/** What serves was never fewer than this, and GPUs never more than there are. */
const kept = (watch: TrafficWatch, minReady: number, maxGpus: number): void =>
  expect(watch.verdict({ minReady, maxGpus })).toEqual([]);

describe('two old versions that are kept warm', () => {
  it('give no more than a candidate of somebody else needs, the one that was put aside first before the other', async () => {
    const pool = await ways.pool({ gpusPerNode: 9 });
    const first = await warm(pool, 'first', 2);
    const second = await warm(pool, 'second', 2);
    const third = await ways.serve(pool, { name: 'third', replicas: 1, rollout: WAIT });
    await ways.change(SECOND, 'third');
    await ways.phaseOf('third', 'Switching', 'Watching');
    await ways.sizes({ [first.old]: 1, [first.next]: 2 }, 'first');
    const fourth = await ways.watched('third');
    // What it gave it gave once.
    await ways.sizes({ [first.old]: 1, [first.next]: 2 }, 'first');
    await ways.sizes({ [second.old]: 2, [second.next]: 2 }, 'second');
    await ways.sizes({ [third.revision]: 1, [fourth]: 1 }, 'third');
    await bench().condition('first', 'RollbackReady', 'True', 'RollbackPartial');
    await bench().condition('second', 'RollbackReady', 'True', 'RollbackWarm');
    for (const { watch } of [first, second]) kept(watch, 2, 4);
    kept(third.watch, 1, 2);
  });

  it('give what serves elsewhere and is scaled up, with one write to each', async () => {
    const pool = await ways.pool({ gpusPerNode: 9 });
    const first = await warm(pool, 'first', 2);
    const second = await warm(pool, 'second', 2);
    const third = await ways.serve(pool, { name: 'third', replicas: 1, rollout: WAIT });
    await bench().rest();
    const before = (await bench().requests()).length;
    await bench().edit('third', { spec: { replicas: 4 } });
    await third.watch.served(third.revision, 4);
    await ways.sizes({ [first.next]: 2 }, 'first');
    await ways.sizes({ [second.old]: 1, [second.next]: 2 }, 'second');
    await bench().condition('third', 'Ready', 'True');
    await bench().rest();
    const writes = (await bench().requests()).slice(before);
    const to = (name: string) =>
      writes
        .filter((entry) => entry.name?.startsWith(name) === true)
        .filter((entry) => countWrites([entry], { without: ['events'] }) === 1)
        .map(({ verb, resource, subresource = '' }) => `${verb} ${resource} ${subresource}`)
        .filter((write) => !write.endsWith(' status'));
    expect(to('second')).toEqual(['patch deployments ']);
    expect(to('third')).toEqual(['patch deployments ']);
    for (const { watch } of [first, second]) kept(watch, 2, 4);
    kept(third.watch, 1, 4);
  });
});

describe('an old version that is kept warm beside one that was given up', () => {
  it('gives, too: the spec still asks for what is held', async () => {
    const pool = await ways.pool({ gpusPerNode: 4 });
    const keeper = await ways.serve(pool, { name: 'keeper', replicas: 1, rollout: { ...WAIT, promotion: 'Manual' } });
    await ways.change(SECOND, 'keeper');
    await ways.phaseOf('keeper', 'AwaitingPromotion');
    const { candidate } = await bench().status('keeper');
    await bench().order('keeper', 'promote', candidate?.revision ?? '');
    const next = await ways.watched('keeper');
    await ways.change(THIRD, 'keeper');
    await ways.phaseOf('keeper', 'AwaitingPromotion');
    const { candidate: given = { revision: '' } } = await bench().status('keeper');
    await bench().order('keeper', 'abort', given.revision);
    await ways.phaseOf('keeper', 'Held');
    await ways.sizes({ [keeper.revision]: 1, [next]: 1 }, 'keeper');
    const other = await ways.serve(pool, { name: 'other', replicas: 2, rollout: WAIT });
    await bench().edit('other', { spec: { replicas: 3 } });
    await other.watch.served(other.revision, 3);
    await ways.sizes({ [next]: 1 }, 'keeper');
    await ways.phaseOf('keeper', 'Held');
    kept(keeper.watch, 1, 3);
    kept(other.watch, 2, 3);
  });
});

describe('GPUs that are free and nowhere enough', () => {
  it('are made enough by an old version that is kept warm beside them', async () => {
    const pool = await ways.pool({ nodes: 2, gpusPerNode: 4 });
    const [a = '', b = ''] = pool.nodes;
    await bench().tenant({ on: a, gpus: 1, count: 1 });
    // The old version on the one node, the new one on the other.
    await pool.cordon(a);
    const keeper = await ways.serve(pool, { name: 'keeper', replicas: 1, rollout: WAIT });
    await pool.cordon(b);
    await pool.cordon(a, false);
    await ways.change(SECOND, 'keeper');
    const next = await ways.watched('keeper');
    await ways.sizes({ [keeper.revision]: 1, [next]: 1 }, 'keeper');
    await pool.add();
    const four = { accelerator: { ...pool.accelerator, count: 4 } };
    const wide = await ways.serve(four, { name: 'wide', replicas: 1, rollout: WAIT });
    await pool.cordon(b, false);
    // Two are free on the one node and three on the other: more than the four that the candidate needs on one of them.
    await ways.change(SECOND, 'wide');
    await ways.phaseOf('wide', 'Switching', 'Watching');
    await ways.sizes({ [next]: 1 }, 'keeper');
    const candidates = (await bench().pods('wide')).map(({ spec }) => spec?.nodeName);
    expect(candidates).toContain(b);
    await ways.watched('wide');
    kept(keeper.watch, 1, 2);
    kept(wide.watch, 1, 8);
  });
});
