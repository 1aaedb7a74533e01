import { readdir, readFile } from 'node:fs/promises';
import { OPERATOR } from '../install/ways.ts';
import type { Stage } from './stage.ts';

/** The process of the operator that leads. */
export interface Leader {
  readonly pod: string;
  readonly pid: number;
}

/** Finds who leads: the Lease names the pod, the pod its container, and the container's cgroup its process. */
export async function findLeader(stage: Stage): Promise<Leader> {
  const { metadata, status } = await stage.leader();
  const pod = metadata.name;
  const id = status.containerStatuses?.[0]?.containerID;
  if (id === undefined) throw new Error(`The leader ${pod} has no container.`);
  const container = id.replace(/^containerd:\/\//, '');
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    if (cgroups.includes(container)) return { pod, pid: Number(pid) };
  }
  throw new Error(`The leader ${pod} has no process.`);
}

/** SIGKILL, and its pod is deleted at once, as with a node that is lost: nobody gives the Lease up. */
export async function killLeader(stage: Stage, { pod, pid }: Leader): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await stage.kubectl(['delete', 'pod', '-n', OPERATOR.namespace, pod, '--force', '--grace-period=0', '--wait=false']);
}
