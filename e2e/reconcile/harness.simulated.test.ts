import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '../../operator/api/index.ts';
import { resources } from '../../operator/kube/resources.ts';
import { parseOrder } from '../../operator/rollout/orders.ts';
import { pod } from '../cluster/objects.ts';
import { revisionRule } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { operatorBench, PATIENCE } from './harness.ts';
import type { Pool } from './pools.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

const pool = (nodes: number): Promise<Pool> => bench().pool({ accelerator: 'A100-80GB', nodes, gpusPerNode: 4 });
const chat = ({ accelerator }: Pool, replicas: number): object => {
  return { model: { name: 'deepseek-r1-distill-qwen-1.5b' }, accelerator, replicas };
};

describe('tenants', () => {
  it('hold GPUs, and a hungry one takes what another gives back', async () => {
    const { nodes } = await pool(1);
    const [on = ''] = nodes;
    const first = await bench().tenant({ on, gpus: 3, count: 1 });
    await first.holds(3);
    const hungry = await bench().tenant({ on, gpus: 1, count: 4 });
    await hungry.holds(1);
    await first.leave();
    await hungry.holds(4);
    const important = await bench().tenant({ on, gpus: 4, count: 1, priority: 1_000 });
    await important.holds(4);
    await hungry.holds(0);
  });
});

describe('a quota', () => {
  it('refuses pods beyond its GPUs', async () => {
    const { client, namespace, signal } = bench();
    const quota = await bench().quota(1);
    const create = (name: string) =>
      client.create(resources.pods, withNamespace(pod(name, { gpus: 1 }), namespace), { signal });
    await create('first');
    await expect(create('second')).rejects.toThrow('exceeded quota');
    await eventually(async () => expect(await quota.used()).toBe(1), PATIENCE);
    await quota.set(2);
    await create('second');
    await quota.remove();
    // Who admits pods learns of it a moment later.
    await eventually(() => create('third'), PATIENCE);
  });
});

describe('a pool', () => {
  it('gives its test nodes of its own, late ones too, and takes them away with their pods', async () => {
    const own = await pool(0);
    await bench().create('chat', chat(own, 1));
    await bench().condition('chat', 'CapacityAvailable', 'False', 'Unschedulable');
    const [late = ''] = await own.add();
    await bench().condition('chat', 'Ready', 'True');
    expect((await bench().pods('chat')).map(({ spec }) => spec?.nodeName)).toEqual([late]);
    const watch = await bench().watchTraffic('chat');
    await own.remove(late);
    await eventually(() => expect(watch.endpoints()).toEqual([]), PATIENCE);
    expect(own.nodes).toEqual([]);
    const [next = ''] = await own.add();
    expect(next).not.toBe(late);
    await bench().condition('chat', 'Ready', 'True');
  });
});

describe('watched traffic under load', () => {
  it('shows who answered, what failed, and every promise that was broken', async () => {
    const { client, namespace, signal, simulator } = bench();
    const own = await pool(1);
    const watch = await bench().watchTraffic('chat');
    await bench().create('chat', chat(own, 2));
    await bench().condition('chat', 'Ready', 'True');
    const revision = (await bench().status('chat')).serving?.revision ?? '';
    await watch.served(revision, 2);

    const load = await bench().load('chat', { rps: 50, streams: 2, streamTokens: 20 });
    await eventually(() => expect(load.report().streams).toBeGreaterThan(4), PATIENCE);
    await eventually(() => expect(load.report().calls).toBeGreaterThan(20), PATIENCE);
    expect(load.report()).toMatchObject({ failed: {}, truncatedStreams: 0 });
    expect(Object.keys(load.report().byRevision)).toEqual([revision]);
    expect(new Set(load.history.map((call) => call.pod)).size).toBe(2);
    expect(watch.verdict({ minReady: 1, maxGpus: 2 })).toEqual([]);
    expect(watch.verdict({ maxGpus: 1 })).toMatchObject([{ promise: 'max-gpus' }]);
    expect(watch.switches.map(({ to }) => to)).toEqual([revision]);
    expect(watch.maxGpus).toBe(2);

    await simulator.setRule({ name: 'bad', match: { deployment: 'chat', revision }, behaviour: { errorRate: 1 } });
    await eventually(() => expect(load.report().failed['500']).toBeGreaterThan(0), PATIENCE);
    await simulator.removeRule('bad');

    const before = load.report().streams;
    await eventually(() => expect(load.report().streams).toBeGreaterThan(before + 4), PATIENCE);
    await simulator.setRule(revisionRule('chat', revision, { cutRate: 1 }));
    await eventually(() => expect(load.report().truncatedStreams).toBeGreaterThan(0), PATIENCE);
    await simulator.setRule({ name: 'dead', match: { deployment: 'chat' }, behaviour: { failure: 'crash' } });
    await eventually(() => expect(load.report().failed['no-endpoint']).toBeGreaterThan(0), PATIENCE);
    await simulator.removeRule('dead');
    await watch.served(revision, 2);
    const report = await load.stop();
    expect(report.byRevision[revision]?.failed).toBeGreaterThan(0);
    expect(watch.verdict()).toMatchObject([{ promise: 'min-ready', forMs: expect.any(Number) }]);
    expect(watch.minReady).toBe(0);

    const ref = { namespace, name: `chat-${revision}` };
    const patch = { spec: { template: { metadata: { annotations: { by: 'somebody' } } } } };
    await client.patch(resources.deployments, ref, patch, { type: 'merge', signal });
    await eventually(() => {
      expect(watch.verdict().map(({ promise }) => promise)).toContain('fixed-template');
    }, PATIENCE);
  });
});

describe('an order', () => {
  it('is written for what serves, or for the revision that is named', async () => {
    const own = await pool(1);
    await bench().create('chat', chat(own, 1));
    await expect(bench().order('chat', 'restart')).rejects.toThrow('serves nothing');
    await bench().condition('chat', 'Ready', 'True');
    const written = await bench().order('chat', 'restart');
    const { metadata, status } = await bench().get('chat');
    expect(metadata.annotations?.[ANNOTATION.order]).toBe(written);
    const revision = status?.serving?.revision;
    expect(parseOrder(written)).toMatchObject({ verb: 'restart', revision, uid: metadata.uid });
    expect(parseOrder(await bench().order('chat', 'abort', 'abc'))?.revision).toBe('abc');
  });
});

function withNamespace(object: object, namespace: string): object {
  const { metadata } = object as { readonly metadata: object };
  return { ...object, metadata: { ...metadata, namespace } };
}
