import { describe, expect, it } from '@jest/globals';
import { operatorBench } from '../reconcile/harness.ts';
import { testCluster } from '../support/index.ts';
import { FIRST, THIRD, WaysBench } from './ways.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const ways = new WaysBench(bench);

describe('replicas of 8 GPUs', () => {
  it('find no room in 8 free GPUs on four nodes, and go on when one node has them all', async () => {
    const pool = await ways.pool({ nodes: 5, gpusPerNode: 8 });
    const [, ...others] = pool.nodes;
    for (const on of others) await bench().tenant({ name: `of-${on}`, on, gpus: 6, count: 1 });
    const accelerator = { ...pool.accelerator, count: 8 };
    const { revision, watch } = await ways.serve(
      { accelerator },
      {
        replicas: 1,
        model: { name: THIRD, maxModelLen: 8192 },
      },
    );
    await bench().edit('chat', { spec: { model: { maxModelLen: 4096 } } });
    const message = await ways.waits(/room for 0 of 1 replica/);
    expect(message).toContain('GPUs: 8 free, 8 needed, 8 on one node for each replica');
    await pool.add();
    bench().advance(20_000);
    const next = await ways.watched();
    expect(await ways.way()).toBe('Full');
    expect(next).not.toBe(revision);
    expect(watch.verdict({ minReady: 1, maxGpus: 16 })).toEqual([]);
  });
});

describe('a change of the class', () => {
  it('A100 to H100: needs GPUs of the new class, and those of the old one are of no use to it', async () => {
    const old = await ways.pool({ gpusPerNode: 4 });
    const fast = await ways.pool({ accelerator: 'H100', gpusPerNode: 1 });
    const { revision, watch } = await ways.serve(old, { replicas: 2 });
    await bench().edit('chat', { spec: { accelerator: fast.accelerator } });
    const message = await ways.waits(/room for 1 of 2 replicas/);
    expect(message).toContain('the GPUs of what serves are of no use to it');
    expect(message).not.toContain('Recreate would');
    await ways.sizes({ [revision]: 2 });
    const [bought] = await fast.add();
    bench().advance(20_000);
    const next = await ways.watched();
    expect(await ways.way()).toBe('Full');
    const nodes = (await bench().pods('chat')).map(({ spec }) => spec?.nodeName);
    expect(nodes).toContain(bought);
    await ways.sizes({ [revision]: 2, [next]: 2 });
    expect(watch.verdict({ minReady: 2, maxGpus: 4 })).toEqual([]);
  });

  it('T4 to A100: two GPUs for each replica become one', async () => {
    const old = await ways.pool({ accelerator: 'T4', gpusPerNode: 4 });
    const big = await ways.pool({ gpusPerNode: 2 });
    const { revision, watch } = await ways.serve(
      { accelerator: { ...old.accelerator, count: 2 } },
      {
        replicas: 2,
        model: { name: FIRST, maxModelLen: 8192 },
      },
    );
    await bench().edit('chat', { spec: { accelerator: { ...big.accelerator, count: 1 } } });
    const next = await ways.watched();
    expect(await ways.way()).toBe('Full');
    await ways.sizes({ [revision]: 2, [next]: 2 });
    expect(watch.maxGpus).toBe(6);
    expect(watch.verdict({ minReady: 2, maxGpus: 6 })).toEqual([]);
  });
});

describe('a change of the GPUs of each replica, with none free', () => {
  const model = { name: THIRD, maxModelLen: 8192 };

  it('FP16 on two to INT8 on one: one old replica makes room for two new ones', async () => {
    const pool = await ways.pool({ gpusPerNode: 4 });
    const accelerator = { ...pool.accelerator, count: 2 };
    const { revision, watch } = await ways.serve(
      { accelerator },
      {
        replicas: 2,
        model,
        quantization: { type: 'FP16' },
      },
    );
    await bench().edit('chat', { spec: { quantization: { type: 'INT8' }, accelerator: { count: 1 } } });
    const next = await ways.watched();
    expect(await ways.way()).toBe('Handover');
    await watch.served(next, 2);
    await ways.sizes({ [revision]: 1, [next]: 2 });
    expect(watch.verdict({ minReady: 1, maxGpus: 4 })).toEqual([]);
  });

  it('INT8 on one to FP16 on two: a handover that would end too small is not begun', async () => {
    const pool = await ways.pool({ gpusPerNode: 4 });
    const accelerator = { ...pool.accelerator, count: 1 };
    const { revision, watch } = await ways.serve(
      { accelerator },
      {
        replicas: 4,
        model,
        quantization: { type: 'INT8' },
      },
    );
    await bench().edit('chat', { spec: { quantization: { type: 'FP16' }, accelerator: { count: 2 } } });
    const message = await ways.waits(/room for 0 of 4 replicas/);
    expect(message).toContain('too few');
    await ways.sizes({ [revision]: 4 });
    expect(watch.verdict({ minReady: 4, maxGpus: 4 })).toEqual([]);
  });
});
