import { join } from 'node:path';
import type { Layout } from './layout.ts';
import { NODE_ADDRESS, NODE_NAME, nodeLayout } from './node/configuration.ts';
import type { ClientLimits, Profile, Program } from './types.ts';

/** Addresses of pods in a simulated cluster. EndpointSlices refuse loopback addresses, so these are private ones. */
export const POD_CIDR = '10.244.0.0/16';
export const SERVICE_CIDR = '10.96.0.0/16';
/** First address of SERVICE_CIDR: the `kubernetes` Service. */
export const SERVICE_IP = '10.96.0.1';

export const PROGRAMS: Readonly<Record<Profile, readonly Program[]>> = {
  'control-plane': ['etcd', 'kube-apiserver'],
  simulated: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'],
  real: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'node'],
};

/** Programs that talk to the API server, and the user that each is: Kubernetes' own roles are bound to these names. */
export const USERS = {
  'kube-controller-manager': { user: 'system:kube-controller-manager', groups: [] },
  'kube-scheduler': { user: 'system:kube-scheduler', groups: [] },
  kwok: { user: 'kwok', groups: ['system:masters'] },
  kubelet: { user: `system:node:${NODE_NAME}`, groups: ['system:nodes'] },
  'kube-proxy': { user: 'system:kube-proxy', groups: [] },
} as const;

export interface CommandContext {
  readonly profile: Profile;
  readonly paths: Layout;
  readonly ports: { readonly etcd: number; readonly apiServer: number };
  readonly clientLimits?: ClientLimits | undefined;
  readonly extraArgs: Readonly<Record<string, readonly string[]>>;
  readonly nodeBinDir?: string | undefined;
  /** Kubeconfig of each program in USERS. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
}

/** The arguments of a program; `extraArgs` come last and so win. */
export function commandLine(program: Program, context: CommandContext): string[] {
  return [...ARGUMENTS[program](context), ...(context.extraArgs[program] ?? [])];
}

const ARGUMENTS: Readonly<Record<Program, (context: CommandContext) => string[]>> = {
  etcd: ({ paths, ports }) => [
    `--data-dir=${paths.etcd}`,
    `--listen-client-urls=http://127.0.0.1:${ports.etcd}`,
    `--advertise-client-urls=http://127.0.0.1:${ports.etcd}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    '--unsafe-no-fsync', // The data need not outlive the machine.
    '--log-level=warn',
  ],

  'kube-apiserver': ({ profile, paths, ports }) => [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    ...(profile === 'real' ? reachableByPods(paths) : loopbackAlone),
    `--secure-port=${ports.apiServer}`,
    `--tls-cert-file=${join(paths.pki, 'apiserver.crt')}`,
    `--tls-private-key-file=${join(paths.pki, 'apiserver.key')}`,
    `--client-ca-file=${join(paths.pki, 'ca.crt')}`,
    `--service-account-key-file=${join(paths.pki, 'service-account.pub')}`,
    `--service-account-signing-key-file=${join(paths.pki, 'service-account.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-cluster-ip-range=${SERVICE_CIDR}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    '--kubelet-preferred-address-types=InternalIP,Hostname', // `kubectl logs` must not look node names up.
    // The aggregation layer, for metrics adapters. Without --enable-aggregator-routing a Service of type ExternalName works.
    `--requestheader-client-ca-file=${join(paths.pki, 'front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${join(paths.pki, 'front-proxy.crt')}`,
    `--proxy-client-key-file=${join(paths.pki, 'front-proxy.key')}`,
    `--audit-policy-file=${paths.auditPolicy}`,
    `--audit-log-path=${paths.auditLog}`,
    '--audit-log-maxsize=0', // Never rotated: readers hold offsets into it.
    // As on OpenShift: who says that a child holds up its owner's deletion needs a right for it.
    '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
    // Nobody makes ServiceAccounts where no controllers run; without this a bare control plane admits no pod.
    ...(profile === 'control-plane' ? ['--disable-admission-plugins=ServiceAccount'] : []),
  ],

  'kube-controller-manager': ({ paths, kubeconfigs, clientLimits }) => [
    `--kubeconfig=${kubeconfigs['kube-controller-manager'] ?? ''}`,
    '--leader-elect=false',
    '--controllers=*',
    '--use-service-account-credentials',
    // Default 50 s: a lost node is to be noticed while a test waits. Leases are renewed every 5 s, so there is slack.
    '--node-monitor-grace-period=20s',
    '--node-monitor-period=2s',
    `--service-account-private-key-file=${join(paths.pki, 'service-account.key')}`,
    `--root-ca-file=${join(paths.pki, 'ca.crt')}`,
    '--secure-port=0',
    ...limits(clientLimits),
  ],

  'kube-scheduler': ({ kubeconfigs, clientLimits }) => [
    `--kubeconfig=${kubeconfigs['kube-scheduler'] ?? ''}`,
    '--leader-elect=false',
    '--secure-port=0',
    ...limits(clientLimits),
  ],

  // unshare's: a program with a process and a mount namespace of its own, which starts the others.
  node: ({ paths, nodeBinDir }) => [
    ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation=private'],
    join(import.meta.dirname, 'node', 'init.sh'),
    nodeLayout(paths.root).dir,
    nodeBinDir ?? '',
  ],

  kwok: ({ kubeconfigs }) => [
    `--kubeconfig=${kubeconfigs['kwok'] ?? ''}`,
    `--config=${join(import.meta.dirname, 'kwok', 'stages.yaml')}`,
    '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
    '--node-lease-duration-seconds=20', // Renewed every 5 s; without leases the node controller declares the nodes lost.
    `--cidr=${POD_CIDR}`,
  ],
};

const loopbackAlone = [
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1', // Else it looks for a default route, which a machine or a namespace may lack.
  '--endpoint-reconciler-type=none', // A loopback address is refused in the endpoints of the `kubernetes` Service.
];

/** In a network namespace of its own it listens everywhere; pods reach it through the `kubernetes` Service. */
const reachableByPods = ({ pki }: Layout): string[] => [
  '--bind-address=0.0.0.0',
  `--advertise-address=${NODE_ADDRESS}`,
  `--kubelet-client-certificate=${join(pki, 'kubelet-client.crt')}`,
  `--kubelet-client-key=${join(pki, 'kubelet-client.key')}`,
];

function limits(clientLimits: ClientLimits | undefined): string[] {
  return clientLimits ? [`--kube-api-qps=${clientLimits.qps}`, `--kube-api-burst=${clientLimits.burst}`] : [];
}

/**
 * One line per request, with who asked for what and no bodies. RequestReceived would double every line; for a watch,
 * ResponseStarted is its beginning and ResponseComplete its end.
 */
export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
`;
