import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ClusterError, systemCode } from './errors.ts';
import { layout, readState, type ClusterState } from './layout.ts';
import { removeCgroups } from './node/cgroups.ts';
import { isAlive, killAll, ProcessIdentity } from './process.ts';

/** Name under which the watchdog is recorded among the processes of a cluster. */
export const WATCHDOG = 'watchdog';

/** Writes down that a process belongs to the cluster in `dir`. */
export async function recordProcess(dir: string, name: string, identity: ProcessIdentity): Promise<void> {
  await writeFile(join(layout(dir).run, `${name}.json`), JSON.stringify(identity));
}

export async function forgetProcess(dir: string, name: string): Promise<void> {
  await rm(join(layout(dir).run, `${name}.json`), { force: true });
}

/** The recorded processes of a cluster by name, dead ones included. */
export async function recordedProcesses(dir: string): Promise<Map<string, ProcessIdentity>> {
  const run = layout(dir).run;
  const processes = new Map<string, ProcessIdentity>();
  for (const file of await readdir(run).catch(() => [])) {
    const parsed = ProcessIdentity.safeParse(parseJson(await readFile(join(run, file), 'utf8')));
    if (parsed.success) processes.set(basename(file, '.json'), parsed.data);
  }
  return processes;
}

/** A record that its writer's death cut short is no record. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether somebody still wants the cluster: its owner lives, or, when it is detached, any of its programs does. */
export async function isInUse(dir: string, state: ClusterState): Promise<boolean> {
  if (state.owner) return isAlive(state.owner);
  const processes = await recordedProcesses(dir);
  return [...processes.values()].some(isAlive);
}

/**
 * Makes `dir` the folder of a new cluster. A cluster that a dead owner left there is removed first. Throws DIR_IN_USE
 * when a living one has it, and DIR_NOT_OURS when the folder holds anything else: it will be deleted in the end.
 */
export async function claimFolder(dir: string, state: ClusterState): Promise<void> {
  const previous = await readState(dir);
  if (previous) {
    if (await isInUse(dir, previous)) throw inUse(dir, previous);
    await removeCluster(dir);
  }
  await mkdir(dir, { recursive: true });
  const foreign = (await readdir(dir)).filter((name) => !name.startsWith('cluster.json'));
  if (foreign.length > 0) {
    throw new ClusterError(
      'DIR_NOT_OURS',
      `${dir} holds other files (${foreign.slice(0, 3).join(', ')}): choose an empty folder.`,
    );
  }
  const paths = layout(dir);
  // link() fails if the name exists: of two that start at the same moment, one gets the folder.
  const draft = `${paths.state}.${state.instance}`;
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`);
  try {
    await link(draft, paths.state);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw inUse(dir, state);
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await Promise.all([paths.run, paths.logs, paths.users, paths.pki].map((path) => mkdir(path, { mode: 0o700 })));
}

function inUse(dir: string, state: ClusterState): ClusterError {
  const owner = state.owner ? ` of process ${state.owner.pid}` : '';
  return new ClusterError(
    'DIR_IN_USE',
    `A ${state.profile} cluster${owner} runs in ${dir}. Take it down first, or choose another folder (--dir).`,
  );
}

/**
 * Kills every process of the cluster in `dir` and removes the folder: the data is disposable, so nothing is asked to stop
 * gently. The watchdog goes first, since it would do the same. No effect on a folder that holds no cluster.
 */
export async function removeCluster(dir: string): Promise<void> {
  if (!(await readState(dir))) return;
  const processes = await recordedProcesses(dir);
  const watchdog = processes.get(WATCHDOG);
  const others = [...processes].filter(([name]) => name !== WATCHDOG).map(([, identity]) => identity);
  if (watchdog && watchdog.pid !== process.pid) await killAll([watchdog]);
  await killAll(others);
  await removeCgroups(dir);
  await rm(dir, { recursive: true, force: true, maxRetries: 3 });
}
