import { expect, it } from '@jest/globals';
import { requiredSecrets } from './secret-refs.ts';

const env = (name: string, optional?: boolean) => ({
  name: 'X',
  valueFrom: { secretKeyRef: { name, key: 'k', ...(optional !== undefined && { optional }) } },
});

it('names every Secret that a container waits for, once', () => {
  const spec = {
    imagePullSecrets: [{ name: 'pull' }],
    initContainers: [{ name: 'download', envFrom: [{ secretRef: { name: 'bucket' } }] }],
    containers: [
      { name: 'engine', env: [env('token'), env('maybe', true), { name: 'PLAIN', value: 'token' }] },
      { name: 'sidecar', env: [env('token', false)], envFrom: [{ secretRef: { name: 'extra', optional: true } }] },
    ],
    volumes: [
      { name: 'a', secret: { secretName: 'tls' } },
      { name: 'b', secret: { secretName: 'spare', optional: true } },
      { name: 'c', projected: { sources: [{ secret: { name: 'key' } }, { secret: { name: 'not', optional: true } }] } },
      { name: 'd', csi: { driver: 'vault', nodePublishSecretRef: { name: 'login' } } },
      { name: 'e', emptyDir: {} },
    ],
  };
  expect(requiredSecrets({ spec })).toEqual(['bucket', 'key', 'login', 'tls', 'token']);
  expect(requiredSecrets({})).toEqual([]);
});
