import { describe, expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import { SECOND, WaysBench } from './ways.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const ways = new WaysBench(bench);

async function notes(name: string, reason: string): Promise<readonly string[]> {
  const { client, namespace, signal } = bench();
  const { items } = await client.list(resources.events, { namespace, signal });
  return items
    .filter((event) => event.regarding?.name === name && event.reason === reason)
    .map(({ note = '' }) => note);
}

describe('two rollouts that start at once over the last GPUs', () => {
  it('one goes, the other one waits and says for whom, and goes on with the GPUs that the first keeps warm', async () => {
    const pool = await ways.pool({ gpusPerNode: 6 });
    const rollout = { whenCapacityIsShort: ['Wait'] };
    const one = await ways.serve(pool, { name: 'one', replicas: 2, rollout });
    const two = await ways.serve(pool, { name: 'two', replicas: 2, rollout });
    await bench().stopOperator();
    for (const name of ['one', 'two']) await ways.change(SECOND, name);
    await bench().startOperator();
    const [winner, loser] = await eventually(async () => {
      const phases = await Promise.all(
        ['one', 'two'].map(async (name) => (await bench().status(name)).rollout?.phase ?? 'Idle'),
      );
      if (phases[0] === 'Waiting' && phases[1] === 'Switching') return ['two', 'one'] as const;
      if (phases[1] === 'Waiting' && phases[0] === 'Switching') return ['one', 'two'] as const;
      throw new Error(phases.join(' '));
    }, PATIENCE);
    const [note = ''] = await notes(loser, 'WaitingForCapacity');
    expect(note).toContain(`GPUs reserved for the rollout of ${bench().namespace}/${winner}`);
    const first = winner === 'one' ? one : two;
    const second = winner === 'one' ? two : one;
    const next = await ways.watched(winner);
    // Its old version is of less use than the candidate that waits.
    await ways.sizes({ [next]: 2 }, winner);
    await bench().condition(winner, 'RollbackReady', 'False', 'RollbackCold');
    bench().advance(20_000);
    await ways.watched(loser);
    expect(first.watch.verdict({ minReady: 2, maxGpus: 4 })).toEqual([]);
    expect(second.watch.verdict({ minReady: 2, maxGpus: 4 })).toEqual([]);
  });
});

describe('a warm old version', () => {
  it('gives its GPUs when what serves is scaled up', async () => {
    const pool = await ways.pool({ gpusPerNode: 4 });
    const { revision, watch } = await ways.serve(pool, { replicas: 2 });
    await ways.change();
    const next = await ways.watched();
    await ways.sizes({ [revision]: 2, [next]: 2 });
    await bench().edit('chat', { spec: { replicas: 3 } });
    await watch.served(next, 3);
    await ways.sizes({ [revision]: 1, [next]: 3 });
    await bench().condition('chat', 'RollbackReady', 'True', 'RollbackPartial');
    await bench().edit('chat', { spec: { replicas: 4 } });
    await watch.served(next, 4);
    await ways.sizes({ [next]: 4 });
    await bench().condition('chat', 'RollbackReady', 'False', 'RollbackCold');
    expect(watch.verdict({ minReady: 2, maxGpus: 4 })).toEqual([]);
  });
});

describe('a quota', () => {
  it('that leaves room for one more pod: the way that was missed is followed by one that fits', async () => {
    const pool = await ways.pool({ gpusPerNode: 4 });
    const { watch } = await ways.serve(pool, { replicas: 2 });
    await bench().quota(3);
    await ways.change();
    await bench().condition('chat', 'Ready', 'False', 'QuotaExceeded');
    bench().advance(121_000);
    await ways.waits(/Full was tried/);
    bench().advance(41_000);
    await ways.phase('Switching', 'Watching');
    expect(await ways.way()).toBe('Handover');
    const next = await ways.watched();
    await watch.served(next, 2);
    expect(watch.verdict({ minReady: 1, maxGpus: 3 })).toEqual([]);
  });
});

describe('a tenant that waits for the GPUs that a handover frees', () => {
  it('keeps the handover from beginning where it would come first, and is told of', async () => {
    const pool = await ways.pool({ gpusPerNode: 2 });
    const { revision, watch } = await ways.serve(pool, { replicas: 2 });
    const tenant = await bench().tenant({ on: pool.nodeSelector, gpus: 1, count: 2 });
    await ways.change();
    const message = await ways.waits(/room for 0 of 2 replicas/);
    expect(message).toContain('Handover cannot');
    expect(await tenant.held()).toBe(0);
    await ways.sizes({ [revision]: 2 });
    expect(watch.verdict({ minReady: 2, maxGpus: 2 })).toEqual([]);
    await tenant.scale(0);
    bench().advance(20_000);
    await ways.phase('Switching');
    expect(await ways.way()).toBe('Handover');
    expect(watch.verdict({ minReady: 1, maxGpus: 2 })).toEqual([]);
  });
});
