/**
 * What the operator may ask of the API server: the one source of its RBAC, of the install manifests and of the reference page.
 * Whoever adds a request adds its right here; the suites run with these rights alone.
 */

/** Where a right holds. */
export type RightScope =
  /** In the namespaces with models: all of them by a ClusterRole, or those of --watch-namespaces by Roles. */
  | 'Models'
  /** What has no namespace, or is asked of all of them at once. */
  | 'Cluster'
  /** In the operator's own namespace. */
  | 'Own'
  /** In kube-system. */
  | 'System'
  /** In the operator's own namespace, where it has a webhook. */
  | 'Webhook'
  /** In the cluster, where it has a webhook. */
  | 'WebhookCluster';

/** Name of the Service, the Secret and the ValidatingWebhookConfiguration; see --webhook-name. */
export const WEBHOOK_NAME = 'deepseek-operator-webhook';

export interface Right {
  /** API group; empty: the core group. */
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** These objects alone. */
  readonly names?: readonly string[];
  readonly scope: RightScope;
  readonly why: string;
  /** What happens where it is not granted; absent: the operator does not work without it. */
  readonly without?: string;
}

/**
 * A server-side apply is a patch, and needs `create` as well where the object is not there yet. `get`: whose it is, when it is there
 * and no cache has it.
 */
const OWNED = ['get', 'list', 'watch', 'create', 'patch', 'delete'] as const;

export const RIGHTS: readonly Right[] = [
  {
    ...{ group: 'deepseek-operator.io', resources: ['deepseekdeployments'], verbs: ['list', 'watch'] },
    ...{ scope: 'Models', why: 'What it is about' },
  },
  {
    ...{
      group: 'deepseek-operator.io',
      verbs: ['patch'],
      scope: 'Models',
      why: 'Status, and replicas where none are set',
    },
    resources: ['deepseekdeployments/status', 'deepseekdeployments/scale'],
  },
  {
    ...{ group: 'deepseek-operator.io', resources: ['deepseekdeployments/finalizers'], verbs: ['update'] },
    scope: 'Models',
    why: 'Children hold their owner’s deletion up, which OpenShift and OwnerReferencesPermissionEnforcement let nobody else say',
  },
  {
    ...{ group: 'apps', resources: ['deployments', 'controllerrevisions'], verbs: OWNED, scope: 'Models' },
    why: 'Its children: a Deployment and a stored revision for each version',
  },
  {
    ...{ group: '', resources: ['services', 'serviceaccounts'], verbs: OWNED, scope: 'Models', why: 'Its children' },
  },
  {
    ...{
      group: 'networking.k8s.io',
      resources: ['networkpolicies'],
      verbs: OWNED,
      scope: 'Models',
      why: 'Its children',
    },
  },
  {
    ...{ group: 'policy', resources: ['poddisruptionbudgets'], verbs: OWNED, scope: 'Models', why: 'Its children' },
  },
  {
    ...{ group: 'autoscaling', resources: ['horizontalpodautoscalers'], verbs: OWNED, scope: 'Models' },
    why: 'Autoscaling',
  },
  {
    ...{ group: '', resources: ['pods'], verbs: ['list', 'watch', 'patch', 'delete'], scope: 'Models' },
    why: 'Why pods do not run; the deletion cost of pods while a scale-down is due; the end of the drain of a version that was taken back',
  },
  {
    ...{ group: '', resources: ['pods/log'], verbs: ['get'], scope: 'Models' },
    ...{ why: 'The end of the log of an engine that ended and left no message', without: 'The cause stays unknown' },
  },
  {
    ...{ group: '', resources: ['pods/eviction'], verbs: ['create'], scope: 'Models', why: 'The order `restart`' },
    without: 'The order is not carried out',
  },
  {
    ...{ group: '', resources: ['secrets'], verbs: ['get'], scope: 'Models' },
    why: 'API keys of engines that demand one, for proofs and their metrics. Of all other Secrets that pods refer to, whether they are there: their metadata. Never listed or watched',
    without:
      'Versions with a key are not proven; a Secret that is missing is told by the kubelet, once pods hold their GPUs',
  },
  {
    ...{ group: 'discovery.k8s.io', resources: ['endpointslices'], verbs: ['list', 'watch'], scope: 'Models' },
    why: 'Whom the traffic goes to',
  },
  {
    ...{ group: 'events.k8s.io', resources: ['events'], verbs: ['create', 'patch'], scope: 'Models', why: 'Events' },
    without: 'Nothing is announced',
  },
  {
    ...{ group: 'gateway.networking.k8s.io', resources: ['httproutes'], verbs: OWNED, scope: 'Models' },
    ...{
      why: 'traffic.gateway and traffic.routeRef',
      without: 'Nothing new is switched to behind a gateway, and pods that it may send requests to stay',
    },
  },
  {
    ...{ group: 'keda.sh', resources: ['scaledobjects'], verbs: OWNED, scope: 'Models' },
    ...{ why: 'autoscaling.provider KEDA', without: 'The condition says KedaMissing' },
  },
  {
    ...{ group: 'monitoring.coreos.com', resources: ['podmonitors', 'scrapeconfigs', 'prometheusrules'], verbs: OWNED },
    ...{
      scope: 'Models',
      why: 'Where prometheus-operator is',
      without: 'Services are annotated for a plain Prometheus',
    },
  },
  {
    ...{ group: '', resources: ['nodes'], verbs: ['list', 'watch'], scope: 'Cluster', why: 'Whether GPUs are there' },
    without: 'It works on, says NodesUnknown, and asks again every five minutes',
  },
  {
    ...{ group: '', resources: ['pods'], verbs: ['list'], scope: 'Cluster', why: 'Counting free GPUs' },
    without: 'The scheduler decides',
  },
  {
    ...{ group: 'scheduling.k8s.io', resources: ['priorityclasses'], verbs: ['get'], scope: 'Cluster' },
    ...{ why: 'Counting, and the class of models', without: 'Models have no class' },
  },
  {
    ...{ group: 'resource.k8s.io', resources: ['resourceslices'], verbs: ['list'], scope: 'Cluster' },
    ...{ why: 'Counting', without: 'The device plugin’s count stands' },
  },
  {
    ...{ group: 'karpenter.sh', resources: ['nodepools'], verbs: ['list'], scope: 'Cluster' },
    ...{ why: 'Whether nodes can be bought', without: 'The way Provision is chosen by the other autoscaler alone' },
  },
  {
    ...{ group: '', resources: ['configmaps'], names: ['cluster-autoscaler-status'], verbs: ['get'], scope: 'System' },
    ...{ why: 'The same, of cluster-autoscaler', without: 'The same' },
  },
  {
    ...{ group: 'coordination.k8s.io', resources: ['leases'], verbs: ['get', 'create', 'update'], scope: 'Own' },
    why: 'Leader election',
  },
  {
    ...{ group: '', resources: ['secrets'], verbs: ['create'], scope: 'Webhook', without: 'The same' },
    why: 'The certificates of the webhook (a right to create cannot name the object)',
  },
  {
    ...{ group: '', resources: ['secrets'], names: [WEBHOOK_NAME], verbs: ['get', 'update'], scope: 'Webhook' },
    ...{ why: 'The same', without: 'The webhook does not answer: the same verdict is in PlanAccepted alone' },
  },
  {
    ...{ group: 'admissionregistration.k8s.io', names: [WEBHOOK_NAME], verbs: ['list', 'watch', 'patch'] },
    ...{
      resources: ['validatingwebhookconfigurations'],
      scope: 'WebhookCluster',
      why: 'caBundle of the webhook, and no other field',
    },
    without: 'Whoever installs the configuration has to write caBundle',
  },
];

/** A rule of a Role or ClusterRole. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The rules of a role that grants the rights of these scopes. */
export function rulesOf(...scopes: readonly RightScope[]): PolicyRule[] {
  return RIGHTS.filter(({ scope }) => scopes.includes(scope)).map(({ group, resources, names, verbs }) => ({
    apiGroups: [group],
    resources,
    ...(names && { resourceNames: names }),
    verbs,
  }));
}
