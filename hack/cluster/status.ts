import { openApi } from './api.ts';
import { connectCluster } from './cluster.ts';
import { recordedProcesses, WATCHDOG } from './folder.ts';
import { readState } from './layout.ts';
import { isAlive } from './process.ts';
import { PROGRAMS } from './programs.ts';

/** What `cluster status` prints, and whether every program runs and the API server is ready. */
export async function describeStatus(
  dir: string,
  signal: AbortSignal,
): Promise<{ readonly lines: string[]; readonly healthy: boolean }> {
  const state = await readState(dir);
  if (!state) return { lines: [`No cluster in ${dir}.`], healthy: false };
  const processes = await recordedProcesses(dir);
  const programs = PROGRAMS[state.profile].map((name) => {
    const identity = processes.get(name);
    return { name, pid: identity && isAlive(identity) ? identity.pid : undefined };
  });
  const lines = programs.map(
    ({ name, pid }) => `${name.padEnd(24)} ${pid === undefined ? 'not running' : `pid ${pid}`}`,
  );
  const ready = state.ready && programs.every(({ pid }) => pid !== undefined) && (await isApiReady(dir, signal));
  const owner = state.owner
    ? `, owned by process ${state.owner.pid}${processes.has(WATCHDOG) ? '' : ' (no watchdog)'}`
    : '';
  return {
    lines: [
      `${state.profile} cluster in ${dir}${owner}`,
      ...lines,
      `API server https://127.0.0.1:${state.ports.apiServer}: ${ready ? 'ready' : 'not ready'}`,
    ],
    healthy: ready,
  };
}

async function isApiReady(dir: string, signal: AbortSignal): Promise<boolean> {
  const api = await openApi(await connectCluster(dir), 'cluster-status');
  try {
    return await api.isReady(signal);
  } finally {
    await api.close();
  }
}
