import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Authority } from '../../hack/cluster/pki.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { loadCredentials, type Credentials } from '../../operator/kube/credentials.ts';
import { namespaced, resources } from '../../operator/kube/resources.ts';
import { FakeClock } from '../../operator/kube/testing/fake-clock.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { LIMIT, Rig, type Watched } from './harness.ts';

const cluster = testCluster('control-plane');
const namespace = testNamespace(cluster);

const LOOPBACK = { dns: ['localhost'], ip: ['127.0.0.1'] };
const roleBindings = namespaced('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings');

let rig: Rig;
let directory: string;
let clock: FakeClock;
let credentials: Credentials;

/** Serves with a certificate of `authority` and tells the pod to trust it. */
async function serve(authority: Authority): Promise<{ cert: string; key: string }> {
  await writeFile(join(directory, 'ca.crt'), authority.certificate);
  const { certificate, key } = await authority.issueServer('kube-apiserver', LOOPBACK);
  return { cert: certificate, key };
}

async function requestToken(): Promise<string> {
  const answer = await rig.directTransport.call<{ status: { token: string } }>({
    method: 'POST',
    verb: 'create',
    path: `/api/v1/namespaces/${namespace()}/serviceaccounts/operator/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
    retry: false,
    signal: rig.signal,
  });
  return answer.status.token;
}

async function createServiceAccount(): Promise<void> {
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'operator', namespace: namespace() } };
  await rig.direct.create(resources.serviceAccounts, object, { signal: rig.signal });
}

/** A pod: a service account's directory, the address of the API server, and time that stands still. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'service-account-'));
  clock = new FakeClock();
  rig = await Rig.create(cluster(), namespace(), await serve(await Authority.create('first')));
  await createServiceAccount();
  await rig.direct.create(
    roleBindings,
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'operator', namespace: namespace() },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'operator', namespace: namespace() }],
    },
    { signal: rig.signal },
  );
  await writeFile(join(directory, 'token'), await requestToken());
  const { hostname, port } = new URL(rig.proxy.url);
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  credentials = await loadCredentials({ clock, env, serviceAccountDirectory: directory });
});
afterEach(async () => {
  await rig.close();
  await rm(directory, { recursive: true });
});

const watch = (): Promise<Watched> => rig.watch(clock, { client: rig.client(clock, credentials) });

describe('a rotated token', () => {
  it('is read as soon as the server refuses the old one; no call fails', async () => {
    const client = new KubeHttpClient(rig.transport(clock, credentials));
    await rig.write('a', '1');
    const read = (): Promise<unknown> =>
      client.get(resources.configMaps, { name: 'a', namespace: namespace() }, { signal: rig.signal });
    await read();
    const old = rig.proxy.requests.at(-1)?.authorization;

    // A new account of the same name: its tokens are good, those of the old one are not.
    await rig.direct.delete(
      resources.serviceAccounts,
      { name: 'operator', namespace: namespace() },
      { signal: rig.signal },
    );
    await createServiceAccount();
    await writeFile(join(directory, 'token'), await requestToken());

    // The server remembers a good token for some seconds. Time stands still for the client, so it can only learn by the 401.
    await eventually(async () => {
      await read();
      expect(rig.proxy.requests.at(-1)?.authorization).not.toBe(old);
    }, LIMIT);
  });

  it('is used by a watch too', async () => {
    const watched = await watch();
    await rig.watching();
    await writeFile(join(directory, 'token'), await requestToken());
    const refused = rig.proxy.inject({ match: ({ isWatch }) => isWatch, fault: { kind: 'respond', status: 401 } });
    rig.proxy.cutWatches();
    await rig.write('a', 'seen');
    await eventually(() => expect(watched.value('a')).toBe('seen'), LIMIT);
    expect(refused.fired).toBe(1);
    expect(watched.count('listed')).toBe(1);
  });
});

describe('a rotated certificate authority', () => {
  it('is taken up by a watch when the server comes back with a certificate of the new one, without a list', async () => {
    const watched = await watch();
    await rig.watching();
    await rig.proxy.refuseConnections();
    rig.proxy.setCertificate(await serve(await Authority.create('second')));
    await rig.proxy.acceptConnections();
    await rig.write('a', 'seen');
    await eventually(async () => {
      await clock.advance(1_000);
      expect(watched.value('a')).toBe('seen');
    }, LIMIT);
    expect(watched.count('listed')).toBe(1);
  });

  it('is trusted by nobody who has not been told', async () => {
    const client = rig.client(clock, credentials);
    const authority = await Authority.create('impostor');
    const { certificate, key } = await authority.issueServer('kube-apiserver', LOOPBACK);
    rig.proxy.setCertificate({ cert: certificate, key });
    const get = client.list(resources.configMaps, { namespace: namespace(), signal: AbortSignal.timeout(500) });
    await expect(get).rejects.toBeDefined();
    expect(rig.proxy.requests).toEqual([]);
  });

  it('lets watches on connections of the old one go as soon as the change is seen', async () => {
    const client = rig.client(clock, credentials);
    const watched = await rig.watch(clock, { client });
    await rig.watching();
    const before = rig.proxy.requests.length;
    const both = await Authority.create('second');
    await writeFile(join(directory, 'ca.crt'), `${both.certificate}\n${await firstAuthority()}`);
    await clock.advance(10_000);
    await client.list(resources.configMaps, { namespace: namespace(), signal: rig.signal });
    await eventually(() => expect(rig.proxy.requests.slice(before).some(({ isWatch }) => isWatch)).toBe(true), LIMIT);
    await rig.write('a', 'seen');
    await eventually(() => expect(watched.value('a')).toBe('seen'), LIMIT);
    expect(watched.count('listed')).toBe(1);
  });
});

async function firstAuthority(): Promise<string> {
  const { ca } = await credentials.tls();
  return String(ca);
}
