import { spawn } from 'node:child_process';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  countReads,
  countWrites,
  openApi,
  readAudit,
  startCluster,
  waitUntilQuiet,
  type Cluster,
} from '../../hack/cluster/index.ts';
import { removeCluster } from '../../hack/cluster/folder.ts';
import { identify } from '../../hack/cluster/process.ts';
import { eventually } from '../support/index.ts';

jest.setTimeout(180_000);
const WAIT = { timeoutMs: 60_000 };
const signal = () => AbortSignal.timeout(120_000);

/** Clusters of this suite's own: it stops and kills what others share. */
describe('a control plane', () => {
  let base: string;
  let clusters: Cluster[];
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'cluster-test-'));
    clusters = [];
  });
  afterEach(async () => {
    await Promise.all(clusters.map(async (cluster) => cluster.stop()));
    // A failed test may have left a cluster of the process that it started.
    for (const name of await readdir(base)) await removeCluster(join(base, name));
    await rm(base, { recursive: true, force: true });
  });

  const start = async (name: string): Promise<Cluster> => {
    const cluster = await startCluster({ profile: 'control-plane', dir: join(base, name), signal: signal() });
    clusters.push(cluster);
    return cluster;
  };
  const configMap = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: { key: name },
  });
  const MAPS = '/api/v1/namespaces/default/configmaps';

  it('runs beside another, each with its own data, and leaves no process and no file', async () => {
    const [one, two] = await Promise.all([start('one'), start('two')]);
    const [oneApi, twoApi] = await Promise.all([openApi(one, 'tester'), openApi(two, 'tester')]);
    await oneApi.post(MAPS, configMap('mine'), signal());
    expect(await oneApi.get(`${MAPS}/mine`, signal())).toMatchObject({ data: { key: 'mine' } });
    expect(await twoApi.get(`${MAPS}/mine`, signal())).toBeUndefined();

    const pids = [...(await pidsIn(one.dir)), ...(await pidsIn(two.dir))];
    expect(pids.filter(isRunning)).toHaveLength(6); // etcd, kube-apiserver and the watchdog of each
    await one.stop();
    expect(await twoApi.get('/api/v1/namespaces/default', signal())).toBeDefined();
    await two.stop();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(await readdir(base)).toEqual([]);
    await Promise.all([oneApi.close(), twoApi.close()]);
  });

  it('keeps its data and its address while the API server is restarted', async () => {
    const cluster = await start('restart');
    const api = await openApi(cluster, 'tester');
    await api.post(MAPS, configMap('kept'), signal());

    await cluster.stopApiServer({ signal: signal() });
    expect(await api.isReady(signal())).toBe(false);
    await cluster.startApiServer({ signal: signal() });
    expect(await api.get(`${MAPS}/kept`, signal())).toMatchObject({ data: { key: 'kept' } });
    await api.close();
  });

  it('counts reads and writes per user, and tells a user without groups that it may do nothing', async () => {
    const cluster = await start('audit');
    const [alice, bob] = await Promise.all([openApi(cluster, 'alice'), openApi(cluster, 'bob')]);
    for (const name of ['a', 'b', 'c']) await alice.post(MAPS, configMap(name), signal());
    await alice.mergePatch(`${MAPS}/a`, { data: { key: 'changed' } }, signal());
    await alice.delete(`${MAPS}/b`, signal());
    await bob.get(MAPS, signal());
    await bob.get(`${MAPS}/a`, signal());

    await waitUntilQuiet(cluster.auditLog, { user: 'bob', quietMs: 200, timeoutMs: 10_000, signal: signal() });
    const [ofAlice, ofBob] = await Promise.all(
      ['alice', 'bob'].map(async (user) => readAudit(cluster.auditLog, { user })),
    );
    expect({ writes: countWrites(ofAlice!), reads: countReads(ofAlice!) }).toEqual({ writes: 5, reads: 0 });
    expect({ writes: countWrites(ofBob!), reads: countReads(ofBob!) }).toEqual({ writes: 0, reads: 2 });
    expect(ofBob).toMatchObject([
      { verb: 'list', resource: 'configmaps', group: '', namespace: 'default', code: 200 },
      { verb: 'get', name: 'a', code: 200 },
    ]);
    await Promise.all([alice.close(), bob.close()]);

    const mallory = await cluster.kubeconfig('mallory', { groups: [] });
    const powerless = await openApi({ kubeconfig: async () => mallory }, 'mallory');
    await expect(powerless.get(MAPS, signal())).rejects.toMatchObject({
      code: 'API_ERROR',
      message: expect.stringContaining('403'),
    });
    await powerless.close();
  });

  it('refuses a folder that somebody uses, and one that holds other files', async () => {
    const cluster = await start('used');
    await expect(start('used')).rejects.toMatchObject({ code: 'DIR_IN_USE' });
    expect(cluster.profile).toBe('control-plane');
    await expect(startCluster({ profile: 'control-plane', dir: base, signal: signal() })).rejects.toMatchObject({
      code: 'DIR_NOT_OURS',
    });
  });

  it('leaves nothing behind when its start fails', async () => {
    const dir = join(base, 'fails');
    const started = startCluster({
      profile: 'control-plane',
      dir,
      extraArgs: { 'kube-apiserver': ['--no-such-flag'] },
      signal: signal(),
    });
    await expect(started).rejects.toMatchObject({
      code: 'PROGRAM_EXITED',
      message: expect.stringContaining('unknown flag: --no-such-flag'),
    });
    await expect(access(dir)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('goes away when its owner is killed', async () => {
    const dir = join(base, 'orphan');
    const owner = await startOwner(dir);
    const pids = await pidsIn(dir);
    process.kill(owner, 'SIGKILL');
    await eventually(() => expect(pids.filter(isRunning)).toEqual([]), WAIT);
    await eventually(async () => expect(await readdir(base)).not.toContain('orphan'), WAIT);
  });

  it('is cleaned up by the next start in its folder when owner and watchdog are killed', async () => {
    const dir = join(base, 'orphan');
    const owner = await startOwner(dir);
    const pids = await pidsIn(dir);
    process.kill(await pidOf(dir, 'watchdog'), 'SIGKILL');
    process.kill(owner, 'SIGKILL');
    await eventually(() => expect(isRunning(owner)).toBe(false), WAIT);
    expect(isRunning(await pidOf(dir, 'etcd'))).toBe(true);

    const successor = await start('orphan');
    expect(pids.filter(isRunning)).toEqual([]);
    expect(await pidsIn(successor.dir)).toHaveLength(3);
  });

  /** Starts a cluster from another process, and resolves to its pid once the cluster is ready. */
  async function startOwner(dir: string): Promise<number> {
    const script = join(base, 'owner.mts');
    const api = join(import.meta.dirname, '..', '..', 'hack', 'cluster', 'index.ts');
    await writeFile(
      script,
      `import { startCluster } from ${JSON.stringify(api)};
       await startCluster({ profile: 'control-plane', dir: ${JSON.stringify(dir)}, signal: AbortSignal.timeout(120_000) });
       setInterval(() => undefined, 60_000);`,
    );
    const owner = spawn(process.execPath, ['--no-warnings', script], { stdio: 'inherit' });
    await eventually(async () => {
      expect(JSON.parse(await readFile(join(dir, 'cluster.json'), 'utf8'))).toMatchObject({ ready: true });
    }, WAIT);
    return owner.pid!;
  }
});

async function pidOf(dir: string, name: string): Promise<number> {
  return (JSON.parse(await readFile(join(dir, 'run', `${name}.json`), 'utf8')) as { pid: number }).pid;
}

async function pidsIn(dir: string): Promise<number[]> {
  const files = await readdir(join(dir, 'run'));
  return Promise.all(files.map(async (file) => pidOf(dir, file.replace('.json', ''))));
}

/** Whether a process runs; one that has ended but is not yet reaped by its parent does not. */
function isRunning(pid: number): boolean {
  return identify(pid) !== undefined;
}
