import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Addresses of the pods of a real node. Not those of simulated pods: these are routed to a bridge. */
export const NODE_POD_CIDR = '10.245.0.0/24';
/** Address of the node, on a device of its own: the API server listens there too, and pods reach it. */
export const NODE_ADDRESS = '10.250.0.1';
export const NODE_NAME = 'real';
/** Image of the first process in each pod; in the node's store before the first pod comes. */
const SANDBOX_IMAGE = 'localhost/pause:local';
const CNI_PLUGINS = '/usr/lib/cni';

export interface NodeFiles {
  readonly dir: string;
  /** The branch of the cgroup hierarchies that is this node's. */
  readonly cgroup: string;
  readonly authority: string;
  readonly kubeProxyKubeconfig: string;
}

/** Paths of a node within the cluster's folder. */
export function nodeLayout(clusterDir: string) {
  const dir = join(clusterDir, 'node');
  return { dir, logs: join(dir, 'logs'), socket: join(dir, 'containerd.sock') } as const;
}

/** Writes what init.sh and the programs that it starts read. */
export async function writeNodeFiles({ dir, cgroup, authority, kubeProxyKubeconfig }: NodeFiles): Promise<void> {
  const folders = ['logs', 'cni', 'containerd', 'state', 'kubelet', 'pod-logs'];
  for (const folder of folders) await mkdir(join(dir, folder), { recursive: true });
  const texts: Readonly<Record<string, string>> = {
    cgroup,
    name: NODE_NAME,
    address: NODE_ADDRESS,
    'containerd.toml': containerd(dir),
    'cni/10-bridge.conflist': JSON.stringify(network(dir), null, 2),
    'kubelet.yaml': stringify(kubelet(dir, cgroup, authority)),
    'kube-proxy.yaml': stringify(kubeProxy(kubeProxyKubeconfig)),
  };
  for (const [path, text] of Object.entries(texts)) await writeFile(join(dir, path), text);
}

/** Debian's containerd 1.6 reads version 2 of its configuration; so does 2.x. */
function containerd(dir: string): string {
  const quoted = (path: string): string => JSON.stringify(join(dir, path));
  return `version = 2
root = ${quoted('containerd')}
state = ${quoted('state')}

[grpc]
address = ${quoted('containerd.sock')}

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${SANDBOX_IMAGE}"
# Else runc may not raise the score of a sandbox inside of a container, and says something else.
restrict_oom_score_adj = true
disable_apparmor = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${CNI_PLUGINS}"
conf_dir = ${quoted('cni')}
`;
}

/** Pods on a bridge, with addresses of NODE_POD_CIDR. Such a network obeys no NetworkPolicy. */
function network(dir: string): object {
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'pods0',
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: NODE_POD_CIDR }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: join(dir, 'addresses'),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function kubelet(dir: string, cgroup: string, authority: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: NODE_ADDRESS,
    healthzPort: 0,
    readOnlyPort: 0,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: authority } },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${join(dir, 'containerd.sock')}`,
    podLogsDir: join(dir, 'pod-logs'),
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    resolvConf: '',
    clusterDomain: 'cluster.local',
    maxPods: 100,
    // What this machine has left is nothing to judge a test by.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    // Tests wait for pods: Secrets, ConfigMaps and statuses are to be seen soon.
    syncFrequency: '10s',
    nodeStatusUpdateFrequency: '4s',
  };
}

function kubeProxy(kubeconfig: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    bindAddress: '0.0.0.0',
    clientConnection: { kubeconfig },
    mode: 'iptables',
    hostnameOverride: NODE_NAME,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    // Of the whole machine, and not a namespace's to change.
    conntrack: { maxPerCore: 0, min: 0 },
    detectLocalMode: 'BridgeInterface',
    detectLocal: { bridgeInterface: 'pods0' },
  };
}
