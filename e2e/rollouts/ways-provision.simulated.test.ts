import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { type Cluster, startCluster } from '../../hack/cluster/index.ts';
import { resources } from '../../operator/kube/resources.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { eventually } from '../support/index.ts';
import { WaysBench } from './ways.ts';

jest.setTimeout(120_000);

const PATIENCE = { timeoutMs: 30_000 } as const;

/** One of its own: an autoscaler and a PriorityClass are there for all who use a cluster. */
let own: Cluster;
beforeAll(async () => {
  own = await startCluster({ profile: 'simulated', signal: AbortSignal.timeout(180_000) });
}, 185_000);
afterAll(() => own.stop(), 30_000);
const bench = operatorBench(() => own);
const ways = new WaysBench(bench);

const PRIORITY_CLASS = new URL('../../crds/priorityclass.yaml', import.meta.url);

/** As cluster-autoscaler shows that it is at work. */
async function autoscalerRuns(): Promise<void> {
  const { client, clock, signal } = bench();
  const at = new Date(clock.now()).toISOString().replace('T', ' ').replace('Z', '000000 +0000 UTC');
  const metadata = {
    name: 'cluster-autoscaler-status',
    namespace: 'kube-system',
    annotations: { 'cluster-autoscaler.kubernetes.io/last-updated': at },
  };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
  await client.apply(resources.configMaps, object, { fieldManager: 'autoscaler', force: true, signal });
}

describe('a tenant that races for freed GPUs', () => {
  it('comes second where the cluster has the PriorityClass of models', async () => {
    const { client, signal } = bench();
    await client.apply(resources.priorityClasses, parse(await readFile(PRIORITY_CLASS, 'utf8')) as object, {
      ...{ fieldManager: 'admin', force: true, signal },
    });
    const pool = await ways.pool({ gpusPerNode: 2 });
    const { watch } = await ways.serve(pool, { replicas: 2 });
    const tenant = await bench().tenant({ on: pool.nodeSelector, gpus: 1, count: 2 });
    await ways.change();
    const next = await ways.watched();
    expect(await ways.way()).toBe('Handover');
    await watch.served(next, 2);
    expect(await tenant.held()).toBe(0);
    const [pod] = await bench().pods('chat');
    expect(pod?.spec).toMatchObject({ priorityClassName: 'deepseek-serving', preemptionPolicy: 'Never' });
    expect(watch.verdict({ minReady: 1, maxGpus: 2 })).toEqual([]);
  });
});

describe('Provision: a cluster that buys nodes', () => {
  it('waits with pending pods, and goes on when a node appears', async () => {
    await autoscalerRuns();
    const pool = await ways.pool({ gpusPerNode: 2 });
    const { revision, watch } = await ways.serve(pool, { replicas: 2 });
    await ways.change();
    expect(await ways.phase('Scheduling')).toContain('Provision');
    // The scheduler refuses one pod after the other.
    await eventually(async () => {
      const message = await bench().condition('chat', 'Ready', 'False', 'InsufficientGPUs');
      expect(message).toContain('2 more A100-80GB needed');
    }, PATIENCE);
    await ways.sizes({ [revision]: 2, [(await bench().status('chat')).candidate?.revision ?? '']: 2 });
    bench().advance(300_000);
    await pool.add();
    const next = await ways.watched();
    expect(await ways.way()).toBe('Provision');
    await ways.sizes({ [revision]: 2, [next]: 2 });
    expect(watch.verdict({ minReady: 2, maxGpus: 4 })).toEqual([]);
  });

  it('tries the next way when none has come in time', async () => {
    await autoscalerRuns();
    const pool = await ways.pool({ gpusPerNode: 2 });
    const { revision, watch } = await ways.serve(pool, { replicas: 2, rollout: { provisionTimeout: '3m' } });
    await ways.change();
    await ways.phase('Scheduling');
    expect(await ways.way()).toBe('Provision');
    bench().advance(181_000);
    await ways.waits(/Provision was tried/);
    await ways.sizes({ [revision]: 2, [(await bench().status('chat')).candidate?.revision ?? '']: 0 });
    bench().advance(41_000);
    const next = await ways.watched();
    expect(await ways.way()).toBe('Handover');
    await watch.served(next, 2);
    expect(watch.verdict({ minReady: 1, maxGpus: 2 })).toEqual([]);
  });
});
