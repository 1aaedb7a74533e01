import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { nextRevisionRule } from '../simulator/index.ts';
import { testCluster } from '../support/index.ts';
import { WaysBench, WINDOW_MS } from './ways.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const ways = new WaysBench(bench);

const REPLICAS = 4;

describe('Handover: 4 replicas, and fewer GPUs free than a second set needs', () => {
  it.each([0, 1, 2, 3])('%i free: never with less than half of the replicas', async (free) => {
    const pool = await ways.pool({ gpusPerNode: REPLICAS + free });
    const { revision, watch } = await ways.serve(pool, { replicas: REPLICAS });
    await ways.change();
    const next = await ways.watched();
    expect(await ways.way()).toBe('Handover');
    await watch.served(next, REPLICAS);
    // What fits beside the new version stays warm.
    await ways.sizes(free === 0 ? { [next]: REPLICAS } : { [next]: REPLICAS, [revision]: free });
    expect(watch.verdict({ minReady: 2, maxGpus: REPLICAS + free })).toEqual([]);
    // The old version gives no more than the new one needs.
    const before = watch.moments.slice(
      0,
      watch.moments.findIndex(({ selected }) => selected === next),
    );
    const served = before.slice(before.findIndex(({ ready }) => (ready[revision] ?? 0) === REPLICAS));
    expect(Math.min(...served.map(({ ready }) => ready[revision] ?? 0))).toBe(Math.min(REPLICAS, 2 + free));
    bench().advance(WINDOW_MS);
    await ways.sizes({ [next]: REPLICAS });
  });

  it('keeps more where more is promised: three of four', async () => {
    const pool = await ways.pool({ gpusPerNode: REPLICAS + 2 });
    const { watch } = await ways.serve(pool, {
      replicas: REPLICAS,
      rollout: { handover: { minAvailablePercent: 75 } },
    });
    await ways.change();
    const next = await ways.watched();
    expect(await ways.way()).toBe('Handover');
    await watch.served(next, REPLICAS);
    expect(watch.verdict({ minReady: 3, maxGpus: REPLICAS + 2 })).toEqual([]);
  });

  it('waits where the rest would be too few, and says so', async () => {
    const pool = await ways.pool({ gpusPerNode: REPLICAS });
    const rollout = { handover: { minAvailablePercent: 75 } };
    const { revision, watch } = await ways.serve(pool, { replicas: REPLICAS, rollout });
    await ways.change();
    expect(await ways.waits(/handover.minAvailablePercent/)).toContain('Recreate would proceed');
    await ways.sizes({ [revision]: REPLICAS });
    expect(watch.verdict({ minReady: REPLICAS, maxGpus: REPLICAS })).toEqual([]);
  });

  it('a bad version costs one replica, and what serves gets its size back', async () => {
    const pool = await ways.pool({ gpusPerNode: REPLICAS });
    const proof = { warmUpRequests: 1, smokeTests: [{ prompt: '2+2=', contains: '4' }], pairedRequests: 0 };
    const { revision, watch } = await ways.serve(pool, { replicas: REPLICAS, rollout: { proof } });
    await bench().simulator.setRule(nextRevisionRule('chat', revision, { wrongAnswers: true }));
    await ways.change();
    await ways.phase('Held');
    const message = await bench().condition('chat', 'Ready', 'False', 'ProofFailed');
    expect(message).toContain(`Revision ${revision} keeps serving`);
    await ways.sizes({ [revision]: REPLICAS });
    await watch.served(revision, REPLICAS);
    expect(watch.minReady).toBe(REPLICAS - 1);
    expect(watch.switches.map(({ to }) => to)).toEqual([revision]);
    expect(watch.verdict({ minReady: REPLICAS - 1, maxGpus: REPLICAS })).toEqual([]);
  });

  it('waits for pods that drain slowly instead of taking more', async () => {
    const pool = await ways.pool({ gpusPerNode: REPLICAS });
    const { revision, watch } = await ways.serve(pool, {
      replicas: REPLICAS,
      termination: { preStopDelay: '8s', drainDeadline: '10s', rollbackDrain: '5s' },
    });
    await ways.change();
    const message = await ways.phase('Scheduling');
    expect(message).toContain('Handover');
    const next = await ways.watched();
    expect(await ways.way()).toBe('Handover');
    await watch.served(next, REPLICAS);
    const pods = (await bench().pods('chat')).map(({ metadata }) => metadata.labels?.[LABEL.revision]);
    expect(pods.filter((hash) => hash === next)).toHaveLength(REPLICAS);
    expect(pods).not.toContain(revision);
    expect(watch.verdict({ minReady: 2, maxGpus: REPLICAS })).toEqual([]);
  });
});
