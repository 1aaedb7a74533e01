import { expect, it } from '@jest/globals';
import { LABEL } from '../api/index.ts';
import type { KubeObject, StoreEvent } from '../kube/types.ts';
import { type Caches, routeEvents } from './caches.ts';

it('tells the DeepSeekDeployment that a child has lost the label that names it', () => {
  const handlers: ((event: StoreEvent<KubeObject>) => void)[] = [];
  const informer = { type: { kind: 'Deployment' }, onEvent: (handler: never) => void handlers.push(handler) };
  const caches = {
    deepSeekDeployments: { onEvent: () => undefined },
    all: [informer],
    nodes: { onChange: () => undefined },
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
  updated(named('chat'), named('chat'));
  expect(keys).toEqual(['ai/chat', 'ai/other', 'ai/chat', 'ai/chat']);
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
