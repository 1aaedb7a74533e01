import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LABEL, MANAGER } from '../api/index.ts';
import { ApiError } from '../kube/errors.ts';
import { FakeClock, settle } from '../kube/testing/fake-clock.ts';
import type { Informer, StoreEvent } from '../kube/types.ts';
import { GatewayCache, type LiveHttpRoute, trimRoute } from './gateway.ts';
import type { LiveDeepSeekDeployment } from './snapshot.ts';

let stop: AbortController;
let clock: FakeClock;
let running: Promise<void> | undefined;
let told: string[];
/** What the server has, or why it refuses. */
let answer: readonly LiveHttpRoute[] | Error;
let lists: number;
/** The watches that are open. */
let watches: number;
let send: ((event: object) => void) | undefined;
let deployments: ((event: StoreEvent<LiveDeepSeekDeployment>) => void) | undefined;

beforeEach(() => {
  stop = new AbortController();
  clock = new FakeClock();
  told = [];
  lists = 0;
  watches = 0;
  send = undefined;
  answer = [];
});
afterEach(async () => {
  stop.abort(new Error('test is over'));
  await running;
});

/** Everything that can happen without time passing has happened. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await settle();
}

const notInstalled = () => new ApiError(404, { message: 'the server could not find the requested resource' });
const forbidden = () => new ApiError(403, { reason: 'Forbidden', message: 'httproutes is forbidden' });

interface RouteShape {
  readonly version?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly weight?: number;
  readonly accepted?: string;
  readonly heartbeat?: string;
}

function route(
  name: string,
  { version = '5', labels, weight = 1, accepted = 'True', heartbeat = 'a' }: RouteShape = {},
) {
  const parentRef = { name: 'public' };
  const conditions = [{ type: 'Accepted', status: accepted, observedGeneration: 1, lastTransitionTime: heartbeat }];
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name,
      namespace: 'ai',
      uid: name,
      resourceVersion: version,
      generation: 1,
      annotations: { note: 'long' },
      managedFields: [{ manager: 'kubectl' }],
      ...(labels && { labels }),
    },
    spec: {
      parentRefs: [parentRef],
      hostnames: ['chat.example.com'],
      rules: [{ filters: [{ type: 'RequestMirror' }], backendRefs: [{ name: 'chat', weight }] }],
    },
    status: { parents: [{ parentRef, conditions }] },
  } as unknown as LiveHttpRoute;
}

function deployment(type: StoreEvent<object>['type'], name: string, traffic?: object): void {
  const object = { metadata: { name, namespace: 'ai' }, spec: traffic ? { traffic } : {} };
  deployments?.({ type, object: object as unknown as LiveDeepSeekDeployment, initial: false });
}

const gateway = { gateway: { parentRefs: [{ name: 'public' }] } };
const routeRef = { routeRef: { name: 'edge' } };

function start(): GatewayCache {
  const cache = new GatewayCache({
    clock,
    namespaces: [],
    deployments: {
      onEvent: (handler) => {
        deployments = handler;
      },
    } as Pick<Informer<LiveDeepSeekDeployment>, 'onEvent'> as Informer<LiveDeepSeekDeployment>,
    client: {
      async *listPages() {
        lists++;
        await settle();
        if (answer instanceof Error) throw answer;
        yield { items: [...answer] as never[], resourceVersion: '10' };
      },
      remembers: () => Promise.resolve(true),
      watch: (_, { signal }) =>
        Promise.resolve(
          (async function* () {
            watches++;
            while (!signal.aborted) {
              const event = await new Promise<object | undefined>((resolve) => {
                send = resolve;
                signal.addEventListener('abort', () => resolve(undefined), { once: true });
              });
              if (event instanceof Error) throw event;
              if (event) yield Buffer.from(`${JSON.stringify(event)}\n`);
            }
            watches--;
          })(),
        ),
    },
    onReflectorEvent: () => undefined,
  });
  cache.onChange((key, initial) => told.push(`${key}${initial ? ' initial' : ''}`));
  running = cache.run(stop.signal);
  return cache;
}

describe('GatewayCache', () => {
  it('asks for nothing while no deployment wants a gateway', async () => {
    const cache = start();
    deployment('added', 'chat');
    deployment('added', 'code', { service: { port: 8080 } });
    await quiet();
    await clock.advance(3_600_000);
    expect({ lists, state: cache.state }).toEqual({ lists: 0, state: undefined });
  });

  it.each([
    ['gateway', gateway, 'chat'],
    ['routeRef', routeRef, 'edge'],
  ])('follows the routes with one watch while one wants them: %s', async (_, traffic, name) => {
    answer = [route(name)];
    const cache = start();
    deployment('added', 'chat', traffic);
    await quiet();
    expect(cache.state).toEqual({ installed: true, readable: true });
    expect(cache.route('ai', name)?.metadata.uid).toBe(name);
    expect(cache.route('other', name)).toBeUndefined();
    expect(told).toEqual(['ai/chat initial']);
    deployment('added', 'code', gateway);
    await quiet();
    await clock.advance(3_600_000);
    expect({ lists, watches }).toEqual({ lists: 1, watches: 1 });
  });

  it('stops when the last one wants none, and begins again with what is there then', async () => {
    answer = [route('edge')];
    const cache = start();
    deployment('added', 'chat', routeRef);
    deployment('added', 'code', gateway);
    await quiet();
    deployment('updated', 'chat', { service: {} });
    await quiet();
    expect(watches).toBe(1);
    deployment('deleted', 'code', gateway);
    await quiet();
    expect({ watches, state: cache.state, route: cache.route('ai', 'edge') }).toEqual({ watches: 0 });
    answer = [];
    deployment('updated', 'chat', routeRef);
    await quiet();
    expect({ lists, watches, state: cache.state }).toEqual({
      lists: 2,
      watches: 1,
      state: { installed: true, readable: true },
    });
    expect(cache.route('ai', 'edge')).toBeUndefined();
  });

  it('tells of what is read of a route, and of no other change', async () => {
    answer = [route('edge'), route('foreign')];
    start();
    deployment('added', 'chat', routeRef);
    deployment('added', 'code', routeRef);
    await quiet();
    const after = async (type: string, object: LiveHttpRoute) => {
      told = [];
      send?.({ type, object });
      await quiet();
      return told;
    };
    expect(await after('MODIFIED', route('edge', { version: '11', heartbeat: 'b' }))).toEqual([]);
    expect(await after('MODIFIED', route('foreign', { version: '12', weight: 9 }))).toEqual([]);
    expect(await after('MODIFIED', route('edge', { version: '13', weight: 9 }))).toEqual(['ai/chat', 'ai/code']);
    expect(await after('MODIFIED', route('edge', { version: '14', weight: 9, accepted: 'False' }))).toHaveLength(2);
    expect(await after('DELETED', route('edge', { version: '15' }))).toHaveLength(2);
  });

  it('tells the owner of a route of ours that it no longer wants', async () => {
    const labels = { [LABEL.managedBy]: MANAGER, [LABEL.name]: 'old' };
    start();
    deployment('added', 'chat', routeRef);
    await quiet();
    told = [];
    send?.({ type: 'ADDED', object: route('old', { version: '11', labels }) });
    await quiet();
    expect(told).toEqual(['ai/old']);
  });

  it.each([
    ['is not installed', notInstalled, { installed: false, readable: false }, 300_000],
    ['may not be read', forbidden, { installed: true, readable: false }, 30_000],
  ])('says that Gateway API %s, asks rarely, and takes it up when it can', async (_, refusal, state, everyMs) => {
    answer = refusal();
    const cache = start();
    deployment('added', 'chat', routeRef);
    await quiet();
    expect(cache.state).toEqual(state);
    expect(told).toEqual(['ai/chat initial']);
    await clock.advance(everyMs - 1);
    await quiet();
    expect(lists).toBe(1);
    answer = [route('edge')];
    await clock.advance(1);
    await quiet();
    expect(cache.state).toEqual({ installed: true, readable: true });
    expect(cache.route('ai', 'edge')).toBeDefined();
    expect(told).toEqual(['ai/chat initial', 'ai/chat initial']);
  });

  it('asks again at once when another one wants what was missing', async () => {
    answer = notInstalled();
    const cache = start();
    deployment('added', 'chat', routeRef);
    await quiet();
    answer = [];
    deployment('added', 'code', gateway);
    await quiet();
    expect({ lists, state: cache.state }).toEqual({ lists: 2, state: { installed: true, readable: true } });
    expect(told.slice(1)).toEqual(['ai/chat initial', 'ai/code initial']);
  });

  it('forgets the routes of an API that is removed', async () => {
    answer = [route('edge')];
    const cache = start();
    deployment('added', 'chat', routeRef);
    await quiet();
    send?.(notInstalled());
    await quiet();
    expect(cache.state).toEqual({ installed: false, readable: false });
    expect(cache.route('ai', 'edge')).toBeUndefined();
  });

  it('does not take a server in trouble for a missing API', async () => {
    answer = new ApiError(503, { message: 'unavailable' });
    const cache = start();
    deployment('added', 'chat', routeRef);
    await quiet();
    expect(cache.state).toBeUndefined();
    answer = [];
    await clock.advance(10_000);
    await quiet();
    expect(cache.state).toEqual({ installed: true, readable: true });
  });

  describe('a start', () => {
    const waiting = (cache: GatewayCache) => {
      let over = false;
      const wait = cache.waitUntilKnown(stop.signal).then(() => (over = true));
      return { wait, isOver: () => over };
    };

    it('waits for the first list, however it ends', async () => {
      answer = new ApiError(503, { message: 'unavailable' });
      const cache = start();
      deployment('added', 'chat', routeRef);
      const { isOver } = waiting(cache);
      await quiet();
      expect(isOver()).toBe(false);
      answer = forbidden();
      await clock.advance(1000);
      await quiet();
      expect([isOver(), cache.state?.readable]).toEqual([true, false]);
    });

    it('waits ten seconds at most, and not at all where nobody wants a route', async () => {
      answer = new ApiError(503, { message: 'unavailable' });
      const cache = start();
      await waiting(cache).wait;
      deployment('added', 'chat', routeRef);
      const { isOver } = waiting(cache);
      await clock.advance(9999);
      await quiet();
      expect(isOver()).toBe(false);
      await clock.advance(1);
      await quiet();
      expect([isOver(), cache.state]).toEqual([true, undefined]);
    });

    it('does not go on once it is told to stop', async () => {
      answer = new ApiError(503, { message: 'unavailable' });
      const cache = start();
      deployment('added', 'chat', routeRef);
      const wait = cache.waitUntilKnown(stop.signal);
      stop.abort(new Error('enough'));
      await expect(wait).rejects.toThrow('enough');
    });
  });

  describe('since when no gateway has taken a route', () => {
    const since = (cache: GatewayCache) => cache.notTakenSince('ai', 'edge');
    const notTaken = (version: string) => route('edge', { version, accepted: 'False' });
    const after = async (type: string, object: LiveHttpRoute) => {
      await clock.advance(1000);
      send?.({ type, object });
      await quiet();
    };

    it('is not known before the first list, and not where one has', async () => {
      answer = new ApiError(503, { message: 'unavailable' });
      const cache = start();
      deployment('added', 'chat', routeRef);
      await quiet();
      await clock.advance(10_000);
      expect(since(cache)).toBeUndefined();
      answer = [route('edge')];
      await clock.advance(10_000);
      await quiet();
      expect([cache.state?.readable, since(cache)]).toEqual([true, undefined]);
    });

    it('begins with the list that lacks it, goes on when it is made, and ends when it is taken', async () => {
      const cache = start();
      deployment('added', 'chat', routeRef);
      await quiet();
      const begin = clock.now();
      expect(since(cache)).toBe(begin);
      await after('ADDED', notTaken('11'));
      expect(since(cache)).toBe(begin);
      await after('MODIFIED', route('edge', { version: '12' }));
      expect(since(cache)).toBeUndefined();
    });

    it('begins with its deletion', async () => {
      answer = [route('edge')];
      const cache = start();
      deployment('added', 'chat', routeRef);
      await quiet();
      await after('DELETED', route('edge', { version: '11' }));
      expect(since(cache)).toBe(clock.now());
    });

    it('begins when somebody comes to want one that is not there, and ends with that', async () => {
      const cache = start();
      deployment('added', 'code', gateway);
      await quiet();
      await clock.advance(60_000);
      deployment('updated', 'chat', routeRef);
      expect(since(cache)).toBe(clock.now());
      deployment('updated', 'chat', undefined);
      expect(since(cache)).toBeUndefined();
    });

    it('begins when routes may no longer be read, and is not begun again by asking', async () => {
      answer = [route('edge')];
      const cache = start();
      deployment('added', 'chat', routeRef);
      await quiet();
      await clock.advance(3000);
      answer = forbidden();
      send?.(forbidden());
      await quiet();
      const begin = clock.now();
      expect(since(cache)).toBe(begin);
      await clock.advance(30_000);
      await quiet();
      expect([lists, since(cache)]).toEqual([2, begin]);
      answer = [route('edge')];
      await clock.advance(30_000);
      await quiet();
      expect([lists, since(cache)]).toEqual([3, undefined]);
    });
  });

  it('knows an own write before the watch tells of it', async () => {
    answer = [route('edge')];
    const cache = start();
    deployment('added', 'chat', routeRef);
    await quiet();
    cache.observeWrite(route('edge', { version: '11', weight: 7 }));
    expect(cache.route('ai', 'edge')?.spec?.rules?.[0]?.backendRefs).toEqual([{ name: 'chat', weight: 7 }]);
    cache.observeDelete({ namespace: 'ai', name: 'edge', uid: 'edge' });
    expect(cache.route('ai', 'edge')).toBeUndefined();
  });
});

it('keeps of a foreign route what leads to Services, and twice trimmed it is the same', () => {
  const trimmed = trimRoute(route('edge'));
  expect(trimmed).toMatchObject({
    metadata: { name: 'edge', namespace: 'ai', uid: 'edge', resourceVersion: '5', generation: 1 },
    spec: { parentRefs: [{ name: 'public' }], rules: [{ backendRefs: [{ name: 'chat', weight: 1 }] }] },
  });
  expect(Object.keys(trimmed.metadata)).not.toEqual(expect.arrayContaining(['annotations']));
  expect(trimmed.spec).not.toHaveProperty('hostnames');
  expect(trimRoute(trimmed)).toEqual(trimmed);
  const ours = route('chat', { labels: { [LABEL.managedBy]: MANAGER } });
  expect(trimRoute(ours).spec).toEqual(ours.spec);
});
