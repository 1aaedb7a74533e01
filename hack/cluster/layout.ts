import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { systemCode } from './errors.ts';
import { ProcessIdentity } from './process.ts';

/** Where a cluster keeps what in its folder. */
export function layout(dir: string) {
  return {
    root: dir,
    state: join(dir, 'cluster.json'),
    pki: join(dir, 'pki'),
    users: join(dir, 'users'),
    /** One file per running process. */
    run: join(dir, 'run'),
    logs: join(dir, 'logs'),
    etcd: join(dir, 'etcd'),
    auditLog: join(dir, 'audit.log'),
    auditPolicy: join(dir, 'audit-policy.yaml'),
  } as const;
}
export type Layout = ReturnType<typeof layout>;

const programArgs = z.record(z.string(), z.array(z.string()).readonly());

/** cluster.json: what another process needs to use, judge or remove the cluster. */
export const ClusterState = z.object({
  /** Random; tells a cluster from a later one in the same folder. */
  instance: z.string(),
  profile: z.enum(['control-plane', 'simulated', 'real']),
  /** The process whose death is the cluster's, or null once a detached cluster has started. */
  owner: ProcessIdentity.nullable(),
  ready: z.boolean(),
  binDir: z.string(),
  /** kubelet and kube-proxy of a real node. */
  nodeBinDir: z.string().optional(),
  ports: z.object({ etcd: z.int(), apiServer: z.int() }),
  clientLimits: z.object({ qps: z.number(), burst: z.number() }).optional(),
  extraArgs: programArgs,
});
export type ClusterState = z.infer<typeof ClusterState>;

/** The state in a cluster's folder; undefined when there is none. A file that is not ours throws. */
export async function readState(dir: string): Promise<ClusterState | undefined> {
  try {
    return ClusterState.parse(JSON.parse(await readFile(layout(dir).state, 'utf8')));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Replaces the file in one step: a reader sees the old or the new content, never a part. */
export async function writeAtomically(path: string, content: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.${process.pid}.${crypto.randomUUID()}`;
  await writeFile(temporary, content, { mode });
  await rename(temporary, path);
}

export async function writeState(dir: string, state: ClusterState): Promise<void> {
  await writeAtomically(layout(dir).state, `${JSON.stringify(state, null, 2)}\n`);
}
