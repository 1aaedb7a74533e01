import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import { namespaced } from '../kube/resources.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import type { KubeObject } from '../kube/types.ts';
import { OptionalInformer } from './optional-informer.ts';
import { FakeCollection, quiet } from './testing/fake-collection.ts';

const HOUR_MS = 3_600_000;
const missing = () => new ApiError(404, { message: 'the server could not find the requested resource' });
const forbidden = () => new ApiError(403, { reason: 'Forbidden', message: 'podmonitors is forbidden' });
const object = (name: string, version = '5') =>
  ({
    apiVersion: 'a/v1',
    kind: 'Thing',
    metadata: { name, namespace: 'ai', uid: name, resourceVersion: version },
  }) as KubeObject;

let stop: AbortController;
let clock: FakeClock;
let server: FakeCollection<KubeObject>;
let informer: OptionalInformer<KubeObject>;
let running: Promise<void>;
let told: string[];

beforeEach(() => {
  stop = new AbortController();
  clock = new FakeClock();
  server = new FakeCollection();
  told = [];
  informer = new OptionalInformer({
    ...{ client: server.client, clock, namespaces: [], askAgainMs: HOUR_MS },
    type: namespaced<KubeObject>('a', 'v1', 'Thing', 'things'),
    transform: (found) => found,
    onReflectorEvent: () => undefined,
  });
  informer.onEvent(({ type, object: { metadata } }) => told.push(`${type} ${metadata.name}`));
  informer.onInstalled(() => told.push(`installed ${String(informer.installed)}`));
});
afterEach(async () => {
  stop.abort(new Error('test is over'));
  await running;
});
const run = async () => {
  running = informer.run(stop.signal);
  await quiet();
};

describe('a kind that the cluster has', () => {
  it('is followed by one list and one watch', async () => {
    server.answer = [object('chat')];
    expect(informer.installed).toBeUndefined();
    await run();
    await informer.waitUntilKnown(stop.signal);
    expect(informer.installed).toBe(true);
    await server.send('ADDED', object('code', '11'));
    expect(told).toEqual(['added chat', 'installed true', 'added code']);
    expect(informer.get({ namespace: 'ai', name: 'code' })?.metadata.resourceVersion).toBe('11');
    expect([server.lists, server.watches]).toEqual([1, 1]);
  });

  it('is known with the answer to an own write', async () => {
    await run();
    informer.observeWrite(object('chat', '12'));
    expect(informer.get({ namespace: 'ai', name: 'chat' })?.metadata.resourceVersion).toBe('12');
    informer.observeDelete({ namespace: 'ai', name: 'chat', uid: 'chat' });
    expect(informer.get({ namespace: 'ai', name: 'chat' })).toBeUndefined();
  });
});

describe.each([
  ['is not installed', missing],
  ['may not be read', forbidden],
])('a kind that %s', (_, error) => {
  it('is asked for again from time to time alone, and followed once it is there', async () => {
    server.answer = error();
    await run();
    await informer.waitUntilKnown(stop.signal);
    expect([informer.installed, server.lists]).toEqual([false, 1]);
    await clock.advance(HOUR_MS - 1000);
    await quiet();
    expect(server.lists).toBe(1);
    server.answer = [];
    await clock.advance(2000);
    await quiet();
    expect([informer.installed, server.lists]).toEqual([true, 2]);
    expect(told).toEqual(['installed false', 'installed true']);
  });
});

it('ends a wait for what is never known when it is stopped', async () => {
  server.answer = new ApiError(500, { message: 'no' });
  await run();
  const waiting = informer.waitUntilKnown(stop.signal);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});
