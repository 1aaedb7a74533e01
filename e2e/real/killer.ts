import { readdir, readFile } from 'node:fs/promises';
import { OPERATOR } from '../install/ways.ts';
import type { Pod, Stage } from './stage.ts';

/** The process of the operator that leads. */
export interface Leader {
  readonly pod: string;
  readonly pid: number;
}

/** Finds who leads: the Lease names the pod, the pod its container, and the container's cgroup its process. */
export async function findLeader(stage: Stage): Promise<Leader> {
  const leader = await stage.leader();
  const [pid] = await processesOf(leader);
  if (pid === undefined) throw new Error(`The leader ${leader.metadata.name} has no process.`);
  return { pod: leader.metadata.name, pid };
}

/** The processes of a pod's containers, sidecars apart, as this machine numbers them. */
export async function processesOf({ metadata, status }: Pod): Promise<readonly number[]> {
  const ids = (status.containerStatuses ?? []).flatMap(({ containerID }) => containerID?.split('//')[1] ?? []);
  if (ids.length === 0) throw new Error(`The pod ${metadata.name} has no container.`);
  const processes = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    processes.map(async (pid) => {
      const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
      return ids.some((id) => cgroups.includes(id)) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

/** SIGKILL, and its pod is deleted at once, as with a node that is lost: nobody gives the Lease up. */
export async function killLeader(stage: Stage, { pod, pid }: Leader): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await stage.kubectl(['delete', 'pod', '-n', OPERATOR.namespace, pod, '--force', '--grace-period=0', '--wait=false']);
}
