import { expect, it } from '@jest/globals';
import { eventually, kubectl, testCluster } from '../support/index.ts';
import { operatorBench, PATIENCE } from './harness.ts';
import { BRIEF } from './rollouts.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

it('a node with all replicas on it is drained, and one of them answers all the time', async () => {
  const pool = await bench().pool({ accelerator: 'A100-80GB', nodes: 2, gpusPerNode: 2 });
  const [first = '', second = ''] = pool.nodes;
  await pool.cordon(second);
  await bench().create('chat', {
    model: { name: 'deepseek-r1-distill-qwen-1.5b' },
    accelerator: pool.accelerator,
    replicas: 2,
    ...BRIEF,
  });
  await bench().condition('chat', 'Ready', 'True');
  const { serving } = await bench().status('chat');
  const watch = await bench().watchTraffic('chat');
  await watch.served(serving?.revision ?? '', 2);
  watch.beginHere();
  const before = (await bench().pods('chat')).map(({ metadata }) => metadata.uid);
  expect((await bench().pods('chat')).map(({ spec }) => spec?.nodeName)).toEqual([first, first]);

  await pool.cordon(second, false);
  const drain = ['drain', first, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=90s'];
  const printed = await kubectl(cluster(), 'platform-engineer', drain, { signal: AbortSignal.timeout(100_000) });
  expect(printed).toContain(`node/${first} drained`);
  await eventually(async () => {
    const pods = await bench().pods('chat');
    expect(pods.map(({ spec }) => spec?.nodeName)).toEqual([second, second]);
    expect(pods.some(({ metadata }) => before.includes(metadata.uid))).toBe(false);
  }, PATIENCE);
  await watch.served(serving?.revision ?? '', 2);
  // Its PodDisruptionBudget makes the drain wait: without it both would go at once.
  expect(watch.verdict({ minReady: 1 })).toEqual([]);
});
