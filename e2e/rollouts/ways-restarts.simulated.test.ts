import { describe, expect, it } from '@jest/globals';
import { operatorBench, writesOf } from '../reconcile/harness.ts';
import { nextRevisionRule } from '../simulator/index.ts';
import { testCluster } from '../support/index.ts';
import { PROGRAMMING_MS, WaysBench } from './ways.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const ways = new WaysBench(bench);

/** The operator ends and another one begins; returns once that one rests, with what it has written but statuses. */
async function restart(): Promise<readonly string[]> {
  await bench().stopOperator();
  const before = (await bench().requests()).length;
  await bench().startOperator();
  await bench().rest(1_000);
  // What says little is written to the status a moment later, which the next operator may have to do.
  return writesOf((await bench().requests()).slice(before)).filter((write) => !write.includes('/status'));
}

describe('an operator that is restarted in every phase of one rollout', () => {
  it('goes on where it was: one attempt, one flip, nothing lost', async () => {
    const { simulator } = bench();
    const pool = await ways.pool({ gpusPerNode: 4 });
    const tenant = await bench().tenant({ on: pool.nodeSelector, gpus: 2, count: 1 });
    const { revision, watch } = await ways.serve(pool, {
      replicas: 2,
      rollout: {
        promotion: 'Manual',
        whenCapacityIsShort: ['Wait'],
        proof: { warmUpRequests: 1, smokeTests: [{ prompt: '2+2=', contains: '4' }], pairedRequests: 0 },
      },
    });
    await simulator.setRule(nextRevisionRule('chat', revision, { failure: 'never-ready' }));
    await ways.change();
    await ways.waits(/room for 0 of 2 replicas/);
    expect(await restart()).toEqual([]);
    await ways.waits(/room for 0 of 2 replicas/);

    await tenant.leave();
    bench().advance(20_000);
    await ways.phase('Loading');
    expect(await restart()).toEqual([]);
    await ways.phase('Loading');

    await simulator.setRule(nextRevisionRule('chat', revision, { hang: 'tokens' }));
    await ways.phase('Proving');
    await bench().stopOperator();
    await simulator.setRule(nextRevisionRule('chat', revision, {}));
    await bench().startOperator();
    expect(await ways.phase('AwaitingPromotion')).toContain('kubectl deepseek promote');
    expect(await restart()).toEqual([]);

    const { candidate } = await bench().status('chat');
    await bench().order('chat', 'promote', candidate?.revision);
    await ways.phase('Switching');
    expect(await restart()).toEqual([]);
    await ways.phase('Switching');
    await watch.served(candidate?.revision ?? '', 2);
    await bench().edit('chat', { spec: { rollout: { watch: { duration: '2m' } } } });
    // The operator has seen it.
    await bench().condition('chat', 'Ready', 'False', 'Switching');
    bench().advance(PROGRAMMING_MS);
    await ways.phase('Watching');
    expect(await restart()).toEqual([]);
    await ways.phase('Watching');
    bench().advance(120_000);
    await bench().condition('chat', 'Ready', 'True');
    expect(await restart()).toEqual([]);

    const { history, rollout, serving } = await bench().status('chat');
    expect(serving).toMatchObject({ revision: candidate?.revision, proven: true });
    expect(history).toMatchObject([{ revision: candidate?.revision, outcome: 'Promoted' }]);
    expect(rollout?.attempt).toBe(2);
    await ways.sizes({ [revision]: 2, [candidate?.revision ?? '']: 2 });
    expect(watch.switches.map(({ to }) => to)).toEqual([revision, candidate?.revision]);
    expect(watch.verdict({ minReady: 2, maxGpus: 4 })).toEqual([]);
  });

  it('goes on in a handover, without a replica more or less', async () => {
    const { simulator } = bench();
    const pool = await ways.pool({ gpusPerNode: 2 });
    const { revision, watch } = await ways.serve(pool, { replicas: 2, rollout: { promotion: 'Manual' } });
    await simulator.setRule(nextRevisionRule('chat', revision, { failure: 'never-ready' }));
    await ways.change();
    await ways.phase('Loading');
    const next = (await bench().status('chat')).candidate?.revision ?? '';
    await ways.sizes({ [revision]: 1, [next]: 1 });
    await restart();
    await ways.sizes({ [revision]: 1, [next]: 1 });
    await simulator.removeRule(nextRevisionRule('chat', revision, {}).name);
    await ways.phase('AwaitingPromotion');
    await restart();
    await ways.sizes({ [revision]: 1, [next]: 1 });
    await bench().order('chat', 'promote', next);
    await ways.phase('Switching');
    await restart();
    expect(await ways.watched()).toBe(next);
    await ways.sizes({ [next]: 2 });
    await watch.served(next, 2);
    expect(watch.verdict({ minReady: 1, maxGpus: 2 })).toEqual([]);
  });
});
