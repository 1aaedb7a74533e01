import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import type { Informer, StoreEvent } from '../kube/types.ts';
import { type LiveScaledObject, ScaledObjectCache } from './keda.ts';
import type { LiveDeepSeekDeployment } from './snapshot.ts';
import { FakeCollection, quiet } from './testing/fake-collection.ts';

const MINUTE_MS = 60_000;

let stop: AbortController;
let clock: FakeClock;
let server: FakeCollection<LiveScaledObject>;
let cache: ScaledObjectCache;
let running: Promise<void>;
let told: string[];
let deployments: Map<string, LiveDeepSeekDeployment>;
let change: (event: StoreEvent<LiveDeepSeekDeployment>) => void;

beforeEach(() => {
  stop = new AbortController();
  clock = new FakeClock();
  server = new FakeCollection();
  told = [];
  deployments = new Map();
  cache = new ScaledObjectCache({
    ...{ client: server.client, clock, namespaces: [], onReflectorEvent: () => undefined },
    deployments: {
      onEvent: (handler: typeof change) => void (change = handler),
      store: { get: ({ name }: { readonly name: string }) => deployments.get(name) },
    } as unknown as Informer<LiveDeepSeekDeployment>,
  });
  cache.onChange((key, initial) => told.push(`${key}${initial ? ' initial' : ''}`));
  running = cache.run(stop.signal);
});
afterEach(async () => {
  stop.abort(new Error('test is over'));
  await running;
});

async function deployment(name: string, provider: 'HPA' | 'KEDA' | undefined, made = false): Promise<void> {
  const object = {
    metadata: { name, namespace: 'ai' },
    spec: provider === undefined ? {} : { autoscaling: { provider, maxReplicas: 3 } },
    ...(made && { status: { scaledObject: name } }),
  } as unknown as LiveDeepSeekDeployment;
  deployments.set(name, object);
  change({ type: 'updated', object, initial: false });
  await quiet();
}
const scaledObject = (name: string, version = '5') =>
  ({
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name, namespace: 'ai', uid: name, resourceVersion: version },
    status: { conditions: [{ type: 'Ready', status: 'True', lastSeen: 'now' }] },
  }) as unknown as LiveScaledObject;

it('asks for nothing while nobody wants KEDA', async () => {
  await deployment('chat', 'HPA');
  await deployment('code', undefined);
  await clock.advance(60 * MINUTE_MS);
  expect([server.lists, cache.installed]).toEqual([0, undefined]);
});

it('follows the objects while somebody wants it, and ends when the last one is gone', async () => {
  server.answer = [scaledObject('chat')];
  await deployment('chat', 'KEDA');
  expect([server.lists, server.watches, cache.installed]).toEqual([1, 1, true]);
  expect(cache.get('ai', 'chat')?.status).toEqual({ conditions: [{ type: 'Ready', status: 'True' }] });
  await server.send('MODIFIED', scaledObject('chat', '11'));
  expect(told).toEqual(['ai/chat initial', 'ai/chat']);
  // It is still there, and has to be taken away.
  await deployment('chat', undefined);
  expect(server.watches).toBe(1);
  await server.send('DELETED', scaledObject('chat', '12'));
  expect([server.watches, cache.installed]).toEqual([0, undefined]);
});

it('looks again for a KEDA that is missing: now and then, and when one more wants it', async () => {
  server.answer = new ApiError(404, { message: 'the server could not find the requested resource' });
  await deployment('chat', 'KEDA');
  expect([server.lists, cache.installed]).toEqual([1, false]);
  await deployment('code', 'KEDA');
  expect(server.lists).toBe(2);
  server.answer = [];
  await clock.advance(6 * MINUTE_MS);
  await quiet();
  expect([server.lists, cache.installed]).toEqual([3, true]);
  expect(told.slice(-2)).toEqual(['ai/chat initial', 'ai/code initial']);
});

it.each<['HPA' | undefined]>([['HPA'], [undefined]])(
  'follows after a restart what a spec with %s does not ask for any more, as its status tells, until it is gone',
  async (provider) => {
    server.answer = [scaledObject('chat')];
    await deployment('chat', provider, true);
    expect([cache.installed, cache.get('ai', 'chat')?.metadata.name]).toEqual([true, 'chat']);
    await server.send('DELETED', scaledObject('chat', '12'));
    expect([server.watches, cache.installed]).toEqual([1, true]);
    // The status follows what it was told.
    await deployment('chat', provider);
    expect([server.watches, cache.installed]).toEqual([0, undefined]);
  },
);

it('tells a KEDA that is missing from one that may not be read', async () => {
  server.answer = new ApiError(403, { reason: 'Forbidden', message: 'scaledobjects is forbidden' });
  await deployment('chat', 'KEDA');
  expect([cache.installed, cache.missing]).toEqual([false, false]);
  server.answer = new ApiError(404, { message: 'the server could not find the requested resource' });
  told.length = 0;
  await clock.advance(6 * MINUTE_MS);
  await quiet();
  expect([cache.installed, cache.missing]).toEqual([false, true]);
  expect(told).toEqual(['ai/chat initial']);
});
