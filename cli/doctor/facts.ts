import type {
  ConfigMap,
  CustomResourceDefinition,
  Deployment,
  Lease,
  Node,
  PriorityClass,
} from '../../operator/kube/resources.ts';
import { clusterScoped, namespaced } from '../../operator/kube/resources.ts';
import type { KubeObject } from '../../operator/kube/types.ts';
import type { DeepSeekDeploymentObject } from '../get/objects.ts';
import type { Answer } from './finding.ts';

export interface DaemonSet extends KubeObject {
  readonly status?: { readonly desiredNumberScheduled?: number; readonly numberReady?: number };
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly { image?: string }[] } } };
}
export interface StorageClass extends KubeObject {
  readonly provisioner: string;
}
export interface GatewayClass extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly failurePolicy?: string;
    readonly clientConfig?: { readonly caBundle?: string };
    readonly rules?: readonly { readonly apiGroups?: readonly string[] }[];
  }[];
}
export interface AccessReview extends KubeObject {
  readonly status?: { readonly allowed?: boolean };
}

export const DAEMON_SETS = namespaced<DaemonSet>('apps', 'v1', 'DaemonSet', 'daemonsets');
export const STORAGE_CLASSES = clusterScoped<StorageClass>('storage.k8s.io', 'v1', 'StorageClass', 'storageclasses');
export const RUNTIME_CLASSES = clusterScoped<KubeObject>('node.k8s.io', 'v1', 'RuntimeClass', 'runtimeclasses');
export const GATEWAY_CLASSES = clusterScoped<GatewayClass>(
  'gateway.networking.k8s.io',
  'v1',
  'GatewayClass',
  'gatewayclasses',
);
export const WEBHOOKS = clusterScoped<WebhookConfiguration>(
  'admissionregistration.k8s.io',
  'v1',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
);
/** Who one is; to be made, not to be kept. */
export const SELF_SUBJECTS = clusterScoped<
  KubeObject & { readonly status?: { readonly userInfo?: { readonly username?: string } } }
>('authentication.k8s.io', 'v1', 'SelfSubjectReview', 'selfsubjectreviews');
const AUTHORIZATION = 'authorization.k8s.io';
export const SELF_REVIEWS = clusterScoped<AccessReview>(
  AUTHORIZATION,
  'v1',
  'SelfSubjectAccessReview',
  'selfsubjectaccessreviews',
);
export const REVIEWS = clusterScoped<AccessReview>(AUTHORIZATION, 'v1', 'SubjectAccessReview', 'subjectaccessreviews');

/** One thing that somebody may do or not. */
export interface Permission {
  readonly verb: string;
  readonly group: string;
  /** With its subresource behind a slash. */
  readonly resource: string;
  /** Absent: in all namespaces, or of a kind without. */
  readonly namespace?: string;
  readonly name?: string;
  /** What does not work without it; absent: everything. */
  readonly without?: string;
}

/** The operator as it is installed. */
export interface InstalledOperator {
  readonly deployment: Deployment;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly image: string;
  readonly flags: ReadonlyMap<string, string>;
  readonly lease: Answer<Lease>;
  /** Content of the ConfigMap with its defaults. */
  readonly defaults: Answer<ConfigMap>;
  /** What its ServiceAccount may not do; unknown: the user may not ask. */
  readonly lacks: Answer<readonly Permission[]>;
  /** What Prometheus says to `/-/ready` through the API server; missing: the operator is told of none. */
  readonly prometheus: Answer<string>;
}

/** All that the checks are made on: read once. */
export interface Facts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Of the plugin. */
  readonly version: string;
  readonly server: string;
  readonly namespace: string;
  /** Who asks, as the API server knows him. */
  readonly user: Answer<string>;
  /** What the user may not do in the namespace. */
  readonly lacks: Answer<readonly Permission[]>;
  readonly crd: Answer<CustomResourceDefinition>;
  /** Deployments with the operator's label. */
  readonly operators: Answer<readonly InstalledOperator[]>;
  readonly nodes: Answer<readonly Node[]>;
  readonly daemonSets: Answer<readonly DaemonSet[]>;
  /** Names of the kinds that an API serves, by `group/version`. */
  readonly apis: ReadonlyMap<string, Answer<readonly string[]>>;
  readonly httpRoutes: Answer<CustomResourceDefinition>;
  readonly gatewayClasses: Answer<readonly GatewayClass[]>;
  readonly storageClasses: Answer<readonly StorageClass[]>;
  readonly runtimeClasses: Answer<readonly KubeObject[]>;
  readonly priorityClass: Answer<PriorityClass>;
  readonly webhooks: Answer<readonly WebhookConfiguration[]>;
  readonly models: Answer<readonly DeepSeekDeploymentObject[]>;
}
