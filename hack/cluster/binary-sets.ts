import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClusterError } from './errors.ts';
import type { Program } from './types.ts';

export type Binary = Exclude<Program, 'node'> | 'kubectl';

/** Programs beside a cluster, built when the first suite asks for them. */
export type Tool =
  | 'prometheus'
  | 'promtool'
  | 'prometheus-adapter'
  | 'traefik'
  | 'keda-operator'
  | 'helm'
  | 'kstatus'
  | 'etcdctl'
  | 'etcdutl'
  | 'kubelet'
  | 'kube-proxy';

/** Programs that are built together: one Go module pins them and holds their checksums. */
export interface BinarySet {
  /** Folder of the module. */
  readonly module: string;
  readonly names: readonly string[];
  /** What is built and how long that takes, for people. */
  readonly what: string;
  readonly tags: readonly string[];
  /** Packages of the module; `tool`: all that its go.mod names as tools. */
  readonly packages: readonly string[];
  linkerFlags(): Promise<readonly string[]>;
  /** Programs that Go names after their package, by that name. */
  readonly renamed: Readonly<Record<string, string>>;
}

const folder = (name: string): string => join(import.meta.dirname, name);
const plain = { tags: [], packages: ['tool'], renamed: {}, linkerFlags: () => Promise.resolve([]) } as const;

const COMMANDS = 'k8s.io/kubernetes/cmd';

/** All that runs without root. */
const KUBERNETES: BinarySet = {
  ...plain,
  module: folder('tools'),
  names: ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager', 'kube-scheduler', 'kwok'] satisfies Binary[],
  what: 'etcd, Kubernetes and KWOK with Go: about 7 minutes on 2 cores',
  linkerFlags: () => kubernetesVersionFlags(folder('tools')),
  packages: [
    'go.etcd.io/etcd/server/v3',
    ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'].map((name) => `${COMMANDS}/${name}`),
    'sigs.k8s.io/kwok/cmd/kwok',
  ],
  renamed: { server: 'etcd' }, // Its package is .../etcd/server.
};

/** Of the same module and version, and apart: they build on Linux alone, and only real nodes need them. */
const NODE: BinarySet = {
  ...plain,
  module: folder('tools'),
  names: ['kubelet', 'kube-proxy'],
  what: 'kubelet and kube-proxy with Go: about 2 minutes on 2 cores',
  packages: ['kubelet', 'kube-proxy'].map((name) => `${COMMANDS}/${name}`),
  linkerFlags: () => kubernetesVersionFlags(folder('tools')),
};

const PROMETHEUS: BinarySet = {
  ...plain,
  module: folder('prometheus'),
  names: ['prometheus', 'promtool'],
  what: 'Prometheus and promtool with Go: about 5 minutes on 2 idle cores',
  // Of service discovery only Kubernetes': the others are the clients of a dozen clouds.
  tags: ['netgo', 'remove_all_sd', 'enable_kubernetes_sd'],
};

/** Of etcd's own version, which Kubernetes pins; a module of its own, so that the binaries of every cluster stay what they are. */
const ETCD_TOOLS: BinarySet = {
  ...plain,
  module: folder('etcd-tools'),
  names: ['etcdctl', 'etcdutl'],
  what: 'etcdctl and etcdutl with Go: about half a minute on 2 cores',
};

const TOOLS: Readonly<Record<Tool, BinarySet>> = {
  kubelet: NODE,
  'kube-proxy': NODE,
  prometheus: PROMETHEUS,
  promtool: PROMETHEUS,
  'prometheus-adapter': {
    ...plain,
    module: folder('prometheus-adapter'),
    names: ['prometheus-adapter'],
    what: 'prometheus-adapter with Go: about 3 minutes on 2 idle cores',
    renamed: { adapter: 'prometheus-adapter' }, // Its package is .../cmd/adapter.
  },
  traefik: {
    ...plain,
    module: folder('traefik'),
    names: ['traefik'],
    what: 'Traefik with Go: about 8 minutes on 2 idle cores',
  },
  'keda-operator': {
    ...plain,
    module: folder('keda'),
    names: ['keda-operator'],
    what: 'the operator of KEDA with Go: about 10 minutes on 2 idle cores',
    renamed: { operator: 'keda-operator' }, // Its package is .../cmd/operator.
  },
  kstatus: {
    ...plain,
    module: folder('kstatus'),
    names: ['kstatus'],
    what: 'the status library of Flux with Go: about 1 minute on 2 idle cores',
  },
  etcdctl: ETCD_TOOLS,
  etcdutl: ETCD_TOOLS,
  helm: { ...plain, module: folder('helm'), names: ['helm'], what: 'Helm with Go: about 3 minutes on 2 idle cores' },
};

export const BINARY_SETS = { kubernetes: KUBERNETES, ...TOOLS } as const;

/** Without a version from go.mod the servers call themselves v0.0.0-master, which breaks Helm's kubeVersion. */
async function kubernetesVersionFlags(module: string): Promise<readonly string[]> {
  const match = /^\s*(?:require\s+)?k8s\.io\/kubernetes (v\S+)/m.exec(await readFile(join(module, 'go.mod'), 'utf8'));
  const version = match?.[1];
  if (!version) throw new ClusterError('BUILD_FAILED', `${module}/go.mod does not require k8s.io/kubernetes.`);
  const [major = '', minor = ''] = version.slice(1).split('.');
  const base = 'k8s.io/component-base/version';
  return ['gitVersion', 'gitMajor', 'gitMinor'].map(
    (name, index) => `-X ${base}.${name}=${[version, major, minor][index] ?? ''}`,
  );
}
