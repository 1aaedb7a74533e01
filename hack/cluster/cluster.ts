import { randomUUID } from 'node:crypto';
import { mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { findBinaries, findTool } from './binaries.ts';
import { ClusterError } from './errors.ts';
import { claimFolder, forgetProcess, isInUse, recordedProcesses, removeCluster, WATCHDOG } from './folder.ts';
import { ClusterHandle } from './handle.ts';
import { layout, readState, writeState, type ClusterState } from './layout.ts';
import { ownIdentity } from './lock.ts';
import { loadNodePools } from './node-pools.ts';
import { renderNodes } from './nodes.ts';
import { Authority, saveKeyPair, saveTokenKeys } from './pki.ts';
import { checkRealNode, installNodePackages, NODE_ADDRESS, prepareNetwork } from './node/node.ts';
import { freePort } from './ports.ts';
import { killAll } from './process.ts';
import { AUDIT_POLICY, SERVICE_IP } from './programs.ts';
import type { Cluster, ClusterOptions } from './types.ts';
import { startWatchdog } from './watchdog.ts';

/** The node pools of a simulated cluster when none are named. */
export const DEFAULT_NODES = join(import.meta.dirname, 'nodes.yaml');

/**
 * Starts a cluster and waits until it can be used: the API server is ready and the namespace `default` exists; in the
 * other profiles also its ServiceAccount, and every node is Ready. When it throws, nothing is left behind.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { profile, signal, onProgress = () => undefined, extraArgs = {}, clientLimits } = options;
  // Before anything starts: a mistake in the file should not cost half a minute.
  const nodes = profile === 'simulated' ? renderNodes(await loadNodePools(options.nodes ?? DEFAULT_NODES)) : [];
  if (profile === 'real') {
    await checkRealNode();
    await installNodePackages(signal);
    await prepareNetwork(signal);
  }
  const binDir = await findBinaries(profile, { signal, onProgress });
  const nodeBinDir = profile === 'real' ? dirname(await findTool('kubelet', { signal, onProgress })) : undefined;
  const dir = options.dir === undefined ? await newFolder() : resolve(options.dir);
  const state: ClusterState = {
    instance: randomUUID(),
    profile,
    owner: ownIdentity(),
    ready: false,
    binDir,
    ...(nodeBinDir !== undefined && { nodeBinDir }),
    ports: { etcd: await freePort(), apiServer: await freePort() },
    ...(clientLimits ? { clientLimits } : {}),
    extraArgs: { ...extraArgs },
  };
  await claimFolder(dir, state);
  try {
    await startWatchdog(dir);
    onProgress('Issuing certificates');
    await preparePki(dir);
    await writeFile(layout(dir).auditPolicy, AUDIT_POLICY);
    const cluster = await ClusterHandle.open(dir, state);
    await cluster.startPrograms({ signal, onProgress });
    if (profile === 'simulated') await cluster.addNodes(nodes, { signal, onProgress });
    if (profile === 'real') await cluster.equipNode(options.images, { signal, onProgress });
    await settleOwnership(dir, state, options.lifetime ?? 'owner');
    return cluster;
  } catch (error) {
    await removeCluster(dir);
    throw error;
  }
}

/** Uses a cluster that another process has started. Throws NOT_RUNNING when there is none in `dir`. */
export async function connectCluster(dir: string): Promise<Cluster> {
  const path = resolve(dir);
  const state = await readState(path);
  if (!state?.ready || !(await isInUse(path, state))) {
    throw new ClusterError(
      'NOT_RUNNING',
      `No cluster runs in ${path}. Start one: npm run -s cluster -- up --dir ${path}`,
    );
  }
  return ClusterHandle.open(path, state);
}

async function newFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'deepseek-cluster-')));
}

/** From here on a detached cluster belongs to nobody, and its watchdog goes. */
async function settleOwnership(dir: string, state: ClusterState, lifetime: 'owner' | 'detached'): Promise<void> {
  if (lifetime === 'owner') {
    await writeState(dir, { ...state, ready: true });
    return;
  }
  await writeState(dir, { ...state, ready: true, owner: null });
  const watchdog = (await recordedProcesses(dir)).get(WATCHDOG);
  if (watchdog) await killAll([watchdog]);
  await forgetProcess(dir, WATCHDOG);
}

const KUBELET_CLIENT = { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] };

async function preparePki(dir: string): Promise<void> {
  const { pki } = layout(dir);
  const [authority, frontProxy] = await Promise.all([Authority.create('local'), Authority.create('front-proxy-ca')]);
  const names = {
    dns: [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
    ],
    ip: ['127.0.0.1', SERVICE_IP, NODE_ADDRESS],
  };
  await Promise.all([
    authority.save(pki, 'ca'),
    writeFile(join(pki, 'front-proxy-ca.crt'), frontProxy.certificate),
    saveKeyPair(pki, 'apiserver', await authority.issueServer('kube-apiserver', names)),
    saveKeyPair(pki, 'front-proxy', await frontProxy.issueClient({ commonName: 'front-proxy' })),
    // For logs and exec: the API server's way to a kubelet.
    saveKeyPair(pki, 'kubelet-client', await authority.issueClient(KUBELET_CLIENT)),
    saveTokenKeys(pki, 'service-account'),
  ]);
}
