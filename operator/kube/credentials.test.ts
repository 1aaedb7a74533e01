import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, test } from '@jest/globals';
import { loadCredentials, type Credentials, type LoadCredentialsOptions } from './credentials.ts';
import { CredentialsError } from './errors.ts';
import { FakeClock } from './testing/fake-clock.ts';

let directory: string;
let clock: FakeClock;

const load = (options: Partial<LoadCredentialsOptions> = {}): Promise<Credentials> =>
  loadCredentials({ clock, env: { HOME: directory }, serviceAccountDirectory: join(directory, 'sa'), ...options });

async function kubeconfig(name: string, user: object, cluster: object = {}): Promise<string> {
  const path = join(directory, name);
  await mkdir(join(path, '..'), { recursive: true });
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: `https://${name}.example`, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'first', context: { cluster: 'c', user: 'u', namespace: 'ai' } },
      { name: 'second', context: { cluster: 'c', user: 'u' } },
    ],
    'current-context': 'first',
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

async function serviceAccount(token = 'mounted', ca = 'CA one'): Promise<void> {
  await mkdir(join(directory, 'sa'), { recursive: true });
  await writeFile(join(directory, 'sa', 'token'), `${token}\n`);
  await writeFile(join(directory, 'sa', 'ca.crt'), ca);
}

// Loading client-node takes a busy machine seconds; that is no test's own time.
beforeAll(() => import('@kubernetes/client-node/dist/config.js'), 60_000);
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'credentials-'));
  clock = new FakeClock();
});
afterEach(() => rm(directory, { recursive: true }));

describe('where they come from', () => {
  const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };

  it('an explicit path, then $KUBECONFIG, then the service account, then the home directory', async () => {
    const explicit = await kubeconfig('explicit', { token: 't' });
    const fromEnvironment = await kubeconfig('environment', { token: 't' });
    await kubeconfig('.kube/config', { token: 't' });
    await serviceAccount();
    const env = { HOME: directory, KUBECONFIG: fromEnvironment, ...inPod };
    expect((await load({ env, kubeconfig: explicit })).server).toBe('https://explicit.example');
    expect((await load({ env })).server).toBe('https://environment.example');
    expect((await load({ env: { HOME: directory, ...inPod } })).server).toBe('https://10.0.0.1:443');
    expect((await load()).server).toBe('https://.kube/config.example');
  });

  it('several files in $KUBECONFIG are merged; the first says the context', async () => {
    const one = await kubeconfig('one', { token: 't' });
    const extra = join(directory, 'two');
    await writeFile(
      extra,
      JSON.stringify({
        clusters: [{ name: 'd', cluster: { server: 'https://two.example' } }],
        users: [{ name: 'v', user: { token: 'v' } }],
        contexts: [{ name: 'third', context: { cluster: 'd', user: 'v' } }],
        'current-context': 'third',
      }),
    );
    const env = { KUBECONFIG: `${one}:${extra}` };
    expect((await load({ env })).server).toBe('https://one.example');
    expect((await load({ env, context: 'third' })).server).toBe('https://two.example');
  });

  it('a context by name', async () => {
    const path = await kubeconfig('k', { token: 't' });
    expect((await load({ kubeconfig: path })).namespace).toBe('ai');
    expect((await load({ kubeconfig: path, context: 'second' })).namespace).toBeUndefined();
  });

  it('an IPv6 service address is put in brackets', async () => {
    await serviceAccount();
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    expect((await load({ env })).server).toBe('https://[fd00::1]:6443');
  });
});

describe('what is wrong with them is said', () => {
  it('nothing found', async () => {
    await expect(load()).rejects.toThrow(/pass --kubeconfig, set KUBECONFIG, or run in a pod/);
  });

  it('no such file', async () => {
    await expect(load({ kubeconfig: '/nowhere' })).rejects.toThrow('cannot read the kubeconfig /nowhere');
  });

  it('no such context', async () => {
    const path = await kubeconfig('k', { token: 't' });
    await expect(load({ kubeconfig: path, context: 'other' })).rejects.toThrow(
      /context "other" .* names no known cluster/,
    );
  });

  it('a plugin that fails', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: join(directory, 'missing') };
    const credentials = await load({ kubeconfig: await kubeconfig('k', { exec }) });
    await expect(credentials.headers()).rejects.toBeInstanceOf(CredentialsError);
  });
});

describe('headers', () => {
  test.each([
    ['a token', { token: 'abc' }, { authorization: 'Bearer abc' }],
    ['a name and a password', { username: 'me', password: 'pw' }, { authorization: 'Basic bWU6cHc=' }],
    ['a certificate', { 'client-certificate-data': 'eA==', 'client-key-data': 'eQ==' }, {}],
    ['impersonation', { token: 'abc', as: 'bob' }, { authorization: 'Bearer abc', 'impersonate-user': 'bob' }],
  ])('of %s', async (_, user, headers) => {
    const credentials = await load({ kubeconfig: await kubeconfig('k', user) });
    expect(await credentials.headers()).toEqual(headers);
  });

  it('of an exec plugin, which runs once for many callers and again after a refusal', async () => {
    const plugin = join(directory, 'plugin');
    const runs = join(directory, 'runs');
    const answer = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s"}}';
    await writeFile(plugin, `#!/bin/sh\necho run >> ${runs}\nprintf '${answer}' $(wc -l < ${runs})\n`);
    await chmod(plugin, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin };
    const credentials = await load({ kubeconfig: await kubeconfig('k', { exec }) });
    const many = await Promise.all([credentials.headers(), credentials.headers(), credentials.tls()]);
    expect(many.slice(0, 2)).toEqual([{ authorization: 'Bearer t1' }, { authorization: 'Bearer t1' }]);
    credentials.invalidate();
    expect(await credentials.headers()).toEqual({ authorization: 'Bearer t2' });
  });
});

describe('rotation', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };

  it('a token is read again after a minute, or at once after a refusal', async () => {
    await serviceAccount('one');
    const credentials = await load({ env });
    expect(await credentials.headers()).toEqual({ authorization: 'Bearer one' });
    await serviceAccount('two');
    await clock.advance(59_000);
    expect(await credentials.headers()).toEqual({ authorization: 'Bearer one' });
    await clock.advance(1_000);
    expect(await credentials.headers()).toEqual({ authorization: 'Bearer two' });
    await serviceAccount('three');
    credentials.invalidate();
    expect(await credentials.headers()).toEqual({ authorization: 'Bearer three' });
  });

  it('the same TLS material is the same object until its bytes change', async () => {
    await serviceAccount('t', 'CA one');
    const credentials = await load({ env });
    const before = await credentials.tls();
    await serviceAccount('t', 'CA one');
    await clock.advance(10_000);
    expect(await credentials.tls()).toBe(before);
    await serviceAccount('t', 'CA two');
    await clock.advance(10_000);
    const after = await credentials.tls();
    expect(after).not.toBe(before);
    expect(String(after.ca)).toBe('CA two');
  });

  it('material that several callers ask for at once is one object, from data too', async () => {
    const user = { 'client-certificate-data': 'eA==', 'client-key-data': 'eQ==' };
    const credentials = await load({ kubeconfig: await kubeconfig('k', user) });
    await Promise.all([credentials.tls(), credentials.tls()]);
    expect(await credentials.tls()).toBe(await credentials.tls());
  });

  it('a file that is gone for a moment keeps its last content', async () => {
    await serviceAccount('one');
    const credentials = await load({ env });
    await credentials.headers();
    await rm(join(directory, 'sa', 'token'));
    credentials.invalidate();
    expect(await credentials.headers()).toEqual({ authorization: 'Bearer one' });
  });

  it('certificate files of a kubeconfig are followed, relative to its folder', async () => {
    await writeFile(join(directory, 'client.crt'), 'one');
    await writeFile(join(directory, 'client.key'), 'key');
    const user = { 'client-certificate': 'client.crt', 'client-key': 'client.key' };
    const credentials = await load({ kubeconfig: await kubeconfig('k', user, { 'tls-server-name': 'api.internal' }) });
    const before = await credentials.tls();
    expect({ ...before, cert: String(before.cert), key: String(before.key) }).toEqual({
      cert: 'one',
      key: 'key',
      servername: 'api.internal',
      verify: true,
    });
    expect(await credentials.tls()).toBe(before);
    await writeFile(join(directory, 'client.crt'), 'two');
    await clock.advance(10_000);
    expect(String((await credentials.tls()).cert)).toBe('two');
  });

  it('a kubeconfig with a new token is read again after a refusal', async () => {
    const path = await kubeconfig('k', { token: 'one' });
    const credentials = await load({ kubeconfig: path });
    await kubeconfig('k', { token: 'two' });
    expect(await credentials.headers()).toEqual({ authorization: 'Bearer one' });
    credentials.invalidate();
    expect(await credentials.headers()).toEqual({ authorization: 'Bearer two' });
  });
});
