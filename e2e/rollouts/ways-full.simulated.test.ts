import { describe, expect, it } from '@jest/globals';
import { operatorBench } from '../reconcile/harness.ts';
import { PROGRAMMING_MS } from '../reconcile/rollouts.ts';
import { testCluster } from '../support/index.ts';
import { WaysBench } from './ways.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const ways = new WaysBench(bench);

/** The defaults of a spec. */
const WATCH_MS = 600_000;
const WINDOW_MS = 7_200_000;

describe('Full: both versions fit beside each other', () => {
  it('proves the candidate with prompts, flips, watches, keeps the old version warm, and lets it go with the window', async () => {
    const pool = await ways.pool({ gpusPerNode: 8 });
    const proof = { warmUpRequests: 2, smokeTests: [{ prompt: '2+2=', contains: '4' }], pairedRequests: 3 };
    const rollout = { proof, watch: { duration: '10m' }, rollbackWindow: '2h' };
    const { revision, watch } = await ways.serve(pool, { replicas: 4, rollout });
    const load = await bench().load('chat', { rps: 10 });
    await ways.change();
    await ways.phase('Switching');
    expect(await ways.way()).toBe('Full');
    const next = await ways.serving();
    await watch.served(next, 4);
    const { rollout: switching, rollback, serving } = await bench().status('chat');
    expect(serving).toMatchObject({ revision: next, readyReplicas: 4, proven: false });
    expect(rollback).toMatchObject({ revision, readiness: 'Warm' });
    expect(switching?.verdicts?.map(({ gate, verdict }) => `${gate} ${verdict}`)).toEqual([
      'WarmUp Pass',
      'SmokeTests Pass',
      'PairedPrompts Pass',
    ]);

    bench().advance(PROGRAMMING_MS);
    expect(await ways.phase('Watching')).toContain(`revision ${revision} can take it back`);
    await ways.sizes({ [revision]: 4, [next]: 4 });
    bench().advance(WATCH_MS);
    await bench().condition('chat', 'Ready', 'True');
    expect(await bench().condition('chat', 'RollbackReady', 'True', 'RollbackWarm')).toContain(revision);
    expect((await bench().status('chat')).history).toMatchObject([{ revision: next, outcome: 'Promoted' }]);
    await ways.sizes({ [revision]: 4, [next]: 4 });

    bench().advance(WINDOW_MS);
    await ways.sizes({ [next]: 4 });
    await bench().condition('chat', 'RollbackReady', 'False', 'RollbackCold');
    const { failed, byRevision } = await load.stop();
    expect(failed).toEqual({});
    expect(Object.keys(byRevision).sort()).toEqual([next, revision].sort());
    expect(watch.switches.map(({ to }) => to)).toEqual([revision, next]);
    expect(watch.verdict({ minReady: 4, maxGpus: 8 })).toEqual([]);
  });

  it('takes exactly the GPUs that are free', async () => {
    const pool = await ways.pool({ nodes: 2, gpusPerNode: 2 });
    const { revision, watch } = await ways.serve(pool, { replicas: 2 });
    await ways.change();
    const next = await ways.watched();
    expect(await ways.way()).toBe('Full');
    await ways.sizes({ [revision]: 2, [next]: 2 });
    expect(watch.verdict({ minReady: 2, maxGpus: 4 })).toEqual([]);
  });
});
