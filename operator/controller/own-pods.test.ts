import { expect, it } from '@jest/globals';
import { LABEL } from '../api/index.ts';
import type { StoreEvent } from '../kube/types.ts';
import { OwnPods } from './own-pods.ts';
import type { LivePod } from './snapshot.ts';
import { trimPod } from './transforms.ts';

const pod = (
  name: string,
  { nodeName, phase = 'Running' }: { nodeName?: string; phase?: 'Running' | 'Succeeded' | 'Failed' } = {},
): LivePod =>
  trimPod({
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      name,
      namespace: 'ai',
      uid: `uid-${name}`,
      labels: { app: 'x', [LABEL.name]: 'chat', [LABEL.revision]: 'aaa' },
    },
    spec: {
      ...(nodeName !== undefined && { nodeName }),
      nodeSelector: { gpu: 'a' },
      containers: [{ name: 'engine', image: 'i', env: [], resources: { limits: { 'nvidia.com/gpu': '2' } } }],
    },
    status: { phase, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  });

function following() {
  const handlers: ((event: StoreEvent<LivePod>) => void)[] = [];
  const own = new OwnPods({ onEvent: (handler) => void handlers.push(handler) });
  const tell = (type: StoreEvent<LivePod>['type'], object: LivePod) => {
    for (const handler of handlers) handler({ type, object, initial: false });
  };
  return { own, tell, names: () => own.all.map(({ metadata }) => metadata.name) };
}

it('follows pods until they have ended or are gone', () => {
  const { tell, names } = following();
  for (const name of ['a', 'b', 'c']) tell('added', pod(name));
  tell('updated', pod('a', { nodeName: 'n' }));
  expect(names()).toEqual(['a', 'b', 'c']);
  tell('updated', pod('b', { phase: 'Failed' }));
  tell('updated', pod('a', { phase: 'Succeeded' }));
  expect(names()).toEqual(['c']);
  tell('deleted', pod('c'));
  expect(names()).toEqual([]);
});

it('keeps what a count reads: whose a pod is, where it is, what it takes, and what it waits for', () => {
  const { own, tell } = following();
  tell('added', pod('waits'));
  tell('added', pod('runs', { nodeName: 'n' }));
  const taken = { containers: [{ name: 'engine', resources: { limits: { 'nvidia.com/gpu': '2' } } }] };
  const metadata = { namespace: 'ai', labels: { [LABEL.name]: 'chat', [LABEL.revision]: 'aaa' } };
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  expect(own.all).toEqual([
    {
      metadata: { ...metadata, name: 'waits', uid: 'uid-waits' },
      spec: { ...taken, nodeSelector: { gpu: 'a' } },
      status,
    },
    { metadata: { ...metadata, name: 'runs', uid: 'uid-runs' }, spec: { ...taken, nodeName: 'n' }, status },
  ]);
});

it('keeps what replicas have in common once', () => {
  const { own, tell } = following();
  tell('added', pod('a', { nodeName: 'n' }));
  tell('added', pod('b', { nodeName: 'm' }));
  const [a, b] = own.all;
  expect(a?.spec?.containers).toBe(b?.spec?.containers);
  expect(a?.status).toBe(b?.status);
});
