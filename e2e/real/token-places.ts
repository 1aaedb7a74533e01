import { readdir, readFile } from 'node:fs/promises';
import { request } from 'undici';
import { KINDS } from '../security/kinds.ts';
import { processesOf } from './killer.ts';
import { OPERATOR_NAMESPACE, OPERATOR_PODS, type Pod, type Stage } from './stage.ts';

/** Texts by where they are. */
export type Places = Readonly<Record<string, string>>;

const inProc = (pid: number | string, file: string): Promise<string> =>
  readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');

/** The command line of every process of this machine. */
export async function commandLines(): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  return Promise.all(pids.map((pid) => inProc(pid, 'cmdline')));
}

/** The environments of all processes of these pods, together. */
export async function environmentsOf(pods: readonly Pod[]): Promise<string> {
  const processes = (await Promise.all(pods.map(processesOf))).flat();
  return (await Promise.all(processes.map((pid) => inProc(pid, 'environ')))).join('\n');
}

/** The operators that stay: those of an installation before, which are still ending, have no process any more. */
export async function operators(stage: Stage): Promise<readonly Pod[]> {
  const pods = await stage.pods(OPERATOR_NAMESPACE, OPERATOR_PODS);
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** What people read: logs of all containers, objects and events of both namespaces, the operator's metrics, the audit log. */
export async function readablePlaces(stage: Stage, namespace: string): Promise<Places> {
  const places: Record<string, string> = {};
  for (const name of [namespace, OPERATOR_NAMESPACE]) {
    const args = ['get', KINDS, '-n', name, '-o', 'json', '--show-managed-fields'];
    places[`objects of ${name}`] = await stage.kubectl(args);
  }
  const pods = [
    ...(await stage.pods(namespace, '')).map((pod) => [namespace, pod] as const),
    ...(await operators(stage)).map((pod) => [OPERATOR_NAMESPACE, pod] as const),
  ];
  for (const [where, { metadata }] of pods) {
    places[`log of ${metadata.name}`] = await stage.kubectl(['logs', '-n', where, metadata.name, '--all-containers']);
  }
  const { status } = await stage.leader();
  const metrics = await request(`http://${status.podIP ?? ''}:8080/metrics`, { signal: AbortSignal.timeout(10_000) });
  places['metrics of the operator'] = await metrics.body.text();
  places['audit log'] = await readFile(stage.cluster.auditLog, 'utf8');
  return places;
}

/** Which tokens are where, in the clear or in base64; by their names. */
export function found(tokens: Readonly<Record<string, string>>, places: Places): readonly string[] {
  return Object.entries(places).flatMap(([place, text]) =>
    Object.entries(tokens)
      .filter(([, token]) => text.includes(token) || text.includes(Buffer.from(token).toString('base64')))
      .map(([name]) => `${name} in ${place}`),
  );
}
