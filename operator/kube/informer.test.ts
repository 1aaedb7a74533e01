import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { WatchClient } from './client.ts';
import { ApiError } from './errors.ts';
import { ReflectingInformer, type InformerOptions } from './informer.ts';
import { resources, type ConfigMap } from './resources.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';
import { configMap } from './testing/objects.ts';
import type { StoreEvent } from './types.ts';

/** Lists what the test put into `objects`, by namespace; its watches are silent. */
function silentServer(
  objects: Readonly<Record<string, readonly ConfigMap[] | Promise<readonly ConfigMap[]>>>,
  clock: FakeClock,
): WatchClient {
  return {
    async *listPages(_, { namespace = '' }) {
      yield { items: [...((await objects[namespace]) ?? [])] as never[], resourceVersion: '50' };
    },
    remembers: () => Promise.resolve(true),
    watch: (_, { limitMs, signal }) =>
      Promise.resolve(
        (async function* () {
          await clock.sleep(limitMs, signal);
          yield* [];
        })(),
      ),
  };
}

let stop: AbortController;
let events: StoreEvent<ConfigMap>[];
let running: Promise<void> | undefined;

function start(
  objects: Parameters<typeof silentServer>[0],
  options: Partial<InformerOptions<ConfigMap>> = {},
): ReflectingInformer<ConfigMap> {
  const clock = new FakeClock();
  const client = silentServer(objects, clock);
  const informer = new ReflectingInformer({ client, type: resources.configMaps, clock, ...options });
  informer.onEvent((event) => events.push(event));
  running = informer.run(stop.signal);
  return informer;
}

beforeEach(() => {
  stop = new AbortController();
  events = [];
});
afterEach(async () => {
  stop.abort(new Error('test is over'));
  await running;
});

describe('synchronisation', () => {
  it('is reached with the first complete list', async () => {
    const informer = start({ '': [configMap('a', '3')] });
    expect(informer.hasSynced).toBe(false);
    await informer.waitForSync(stop.signal);
    expect(informer.hasSynced).toBe(true);
    expect(informer.store.get({ namespace: 'default', name: 'a' })).toBeDefined();
    expect(events).toMatchObject([{ type: 'added', initial: true }]);
  });

  it('waits for all namespaces', async () => {
    const one = configMap('a', '3', { namespace: 'one' });
    const two = configMap('b', '4', { namespace: 'two' });
    const late = Promise.withResolvers<ConfigMap[]>();
    const informer = start({ one: [one], two: late.promise }, { namespaces: ['one', 'two', 'one'] });
    let synced = false;
    const waiting = informer.waitForSync(stop.signal).then(() => (synced = true));
    await settle();
    expect([informer.store.size, informer.hasSynced, synced]).toEqual([1, false, false]);
    late.resolve([two]);
    await waiting;
    expect(informer.store.list().map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  });

  it('rejects a waiter when its signal aborts first', async () => {
    const clock = new FakeClock();
    const informer = new ReflectingInformer({ client: silentServer({}, clock), type: resources.configMaps, clock });
    const waiting = informer.waitForSync(stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(informer.waitForSync(stop.signal)).rejects.toThrow('enough');
  });

  it('refuses an empty list of namespaces: it would silently follow nothing', () => {
    expect(() => start({}, { namespaces: [] })).toThrow(RangeError);
  });
});

describe('objects', () => {
  it('are frozen through and through', async () => {
    const informer = start({ '': [configMap('a', '3', { labels: { x: 'y' } })] });
    await informer.waitForSync(stop.signal);
    const [object] = informer.store.list();
    expect(() => Object.assign(object?.metadata.labels ?? {}, { x: 'z' })).toThrow(TypeError);
  });

  it('pass the transform on every way in', async () => {
    const transform = ({ apiVersion, kind, metadata }: ConfigMap): ConfigMap => ({ apiVersion, kind, metadata });
    const informer = start({ '': [{ ...configMap('a', '3'), data: { big: 'x' } }] }, { transform });
    await informer.waitForSync(stop.signal);
    informer.observeWrite({ ...configMap('b', '60'), data: { big: 'x' } });
    expect(informer.store.list().map((object) => Object.keys(object))).toEqual([
      ['apiVersion', 'kind', 'metadata'],
      ['apiVersion', 'kind', 'metadata'],
    ]);
  });

  it('of own writes in namespaces that are not followed are left out', async () => {
    const informer = start({}, { namespaces: ['one'] });
    await informer.waitForSync(stop.signal);
    informer.observeWrite(configMap('a', '60', { namespace: 'two' }));
    informer.observeWrite(configMap('b', '61', { namespace: 'one' }));
    expect(informer.store.list().map(({ metadata }) => metadata.name)).toEqual(['b']);
  });
});

describe('an own write', () => {
  it('is prepared once, whether the watch shows it again or it is reported twice', async () => {
    const prepared: string[] = [];
    const transform = (object: ConfigMap): ConfigMap => {
      prepared.push(object.metadata.resourceVersion ?? '');
      return object;
    };
    const informer = start({}, { transform });
    await informer.waitForSync(stop.signal);
    informer.observeWrite(configMap('a', '60'));
    informer.observeWrite(configMap('a', '60'));
    informer.observeWrite(configMap('a', '61'));
    expect(prepared).toEqual(['60', '61']);
    expect(events).toHaveLength(2);
  });
});

describe('handlers', () => {
  it('that throw stop neither the others nor the informer', async () => {
    const errors: unknown[] = [];
    const informer = start({ '': [configMap('a', '3')] }, { onHandlerError: (error) => errors.push(error) });
    const heard: string[] = [];
    informer.onEvent(() => {
      throw new Error('defect');
    });
    informer.onEvent(({ object }) => heard.push(object.metadata.name));
    await informer.waitForSync(stop.signal);
    await settle();
    expect(heard).toEqual(['a']);
    expect(errors).toEqual([new Error('defect')]);
  });
});

it('knows of which namespaces the server refuses to tell', async () => {
  const clock = new FakeClock();
  const server = silentServer({}, clock);
  const client: WatchClient = {
    ...server,
    watch: (type, options) =>
      options.namespace === 'gone'
        ? Promise.reject(new ApiError(403, { reason: 'Forbidden' }))
        : server.watch(type, options),
  };
  const options = { client, type: resources.configMaps, clock };
  const [some, all] = [
    new ReflectingInformer({ ...options, namespaces: ['ai', 'gone'] }),
    new ReflectingInformer(options),
  ];
  running = Promise.all([some.run(stop.signal), all.run(stop.signal)]).then(() => undefined);
  await clock.advance(70_000);
  expect([some.isRefused('gone'), some.isRefused('ai'), some.isRefused()]).toEqual([true, false, true]);
  expect([all.isRefused('gone'), all.isRefused()]).toEqual([false, false]);
});
