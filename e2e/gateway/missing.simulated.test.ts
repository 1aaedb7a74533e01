import { expect, it } from '@jest/globals';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { eventually, testCluster } from '../support/index.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

it('says that Gateway API is not installed, and what serves goes on', async () => {
  const operator = bench();
  await operator.create('chat', {
    model: { name: 'deepseek-r1-distill-qwen-1.5b' },
    accelerator: { type: 'A100-80GB' },
    replicas: 1,
    traffic: { gateway: { parentRefs: [{ name: 'public' }] } },
    ...BRIEF,
  });
  await operator.condition('chat', 'Ready', 'True');
  const old = (await operator.status('chat')).serving?.revision;
  await operator.edit('chat', { spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } });
  await eventually(async () => {
    expect((await operator.status('chat')).rollout).toMatchObject({
      phase: 'AwaitingPromotion',
      message: expect.stringContaining('Gateway API is not installed'),
    });
  }, PATIENCE);
  expect(await operator.condition('chat', 'Available', 'True')).toContain(old);
});
