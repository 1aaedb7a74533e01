import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import type { Pool } from '../reconcile/pools.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { nextRevisionRule } from '../simulator/index.ts';
import { testCluster } from '../support/index.ts';
import { PROGRAMMING_MS, WaysBench } from './ways.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const ways = new WaysBench(bench);

/**
 * A node with a pod of that revision dies, and another one is there. Its pods are bound to it for a while still: GPUs that
 * are gone with it are not counted here.
 */
async function killNodeOf(pool: Pool, revision: string): Promise<void> {
  const pod = (await bench().pods('chat')).find(
    ({ metadata, spec }) => metadata.labels?.[LABEL.revision] === revision && spec?.nodeName !== undefined,
  );
  // Without it what serves would take a GPU of the warm set in the meantime.
  await pool.add();
  await pool.remove(pod?.spec?.nodeName ?? '');
}

describe('a node dies', () => {
  it('under the candidate, before the switch: what serves is untouched, and the rollout goes on', async () => {
    const { simulator } = bench();
    const pool = await ways.pool({ nodes: 4, gpusPerNode: 1 });
    const { revision, watch } = await ways.serve(pool, { replicas: 2, rollout: { promotion: 'Manual' } });
    await simulator.setRule(nextRevisionRule('chat', revision, { failure: 'never-ready' }));
    await ways.change();
    await ways.phase('Loading');
    const next = (await bench().status('chat')).candidate?.revision ?? '';
    await killNodeOf(pool, next);
    await simulator.setRule(nextRevisionRule('chat', revision, { hang: 'tokens' }));
    await ways.phase('Proving');
    await killNodeOf(pool, next);
    await simulator.setRule(nextRevisionRule('chat', revision, {}));
    await ways.phase('AwaitingPromotion');
    await killNodeOf(pool, next);
    await bench().order('chat', 'promote', next);
    expect(await ways.watched()).toBe(next);
    await watch.served(next, 2);
    await ways.sizes({ [revision]: 2, [next]: 2 });
    expect(watch.verdict({ minReady: 2 })).toEqual([]);
  });

  it('after the switch: the half that is left serves, and the other half comes back', async () => {
    const pool = await ways.pool({ nodes: 4, gpusPerNode: 1 });
    const rollout = { watch: { duration: '2m' } };
    const { revision, watch } = await ways.serve(pool, { replicas: 2, rollout });
    await ways.change();
    await ways.phase('Switching');
    const next = await ways.serving();
    await watch.served(next, 2);
    await killNodeOf(pool, next);
    await watch.served(next, 2);
    bench().advance(PROGRAMMING_MS);
    await ways.phase('Watching');
    await killNodeOf(pool, next);
    await watch.served(next, 2);
    await killNodeOf(pool, revision);
    bench().advance(120_000);
    await bench().condition('chat', 'Ready', 'True');
    await bench().condition('chat', 'RollbackReady', 'True', 'RollbackWarm');
    expect(await ways.serving()).toBe(next);
    expect(watch.switches.map(({ to }) => to)).toEqual([revision, next]);
    expect(watch.verdict({ minReady: 1 })).toEqual([]);
  });

  it('under what serves, with no other: it gets the GPUs of the candidate, which waits', async () => {
    const { simulator } = bench();
    const pool = await ways.pool({ nodes: 4, gpusPerNode: 1 });
    const { revision, watch } = await ways.serve(pool, { replicas: 2, rollout: { whenCapacityIsShort: ['Wait'] } });
    await simulator.setRule(nextRevisionRule('chat', revision, { failure: 'never-ready' }));
    await ways.change();
    await ways.phase('Loading');
    const [pod] = (await bench().pods('chat')).filter(({ metadata }) => metadata.labels?.[LABEL.revision] === revision);
    await pool.remove(pod?.spec?.nodeName ?? '');
    await ways.phase('Waiting');
    await watch.served(revision, 2);
    await simulator.setRule(nextRevisionRule('chat', revision, {}));
    await pool.add();
    bench().advance(41_000);
    const next = await ways.watched();
    await watch.served(next, 2);
    expect(watch.verdict({ minReady: 1 })).toEqual([]);
  });
});
