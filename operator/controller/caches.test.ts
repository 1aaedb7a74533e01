import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../api/index.ts';
import type { KubeObject, StoreEvent } from '../kube/types.ts';
import type { WatchClient } from '../kube/client.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { type Caches, createCaches, routeEvents } from './caches.ts';
import { quiet } from './testing/fake-collection.ts';
import { trimBudget } from './transforms.ts';

it('tells the DeepSeekDeployment that a child has lost the label that names it', () => {
  const handlers: ((event: StoreEvent<KubeObject>) => void)[] = [];
  const informer = { type: { kind: 'Deployment' }, onEvent: (handler: never) => void handlers.push(handler) };
  const caches = {
    deepSeekDeployments: { onEvent: () => undefined },
    all: [informer],
    nodes: { onChange: () => undefined },
    gateway: { onChange: () => undefined },
    scaledObjects: { onChange: () => undefined },
    monitoring: { onChange: () => undefined },
    pods: { onEvent: () => undefined },
  } as unknown as Caches;
  const keys: string[] = [];
  routeEvents(caches, (key) => void keys.push(key));
  const metadata = { name: 'chat-aaa', namespace: 'ai' };
  const object: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata };
  const named = (name: string) => ({ ...object, metadata: { ...metadata, labels: { [LABEL.name]: name } } });
  const updated = (object: KubeObject, previous: KubeObject) => {
    for (const handler of handlers) handler({ type: 'updated', object, previous, initial: false });
  };
  updated(object, named('chat'));
  updated(named('other'), named('chat'));
  expect(keys).toEqual(['ai/chat', 'ai/other', 'ai/chat']);

  // A new version of it that says the same: somebody has changed what is not kept here.
  keys.length = 0;
  const version = (resourceVersion: string, more: object = {}) => ({
    ...{ ...named('chat'), ...more },
    metadata: { ...named('chat').metadata, resourceVersion },
  });
  updated(version('2'), version('1'));
  expect(keys).toEqual([]);
  updated(version('3', { status: { readyReplicas: 1 } }), version('2'));
  expect(keys).toEqual(['ai/chat']);
});

it('follows its own kind, and of others what carries its label; Secrets it does not', async () => {
  const asked: string[] = [];
  const client = {
    async *listPages({ kind }: { kind: string }, { labelSelector = '-' }: { labelSelector?: string }) {
      asked.push(`${kind} ${labelSelector}`);
      yield await Promise.reject(new Error('no more than this is asked'));
    },
  } as unknown as WatchClient;
  const { all } = createCaches({ client, clock: new FakeClock(), namespaces: [], onReflectorEvent: () => undefined });
  const stop = new AbortController();
  const running = Promise.all(all.map((informer) => informer.run(stop.signal)));
  await quiet();
  stop.abort();
  await running;
  const ours = 'app.kubernetes.io/managed-by=deepseek-operator';
  const kinds = ['Deployment', 'Service', 'ServiceAccount', 'NetworkPolicy', 'PodDisruptionBudget', 'Pod'];
  const others = [...kinds, 'ControllerRevision', 'HorizontalPodAutoscaler', 'EndpointSlice'];
  expect([...new Set(asked)].sort()).toEqual(
    ['DeepSeekDeployment -', ...others.map((kind) => `${kind} ${ours}`)].sort(),
  );
});

it('keeps of a budget what is asked of it, and not how it stands', () => {
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'chat' }, spec: {} };
  const status = { disruptionsAllowed: 1 };
  expect(trimBudget({ ...budget, status })).toEqual({ ...budget, metadata: { name: 'chat', managedFields: [] } });
});

it('tells of nodes those alone whose replicas wait for a place', () => {
  const deployment = (name: string, capacity?: string) => ({
    metadata: { name, namespace: 'ai' },
    status: { conditions: capacity === undefined ? [] : [{ type: 'CapacityAvailable', status: capacity }] },
  });
  const list = () => [
    deployment('new'),
    deployment('waits', 'False'),
    deployment('goes', 'Unknown'),
    deployment('serves', 'True'),
  ];
  let change = (): void => undefined;
  const caches = {
    deepSeekDeployments: { onEvent: () => undefined, store: { list } },
    all: [],
    nodes: { onChange: (handler: () => void) => void (change = handler) },
    gateway: { onChange: () => undefined },
    scaledObjects: { onChange: () => undefined },
    monitoring: { onChange: () => undefined },
    pods: { onEvent: () => undefined },
  } as unknown as Caches;
  const keys: [string, boolean][] = [];
  routeEvents(caches, (key, initial) => void keys.push([key, initial]));
  change();
  expect(keys).toEqual([
    ['ai/new', true],
    ['ai/waits', true],
    ['ai/goes', true],
  ]);
});

describe('GPUs that somebody waits for', () => {
  const object = (name: string, status: object, type = 'H100') => ({
    metadata: { name, namespace: 'ai' },
    spec: { accelerator: { type } },
    status,
  });
  const waits = { rollout: { phase: 'Waiting', capacity: { needed: 4, free: 1 } } };
  /** As many are free as are needed, and nowhere enough of them. */
  const fragments = { rollout: { phase: 'Waiting', capacity: { needed: 8, free: 8 } } };
  const warm = { rollout: { phase: 'Idle' }, rollback: { revision: 'old', readiness: 'Warm' } };
  const cold = { rollout: { phase: 'Idle' }, rollback: { revision: 'old', readiness: 'Cold' } };

  function follow(objects: readonly object[]) {
    const keys: string[] = [];
    let changed: (event: object) => void = () => undefined;
    let podEvent: (event: object) => void = () => undefined;
    const caches = {
      deepSeekDeployments: {
        onEvent: (handler: (event: object) => void) => void (changed = handler),
        store: { list: () => objects },
      },
      all: [],
      nodes: { onChange: () => undefined },
      gateway: { onChange: () => undefined },
      scaledObjects: { onChange: () => undefined },
      monitoring: { onChange: () => undefined },
      pods: { onEvent: (handler: (event: object) => void) => void (podEvent = handler) },
    } as unknown as Caches;
    routeEvents(caches, (key) => void keys.push(key));
    return { keys, changed: (event: object) => changed(event), podEvent: (event: object) => podEvent(event) };
  }

  it('are looked for by those who lack some once an old version that is kept warm may give them', () => {
    const giver = object('warm', warm);
    const placed = { conditions: [{ type: 'CapacityAvailable', status: 'True' }] };
    const watching = object('warm', { ...warm, rollout: { phase: 'Watching' } });
    const others = [object('waits', waits), object('short', {}), object('placed', placed), giver];
    const { keys, changed } = follow(others);
    changed({ type: 'updated', object: watching, previous: object('warm', {}), initial: false });
    expect(keys).toEqual(['ai/warm']);
    changed({ type: 'updated', object: giver, previous: watching, initial: false });
    expect(keys).toEqual(['ai/warm', 'ai/warm', 'ai/waits', 'ai/short']);
    changed({ type: 'updated', object: giver, previous: giver, initial: false });
    changed({ type: 'updated', object: object('warm', cold), previous: giver, initial: false });
    expect(keys.slice(4)).toEqual(['ai/warm', 'ai/warm']);
  });

  it('are looked for when a pod of ours is gone, by those alone who wait', () => {
    const { keys, podEvent } = follow([object('waits', waits), object('fragments', fragments), object('warm', warm)]);
    podEvent({ type: 'updated' });
    expect(keys).toEqual([]);
    podEvent({ type: 'deleted' });
    expect(keys).toEqual(['ai/waits', 'ai/fragments']);
  });
});
