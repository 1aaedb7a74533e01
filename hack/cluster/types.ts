/**
 * `control-plane`: etcd and kube-apiserver. `simulated`: also kube-controller-manager, kube-scheduler and KWOK nodes. `real`:
 * the controllers, and one node with containerd, kubelet and kube-proxy, whose pods run (root on Linux, in a network
 * namespace of its own).
 */
export type Profile = 'control-plane' | 'simulated' | 'real';

/** The processes of a cluster, in the order in which they start. */
export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kwok' | 'node';

/** Client-side rate limit of kube-controller-manager and kube-scheduler, in requests per second. */
export interface ClientLimits {
  readonly qps: number;
  readonly burst: number;
}

export interface ClusterOptions {
  readonly profile: Profile;
  /** The cluster's own folder; it is created, and removed by `stop`. Default: a new one in the system's temporary folder. */
  readonly dir?: string;
  /** Node pool file of the simulated profile. Default: nodes.yaml beside this file. */
  readonly nodes?: string;
  /** Image archives (`docker save`) for the store of a real node, each with the names that it is to have. */
  readonly images?: readonly { readonly archive: string; readonly names: readonly string[] }[];
  /** Raises the client limits of the controllers, so that a benchmark does not measure them. Default: Kubernetes' own. */
  readonly clientLimits?: ClientLimits;
  /** More command-line flags per program, e.g. `--horizontal-pod-autoscaler-sync-period=1s`. They win over our own. */
  readonly extraArgs?: Readonly<Partial<Record<Program, readonly string[]>>>;
  /**
   * `owner` (default): the cluster dies with this process, even on SIGKILL. `detached`: it stays until someone stops it
   * (`connectCluster(dir).stop()` or `npm run cluster -- down`).
   */
  readonly lifetime?: 'owner' | 'detached';
  /** Called with a line for people at each step of the start. */
  readonly onProgress?: (line: string) => void;
  /** Aborts the start; what has been started is stopped again. */
  readonly signal: AbortSignal;
}

export interface Cluster extends AsyncDisposable {
  readonly profile: Profile;
  readonly dir: string;
  /** URL of the API server, e.g. https://127.0.0.1:23456. */
  readonly server: string;
  /** Path of the audit log, JSON lines (see audit.ts). */
  readonly auditLog: string;
  /**
   * Path of a kubeconfig whose client certificate has `user` as its common name, so that the audit log tells programs
   * apart. `groups` defaults to system:masters; pass [] for a user with no rights but those that RBAC gives.
   */
  kubeconfig(user: string, options?: { readonly groups?: readonly string[] }): Promise<string>;
  /** Absolute path of one of the cluster's binaries (a Program or kubectl). */
  bin(name: Exclude<Program, 'node'> | 'kubectl'): string;
  /** Where etcd answers, without TLS, and the folder of its data. */
  readonly etcd: { readonly endpoint: string; readonly dataDir: string };
  /** Kills every program, the last one that was started first; the folder stays, and with it etcd's data. Not for `real`. */
  stopPrograms(options: { readonly signal: AbortSignal }): Promise<void>;
  /**
   * Starts what does not run of the profile's programs, on the same ports, and waits until the API server can be used. `podCidr`: where
   * KWOK takes the addresses of new pods from, which begins anew with each start; default: as in the beginning.
   */
  startPrograms(options: {
    readonly signal: AbortSignal;
    readonly onProgress?: (line: string) => void;
    readonly podCidr?: string;
  }): Promise<void>;
  /** Kills kube-apiserver; etcd keeps its data. No effect when it is stopped. */
  stopApiServer(options: { readonly signal: AbortSignal }): Promise<void>;
  /** Starts kube-apiserver again on the same port and waits until it is ready. */
  startApiServer(options: { readonly signal: AbortSignal }): Promise<void>;
  /** Stops every process and removes the folder. Idempotent. */
  stop(): Promise<void>;
}
