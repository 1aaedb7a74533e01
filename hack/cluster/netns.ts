import { spawn } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import { ClusterError, systemCode } from './errors.ts';
import { recordedProcesses } from './folder.ts';
import { isAlive } from './process.ts';
import { POD_CIDR } from './programs.ts';

/**
 * A cluster in a network namespace of its own (`up --netns`, Linux): the range of the pods is a local route there, so that
 * one process listening on all addresses answers at each pod's real one, and nothing leaves the namespace. Root makes one
 * directly; others get it inside a user namespace, where the kernel allows that.
 */
const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Runs a command in a new namespace and gives its exit status. What the command leaves running keeps the namespace alive.
 * `env` is added to ours. `realNode`: pods are to be real ones, and reached by the routes of their node.
 */
export async function runInNewNamespace(
  command: readonly string[],
  signal: AbortSignal,
  env: Readonly<Record<string, string>> = {},
  { realNode = false }: { readonly realNode?: boolean } = {},
): Promise<number> {
  const podsAreLocal = realNode ? '' : `ip route add local ${POD_CIDR} dev lo && `;
  const setUp = `ip link set lo up && ${podsAreLocal}exec "$@"`;
  const flags = isRoot() ? ['--net'] : ['--user', '--map-root-user', '--net'];
  return run(['unshare', ...flags, 'sh', '-c', setUp, 'netns', ...command], signal, env);
}

/** Why no such namespace can be made here; undefined: one can. */
export async function whyNoNamespace(signal: AbortSignal): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  const code = await runInNewNamespace(['true'], signal).catch((error: unknown) => String(error));
  return code === 0 ? undefined : `unshare and ip answered ${code}: it takes root, or users that may make namespaces`;
}

/** Runs a command where the cluster in `dir` runs: in its network namespace if that is not ours. */
export async function runBesideCluster(
  dir: string,
  command: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<number> {
  const pid = await foreignNamespace(dir);
  const flags = isRoot() ? ['--net'] : ['--user', '--preserve-credentials', '--net'];
  const enter = pid === undefined ? [] : ['nsenter', '--target', String(pid), ...flags, '--'];
  return run([...enter, ...command], options.signal, options.env);
}

/** A process of the cluster in `dir`, if the cluster lives in another network namespace than we do. */
export async function foreignNamespace(dir: string): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const etcd = (await recordedProcesses(dir)).get('etcd');
  if (!etcd || !isAlive(etcd)) return undefined;
  const [theirs, ours] = await Promise.all([etcd.pid, 'self'].map(async (pid) => readlink(`/proc/${pid}/ns/net`)));
  return theirs === ours ? undefined : etcd.pid;
}

async function run(
  command: readonly string[],
  signal: AbortSignal,
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: 'inherit', signal, env: { ...process.env, ...env } });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new ClusterError(
      'BINARIES_MISSING',
      `There is no ${file} in PATH (unshare and nsenter: util-linux; ip: iproute2).`,
      { cause },
    );
  }
}
