import { describe, expect, it } from '@jest/globals';
import { resources } from '../../operator/kube/resources.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { testCluster } from '../support/index.ts';
import { WaysBench } from './ways.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const ways = new WaysBench(bench);

/** Notes of the Events on the DeepSeekDeployment, with when they were seen, milliseconds. */
async function notes(reason: string) {
  const { client, namespace, signal } = bench();
  const { items } = await client.list(resources.events, { namespace, signal });
  return items.filter((event) => event.reason === reason).map(({ note = '', eventTime }) => ({ note, eventTime }));
}

describe('one replica, and no GPU free', () => {
  it('waits, untouched, and says that only Recreate would proceed; listed, it goes on with the downtime announced', async () => {
    const pool = await ways.pool({ gpusPerNode: 1 });
    const { revision, watch } = await ways.serve(pool, { replicas: 1 });
    await ways.change();
    const message = await ways.waits(/room for 0 of 1 replica/);
    expect(message).toContain('a handover needs at least 2 replicas');
    expect(message).toContain('Recreate would proceed, if rollout.whenCapacityIsShort listed it');
    expect(message).not.toMatch(/(Provision|Handover) or|(Provision|Handover) would proceed/);
    await bench().condition('chat', 'Ready', 'False', 'WaitingForCapacity');
    await bench().condition('chat', 'Available', 'True');
    await ways.sizes({ [revision]: 1 });
    expect(watch.verdict({ minReady: 1, maxGpus: 1 })).toEqual([]);

    await bench().edit('chat', { spec: { rollout: { whenCapacityIsShort: ['Recreate', 'Wait'] } } });
    const next = await ways.watched();
    expect(next).not.toBe(revision);
    expect(await ways.way()).toBe('Recreate');
    await watch.served(next);
    const [announced] = await notes('WayChosen');
    expect(announced?.note).toContain('nothing answers');
    const [down, ...more] = watch.verdict({ minReady: 1, maxGpus: 1 });
    expect(more).toEqual([]);
    expect(down).toMatchObject({ promise: 'min-ready' });
    expect(Date.parse(announced?.eventTime ?? '')).toBeLessThanOrEqual(down?.at ?? 0);
    // Simulated engines load in no time: what is left is the stop of the old pod and the look of the operator.
    console.log(`Recreate: nothing was ready for ${down?.forMs ?? 0} ms`);
  });

  it('strategy Recreate stops the old version first, with GPUs free', async () => {
    const pool = await ways.pool({ gpusPerNode: 4 });
    const { revision, watch } = await ways.serve(pool, { replicas: 2, rollout: { strategy: 'Recreate' } });
    await ways.change();
    const next = await ways.watched();
    expect(await ways.way()).toBe('Recreate');
    await watch.served(next, 2);
    await ways.sizes({ [next]: 2 });
    expect(next).not.toBe(revision);
    expect(watch.verdict({ minReady: 0, maxGpus: 4 })).toEqual([]);
  });
});
