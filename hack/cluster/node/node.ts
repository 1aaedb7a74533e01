import { execFile } from 'node:child_process';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Api } from '../api.ts';
import { ClusterError } from '../errors.ts';
import { layout } from '../layout.ts';
import { identify, type ProcessIdentity } from '../process.ts';
import { SERVICE_CIDR } from '../programs.ts';
import type { ClusterOptions } from '../types.ts';
import { waitFor } from '../wait.ts';
import { NODE_ADDRESS, NODE_NAME, NODE_POD_CIDR, nodeLayout, writeNodeFiles } from './configuration.ts';

const run = promisify(execFile);

/** GPUs that the node says to have, of the class of its labels: nothing in a pod ever asks for them. */
const GPUS = 8;

/** As GPU Feature Discovery and Node Feature Discovery would label an A100 machine whose processor can serve by itself. */
const LABELS: Readonly<Record<string, string>> = {
  'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB',
  'nvidia.com/gpu.memory': '81920',
  'nvidia.com/gpu.count': String(GPUS),
  'nvidia.com/gpu.family': 'ampere',
  'nvidia.com/gpu.compute.major': '8',
  'nvidia.com/gpu.compute.minor': '0',
  'nvidia.com/gpu.present': 'true',
  'feature.node.kubernetes.io/cpu-cpuid.AVX512F': 'true',
};

/** Why no real node can be started here; undefined: one can, in a network namespace (netns.ts). */
export function whyNoRealNode(): string | undefined {
  if (process.platform !== 'linux') return `a real node needs Linux; this is ${process.platform}`;
  return process.getuid?.() === 0 ? undefined : 'a real node needs root: namespaces, mounts and cgroups';
}

/** Throws NO_REAL_NODE with what is missing. */
export function checkLinuxRoot(): void {
  const why = whyNoRealNode();
  if (why !== undefined) throw new ClusterError('NO_REAL_NODE', `${why}.`);
}

/** Throws NO_REAL_NODE unless this process is in a network of its own: one that leads nowhere. */
export async function checkRealNode(): Promise<void> {
  checkLinuxRoot();
  const routes = (await readFile('/proc/net/route', 'utf8')).split('\n').map((line) => line.split('\t'));
  if (routes.some(([, destination]) => destination === '00000000')) {
    throw new ClusterError(
      'NO_REAL_NODE',
      'A real node makes bridges and iptables rules, so that its cluster has a network namespace of its own: ' +
        '`npm run -s cluster -- up --profile real`, or runInNewNamespace.',
    );
  }
}

/** Installs what is missing of Debian's packages. */
export async function installNodePackages(signal: AbortSignal): Promise<void> {
  try {
    await run(join(import.meta.dirname, '..', '..', 'install-node-deps'), [], { signal });
  } catch (cause) {
    const stderr = (cause as { readonly stderr?: string }).stderr ?? '';
    throw new ClusterError('NO_REAL_NODE', stderr.trim().split('\n').slice(-5).join('\n'), { cause });
  }
}

/** Gives the network namespace that we are in the node's own address, and a way to Services. */
export async function prepareNetwork(signal: AbortSignal): Promise<void> {
  const present = await run('ip', ['link', 'show', 'node0'], { signal }).then(
    () => true,
    () => false,
  );
  if (present) return;
  for (const words of [
    'link add node0 type bridge',
    `address add ${NODE_ADDRESS}/32 dev node0`,
    'link set node0 up',
    // Without a route the kernel refuses the connection before kube-proxy's rules see it.
    `route add ${SERVICE_CIDR} dev node0`,
  ])
    await run('ip', words.split(' '), { signal });
}

/** Writes what the node's programs read; `instance` tells its cgroups from those of others. */
export async function prepareNode(
  clusterDir: string,
  instance: string,
  kubeconfigs: Readonly<Record<string, string>>,
): Promise<void> {
  const { dir } = nodeLayout(clusterDir);
  const [kubelet = '', proxy = ''] = [kubeconfigs['kubelet'], kubeconfigs['kube-proxy']];
  await writeNodeFiles({
    dir,
    cgroup: `deepseek-${instance.slice(0, 8)}`,
    authority: join(layout(clusterDir).pki, 'ca.crt'),
    kubeProxyKubeconfig: proxy,
  });
  await copyFile(kubelet, join(dir, 'kubelet.kubeconfig'));
}

/**
 * The first process of the node's process namespace, given the `unshare` that made it. Its end is the end of all others:
 * the kernel lets it go only when none is left.
 */
export async function firstProcess({ pid }: ProcessIdentity, signal: AbortSignal): Promise<ProcessIdentity> {
  return waitFor(
    async () => {
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
      return identify(Number(children.trim().split(' ')[0] ?? '') || 0);
    },
    { what: 'the first process of the node', timeoutMs: 10_000, intervalMs: 10, signal },
  );
}

/** Loads images into the node's store, under all their names. */
export async function importImages(
  clusterDir: string,
  images: NonNullable<ClusterOptions['images']>,
  signal: AbortSignal,
): Promise<void> {
  const ctr = async (...args: string[]): Promise<void> => {
    await run('ctr', ['--address', nodeLayout(clusterDir).socket, '--namespace', 'k8s.io', 'images', ...args], {
      signal,
    });
  };
  for (const { archive, names } of images) {
    await ctr('import', archive);
    const [first = '', ...others] = names.map(fullName);
    for (const name of others) await ctr('tag', '--force', first, name);
  }
}

/** As containerd spells a name: with its registry. */
export function fullName(name: string): string {
  const [host = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (host.includes('.') || host.includes(':') || host === 'localhost');
  return hasHost ? name : `docker.io/${rest.length > 0 ? name : `library/${name}`}`;
}

/** Labels the node and gives it GPUs. The kubelet keeps a capacity that it knows nothing of. */
export async function equipNode(api: Api, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/nodes/${NODE_NAME}`;
  await api.mergePatch(path, { metadata: { labels: LABELS } }, signal);
  await api.mergePatch(`${path}/status`, { status: { capacity: { 'nvidia.com/gpu': String(GPUS) } } }, signal);
}

export { NODE_ADDRESS, NODE_NAME, NODE_POD_CIDR, nodeLayout };
