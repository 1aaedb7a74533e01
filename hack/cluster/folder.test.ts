import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claimFolder, isInUse, recordProcess, removeCluster } from './folder.ts';
import { layout, readState, writeState, type ClusterState } from './layout.ts';
import { ownIdentity } from './lock.ts';
import { identify, isAlive, killAll, type ProcessIdentity } from './process.ts';

const DEAD: ProcessIdentity = { pid: 1, startTime: 'never' };

describe('the folder of a cluster', () => {
  let base: string;
  let dir: string;
  let program: ProcessIdentity;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'folder-'));
    dir = join(base, 'cluster');
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(child, 'spawn');
    program = identify(child.pid!)!;
  });
  afterEach(async () => {
    await killAll([program]);
    await rm(base, { recursive: true });
  });

  const state = (owner: ProcessIdentity | null): ClusterState => ({
    instance: crypto.randomUUID(),
    profile: 'control-plane',
    owner,
    ready: true,
    binDir: '/bin',
    ports: { etcd: 1, apiServer: 2 },
    extraArgs: {},
  });

  it('goes to one of two that claim it at the same moment', async () => {
    const claims = await Promise.allSettled([1, 2].map(async () => claimFolder(dir, state(ownIdentity()))));
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(claims.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'DIR_IN_USE' } });
  });

  it('is taken over from a dead owner, whose programs are killed first', async () => {
    await claimFolder(dir, state(DEAD));
    await recordProcess(dir, 'etcd', program);
    const successor = state(ownIdentity());
    await claimFolder(dir, successor);
    expect(isAlive(program)).toBe(false);
    expect((await readState(dir))?.instance).toBe(successor.instance);
    expect(await readdir(layout(dir).run)).toEqual([]);
  });

  it('is not taken from a living owner', async () => {
    await claimFolder(dir, state(ownIdentity()));
    await expect(claimFolder(dir, state(ownIdentity()))).rejects.toMatchObject({ code: 'DIR_IN_USE' });
  });

  it('belongs to a detached cluster while any of its programs runs', async () => {
    const detached = state(null);
    await claimFolder(dir, state(ownIdentity()));
    await writeState(dir, detached);
    await recordProcess(dir, 'kube-apiserver', DEAD);
    await recordProcess(dir, 'etcd', program);
    expect(await isInUse(dir, detached)).toBe(true);
    await killAll([program]);
    expect(await isInUse(dir, detached)).toBe(false);
  });

  it('is never a folder with files of others, and those survive', async () => {
    await mkdir(dir);
    await writeFile(join(dir, 'thesis.tex'), 'x');
    await expect(claimFolder(dir, state(ownIdentity()))).rejects.toMatchObject({ code: 'DIR_NOT_OURS' });
    await removeCluster(dir);
    expect(await readdir(dir)).toEqual(['thesis.tex']);
  });

  it('is removed with its programs, a record that was cut short notwithstanding', async () => {
    await claimFolder(dir, state(ownIdentity()));
    await recordProcess(dir, 'etcd', program);
    await writeFile(join(layout(dir).run, 'kube-apiserver.json'), '{"pid": 1');
    await removeCluster(dir);
    expect(isAlive(program)).toBe(false);
    expect(await readdir(base)).toEqual([]);
  });
});
