import { expect, it } from '@jest/globals';
import { ANNOTATION } from '../../operator/api/index.ts';
import { ApiError } from '../../operator/kube/errors.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { comparable, ownedObjects } from './end-state.ts';

const OWNER = { apiVersion: 'a', kind: 'DeepSeekDeployment', name: 'chat', uid: 'b', controller: true };
const SERVICE: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    ...{ name: 'chat', namespace: 'one', uid: 'a', resourceVersion: '7', generation: 2, labels: { app: 'chat' } },
    creationTimestamp: '2026-01-01T00:00:00Z',
    annotations: { [ANNOTATION.switchedAt]: '2026-01-01T00:00:00Z', [ANNOTATION.attempt]: '2', mine: 'kept' },
    ownerReferences: [OWNER],
  },
  ...{ spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ports: [{ port: 80, nodePort: 30_000 }] }, status: {} },
};

it('what differs by nature is left out, and all else is kept', () => {
  expect(comparable(SERVICE)).toEqual({
    spec: { ports: [{ port: 80 }] },
    metadata: {
      name: 'chat',
      labels: { app: 'chat' },
      annotations: { [ANNOTATION.switchedAt]: 'set', [ANNOTATION.attempt]: '2', mine: 'kept' },
      ownerReferences: [{ apiVersion: 'a', kind: 'DeepSeekDeployment', name: 'chat', controller: true }],
    },
  });
});

it('of a mark that tells a reason, the reason counts', () => {
  const metadata = { name: 'chat-a', annotations: { [ANNOTATION.failed]: 'CrashLoop: pod chat-a-x of node n' } };
  const revision = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, data: { a: 1 }, revision: 3 };
  expect(comparable(revision)).toEqual({
    ...{ data: { a: 1 }, revision: 3 },
    metadata: { name: 'chat-a', annotations: { [ANNOTATION.failed]: 'CrashLoop' }, ownerReferences: [] },
  });
});

it('lists what is owned, of every kind that the cluster has', async () => {
  const foreign = { metadata: { name: 'foreign' } };
  const client = {
    list: (type: ResourceType) => {
      if (type.group.includes('.') && type.group !== 'networking.k8s.io')
        return Promise.reject(ApiError.fromResponse(404, '{}'));
      return Promise.resolve({ items: type === resources.services ? [SERVICE, foreign] : [] });
    },
  } as unknown as Pick<KubeClient, 'list'>;
  const owned = await ownedObjects(client, { namespace: 'one', signal: AbortSignal.timeout(1_000) });
  expect(Object.keys(owned)).toEqual(['Service chat']);
});
