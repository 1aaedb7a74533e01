import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { type Pod, resources } from '../../operator/kube/resources.ts';
import type { Pool } from '../reconcile/pools.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { nextRevisionRule, revisionRule } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { PROGRAMMING_MS, WaysBench } from './ways.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const ways = new WaysBench(bench);

async function podsOf(revision: string): Promise<readonly Pod[]> {
  return (await bench().pods('chat')).filter(({ metadata }) => metadata.labels?.[LABEL.revision] === revision);
}

/** After pods that a quota refused, its controller waits longer each time, for minutes in the end; a change of it wakes it. */
async function wakeReplicaSet(revision: string): Promise<void> {
  const { client, namespace, signal } = bench();
  const { items } = await client.list(resources.replicaSets, { namespace, signal });
  const found = items.find(({ metadata }) => metadata.labels?.[LABEL.revision] === revision);
  if (found === undefined) return;
  const patch = { metadata: { annotations: { 'test/woken': String(Date.now()) } } };
  await client.patch(resources.replicaSets, found.metadata, patch, { type: 'merge', signal });
}

/**
 * A node with a pod of that revision dies, and another one is there. Its pods are bound to it for a while still: GPUs that
 * are gone with it are not counted here. `atOnce`: they are gone with it, as those of a node that was shut down in good order.
 */
async function killNodeOf(pool: Pool, revision: string, { atOnce = false } = {}): Promise<void> {
  const pod = (await podsOf(revision)).find(({ spec }) => spec?.nodeName !== undefined);
  // Without it what serves would take a GPU of the warm set in the meantime.
  await pool.add();
  await pool.remove(pod?.spec?.nodeName ?? '', { atOnce });
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
    await simulator.setRule(nextRevisionRule('chat', revision, { slowFactor: 60 }));
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
    const [pod] = await podsOf(revision);
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

describe('a node dies while the candidate looks for nodes', () => {
  it('with the only pod that has found one: it finds another, and the rollout goes on when the rest may come', async () => {
    const pool = await ways.pool({ nodes: 4, gpusPerNode: 1 });
    const { revision, watch } = await ways.serve(pool, { replicas: 2 });
    const quota = await bench().quota(3);
    await ways.change();
    await bench().condition('chat', 'Ready', 'False', 'QuotaExceeded');
    await ways.phase('Scheduling');
    const next = (await bench().status('chat')).candidate?.revision ?? '';
    const placed = (await podsOf(next)).map(({ metadata }) => metadata.name);
    expect(placed).toHaveLength(1);
    // A pod that nobody ends counts for the quota until the garbage collector of pods takes it away, after a minute or more.
    await killNodeOf(pool, next, { atOnce: true });
    await eventually(async () => {
      const [pod] = await podsOf(next);
      expect(placed).not.toContain(pod?.metadata.name);
      if (pod === undefined) await wakeReplicaSet(next);
      expect(pod?.spec?.nodeName).toBeDefined();
    }, PATIENCE);
    expect(await ways.phase('Scheduling')).toContain('Full');
    await quota.remove();
    expect(await ways.watched()).toBe(next);
    await watch.served(next, 2);
    await ways.sizes({ [revision]: 2, [next]: 2 });
    expect(watch.verdict({ minReady: 2 })).toEqual([]);
  });
});

describe('a node dies in a rollback', () => {
  it('under a target that loads, under what serves meanwhile, and under what is left behind: the target gets the traffic', async () => {
    const { simulator } = bench();
    const pool = await ways.pool({ nodes: 4, gpusPerNode: 1 });
    const { revision, watch } = await ways.serve(pool, {
      replicas: 2,
      rollout: { rollbackWindow: '1s' },
      termination: { preStopDelay: '1s', drainDeadline: '5s', rollbackDrain: '60s' },
    });
    await ways.change();
    const bad = await ways.watched();
    await ways.sizes({ [bad]: 2 });
    await eventually(async () => expect(await podsOf(revision)).toEqual([]), PATIENCE);
    await simulator.setRule(revisionRule('chat', revision, { failure: 'never-ready' }));
    await bench().order('chat', 'rollback', revision);
    await ways.phase('RollingBack');
    await eventually(async () => {
      const nodes = (await podsOf(revision)).map(({ spec }) => spec?.nodeName);
      expect(nodes).toEqual([expect.any(String), expect.any(String)]);
    }, PATIENCE);
    await killNodeOf(pool, revision);
    await killNodeOf(pool, bad);
    await watch.served(bad, 2);
    await simulator.setRule(revisionRule('chat', revision, {}));
    await watch.served(revision, 2);
    await killNodeOf(pool, bad);
    await killNodeOf(pool, revision);
    bench().advance(60_000);
    await ways.phase('Held');
    await watch.served(revision, 2);
    await ways.sizes({ [revision]: 2 });
    expect(watch.switches.map(({ to }) => to)).toEqual([revision, bad, revision]);
    expect(watch.verdict({ minReady: 1 })).toEqual([]);
  });
});

describe('a node dies while a handover grows', () => {
  it('under the candidate: it goes on with another, and what serves keeps what was promised', async () => {
    const { simulator } = bench();
    const pool = await ways.pool({ nodes: 4, gpusPerNode: 1 });
    const proof = { warmUpRequests: 1, smokeTests: [{ prompt: '2+2=', contains: '4' }], pairedRequests: 0 };
    const { revision, watch } = await ways.serve(pool, { replicas: 4, rollout: { proof } });
    await simulator.setRule(nextRevisionRule('chat', revision, { failure: 'never-ready' }));
    await ways.change();
    await ways.phase('Loading');
    const next = (await bench().status('chat')).candidate?.revision ?? '';
    const [first] = await podsOf(next);
    // This one loads, and lives on for longer than the test; those that come after it do not.
    const match = { pod: `${bench().namespace}/${first?.metadata.name ?? ''}` };
    await simulator.setRule({ name: 'first', match, behaviour: { failure: 'crash', failAfterSeconds: 1e9 } });
    await ways.sizes({ [revision]: 2, [next]: 2 });
    const growing = await eventually(async () => {
      const pod = (await podsOf(next)).find(({ metadata }) => metadata.name !== first?.metadata.name);
      if (pod?.spec?.nodeName === undefined) throw new Error('the second pod has no node yet');
      return pod.spec.nodeName;
    }, PATIENCE);
    await pool.add();
    await pool.remove(growing);
    await simulator.setRule(nextRevisionRule('chat', revision, {}));
    expect(await ways.watched()).toBe(next);
    await watch.served(next, 4);
    expect(watch.verdict({ minReady: 2 })).toEqual([]);
  });
});
