import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startCluster, type Cluster } from '../../hack/cluster/index.ts';
import { isConflict, isInvalid, isNotFound } from '../../operator/kube/errors.ts';
import { resources, type ConfigMap } from '../../operator/kube/resources.ts';
import type { ProxiedRequest } from '../../operator/kube/testing/fault-proxy.ts';
import { acceleratedClock } from '../../operator/kube/testing/accelerated-clock.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { eventually, testNamespace } from '../support/index.ts';
import { compact, LIMIT, testRig } from './harness.ts';

jest.setTimeout(300_000); // 5,000 objects take 10 s on a quiet machine

/** A cluster of this file's own: it is restarted and compacted. */
let started: Cluster;
beforeAll(async () => {
  started = await startCluster({ profile: 'control-plane', signal: AbortSignal.timeout(115_000) });
}, 120_000);
afterAll(() => started.stop(), 30_000);
const cluster = (): Cluster => started;
const rig = testRig(cluster, testNamespace(cluster));

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a server that restarts', () => {
  it('is followed again by itself, with everything that happened', async () => {
    await rig().write('a', 'before');
    const watched = await rig().watch(acceleratedClock(5));
    await rig().watching();
    const signal = AbortSignal.timeout(100_000);
    await cluster().stopApiServer({ signal });
    await cluster().startApiServer({ signal });
    await rig().write('a', 'after');
    await rig().write('b', 'new');
    await eventually(() => expect([watched.value('a'), watched.value('b')]).toEqual(['after', 'new']), LIMIT);
    expect(watched.informer.hasSynced).toBe(true);
  });
});

describe('compaction', () => {
  it('of the version that a watch would resume from leads to a new list', async () => {
    await rig().write('removed', '1');
    const watched = await rig().watch(acceleratedClock(5));
    await rig().watching();
    await rig().proxy.refuseConnections();
    await rig().remove('removed');
    await rig().write('a', 'missed');
    const signal = AbortSignal.timeout(100_000);
    await compact(cluster());
    await cluster().stopApiServer({ signal }); // and with it the server's own memory of events
    await cluster().startApiServer({ signal });
    await rig().proxy.acceptConnections();
    await eventually(() => expect([watched.names(), watched.value('a')]).toEqual([['a'], 'missed']), LIMIT);
    expect(watched.count('history-lost')).toBe(1);
    expect(watched.count('listed')).toBe(2);
  });
});

describe('a list of 5,000 objects', () => {
  it('comes in ten pages of one version, whatever is written meanwhile', async () => {
    const { direct, signal, namespace, configMap } = bind();
    const names = Array.from({ length: 5000 }, (_, index) => `object-${String(index).padStart(4, '0')}`);
    await inParallel(names, 20, (name) => direct.create(resources.configMaps, configMap(name, '1'), { signal }));

    const client = rig().client(systemClock);
    const versions = new Set<string>();
    const listed: ConfigMap[] = [];
    let pages = 0;
    for await (const page of client.listPages(resources.configMaps, { namespace, signal })) {
      await rig().write('object-4999', `after page ${pages}`);
      pages += 1;
      versions.add(page.resourceVersion);
      listed.push(...page.items);
    }
    expect(pages).toBe(10);
    expect(versions.size).toBe(1);
    expect(listed.map(({ metadata }) => metadata.name)).toEqual(names);
    expect(listed.at(-1)).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { value: '1' } });

    const watched = await rig().watch(systemClock);
    expect(watched.informer.store.size).toBe(5000);
    expect(rig().requests(({ isList, path }) => isList && path.endsWith('/configmaps'))).toHaveLength(10 + 50);
    await eventually(() => expect(watched.value('object-4999')).toBe('after page 9'), LIMIT);

    // The version of a list can be compacted away between two pages: `list` starts over by itself.
    const isSecondPage = ({ query }: ProxiedRequest): boolean => query.has('continue');
    const expired = rig().proxy.inject({
      match: isSecondPage,
      fault: { kind: 'respond', status: 410, reason: 'Expired' },
    });
    const again = await client.list(resources.configMaps, { namespace, signal });
    expect(again.items).toHaveLength(5000);
    expect(expired.fired).toBe(1);
  });
});

describe('writes', () => {
  const options = (): { signal: AbortSignal; fieldManager: string } => ({ signal: rig().signal, fieldManager: 'one' });

  it('with an unknown field are refused, by apply and by create', async () => {
    const { direct, configMap, signal } = bind();
    const misspelt = { ...configMap('a', '1'), dta: {} };
    expect(isInvalid(await failure(direct.apply(resources.configMaps, misspelt, options())))).toBe(true);
    expect(await failure(direct.create(resources.configMaps, misspelt, { signal }))).toMatchObject({
      code: 'KUBE_BAD_REQUEST',
      message: expect.stringContaining('unknown field "dta"'),
    });
  });

  it('conflict with another field manager, unless forced', async () => {
    const { direct, configMap } = bind();
    await direct.apply(resources.configMaps, configMap('a', '1'), options());
    const other = { ...options(), fieldManager: 'two' };
    const conflict = await failure(direct.apply(resources.configMaps, configMap('a', '2'), other));
    expect(isConflict(conflict)).toBe(true);
    await expect(
      direct.apply(resources.configMaps, configMap('a', '2'), { ...other, force: true }),
    ).resolves.toMatchObject({
      data: { value: '2' },
    });
  });

  it('honour preconditions: a stale version, and the UID of an object that is gone', async () => {
    const { direct, configMap, namespace, signal } = bind();
    const first = await direct.apply(resources.configMaps, configMap('a', '1'), options());
    const second = await direct.apply(resources.configMaps, configMap('a', '2'), options());
    const { uid = '' } = first.metadata;
    expect(
      isConflict(await failure(direct.update(resources.configMaps, { ...first, data: { value: '3' } }, { signal }))),
    ).toBe(true);
    const ref = { namespace, name: 'a' };
    expect(
      isConflict(await failure(direct.delete(resources.configMaps, ref, { uid: crypto.randomUUID(), signal }))),
    ).toBe(true);
    await direct.delete(resources.configMaps, ref, {
      uid,
      resourceVersion: second.metadata.resourceVersion ?? '',
      signal,
    });
    expect(isNotFound(await failure(direct.get(resources.configMaps, ref, { signal })))).toBe(true);
    const onGone = { ...configMap('a', '4'), metadata: { name: 'a', namespace, uid } };
    expect(isConflict(await failure(direct.apply(resources.configMaps, onGone, options())))).toBe(true);
  });

  it('whose answer is lost are made again, and done once', async () => {
    const { configMap, namespace, signal } = bind();
    const client = rig().client(acceleratedClock(20));
    const lost = rig().proxy.inject({ match: ({ method }) => method === 'PATCH', fault: { kind: 'lose-response' } });
    const applied = await client.apply(resources.configMaps, configMap('a', '1'), options());
    expect(lost.fired).toBe(1);
    const live = await rig().direct.get(resources.configMaps, { namespace, name: 'a' }, { signal });
    expect(live.metadata.resourceVersion).toBe(applied.metadata.resourceVersion);
  });

  it('that only try leave nothing behind', async () => {
    const { direct, configMap, namespace, signal } = bind();
    await direct.create(resources.configMaps, configMap('a', '1'), { signal, dryRun: true });
    expect(isNotFound(await failure(direct.get(resources.configMaps, { namespace, name: 'a' }, { signal })))).toBe(
      true,
    );
  });
});

function bind() {
  const current = rig();
  const { direct, signal, namespace } = current;
  return { direct, signal, namespace, configMap: (name: string, value: string) => current.configMap(name, value) };
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
