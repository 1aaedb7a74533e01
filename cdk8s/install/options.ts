import type { k8s } from 'cdk8s-plus-28';
import type { OperatorDefaults } from '../../operator/api/index.ts';
import { MANAGER } from '../../operator/api/names.ts';

/** As Kubernetes has it. */
interface Toleration {
  readonly key?: string;
  readonly operator?: 'Equal' | 'Exists';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly tolerationSeconds?: number;
}

/** What an installation may choose. Everything has a default that suits a cluster of one team. */
export interface InstallOptions {
  /** Namespace of the operator. DeepSeekDefinitions makes it. */
  readonly namespace: string;
  /** Image with its tag or digest. */
  readonly image: string;
  /** Names of pull secrets in the namespace. */
  readonly imagePullSecrets: readonly string[];
  /** One leads, the others wait. */
  readonly replicas: number;
  /** Namespaces with models. Empty: all of them, by a ClusterRole; else Roles in these alone. */
  readonly watchNamespaces: readonly string[];
  /** Judge specs before they are stored; only where all namespaces are watched. */
  readonly webhook: boolean;
  /** Annotations of the webhook's configuration, e.g. cert-manager's, which has it write caBundle. */
  readonly webhookAnnotations: Readonly<Record<string, string>>;
  /** Secret with tls.crt and tls.key, e.g. of cert-manager. Empty: the operator makes and renews its own. */
  readonly webhookCertSecret: string;
  /** Further flags, e.g. `--prometheus-url=http://prometheus.monitoring:9090`. */
  readonly args: readonly string[];
  /** Volumes of the pods and where they are mounted, for what flags name, e.g. `--prometheus-token-file`. */
  readonly volumes: readonly k8s.Volume[];
  readonly volumeMounts: readonly k8s.VolumeMount[];
  /** What the cluster wants of every model, as a ConfigMap; absent: none is made, and one of that name is used that you make. */
  readonly defaults?: OperatorDefaults;
  readonly resources: {
    readonly requests: Readonly<Record<'cpu' | 'memory', string>>;
    readonly limits: { readonly memory: string };
  };
  /**
   * Class of the operator's pods: it should outlive what it looks after. Empty: none. One of Kubernetes' own, `system-...`, brings a
   * ResourceQuota, since some clusters (GKE) admit such pods outside kube-system only under one.
   */
  readonly priorityClassName: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  /** Whether a NetworkPolicy closes all ports of the operator but those that others are to use. */
  readonly networkPolicy: boolean;
  /** Objects of prometheus-operator that scrape the operator and alert about it; their CRDs must be there. */
  readonly monitoring: {
    readonly enabled: boolean;
    /** Labels that Prometheus selects such objects by, e.g. `release: kube-prometheus-stack`. Those of models get them, too. */
    readonly labels: Readonly<Record<string, string>>;
    /** Namespaces whose Prometheus NetworkPolicies of models admit. Empty: pods that are labelled as Prometheus, anywhere. */
    readonly namespaces: readonly string[];
  };
}

/** Memory: 110 MB at rest with 100 models, more in a flood (docs/benchmarks.md). No limit of CPU: it would slow rollbacks down. */
export const DEFAULTS: InstallOptions = {
  namespace: 'deepseek-system',
  image: `${MANAGER}:0.1.0`,
  imagePullSecrets: [],
  replicas: 2,
  watchNamespaces: [],
  webhook: true,
  webhookAnnotations: {},
  webhookCertSecret: '',
  args: [],
  volumes: [],
  volumeMounts: [],
  resources: { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '512Mi' } },
  priorityClassName: 'system-cluster-critical',
  nodeSelector: {},
  tolerations: [],
  networkPolicy: true,
  monitoring: { enabled: false, labels: {}, namespaces: [] },
};
