import { MONITORING_KINDS } from '../../operator/monitoring/index.ts';
import { namespaced, resources } from '../../operator/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts';

/** What may belong to a model. Secrets are not among them, nor is anything that holds one by its nature. */
export const CHILDREN: readonly ResourceType[] = [
  resources.controllerRevisions,
  resources.deployments,
  resources.replicaSets,
  resources.pods,
  resources.services,
  resources.endpointSlices,
  resources.serviceAccounts,
  resources.podDisruptionBudgets,
  resources.horizontalPodAutoscalers,
  resources.networkPolicies,
  namespaced('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes'),
  namespaced('keda.sh', 'v1alpha1', 'ScaledObject', 'scaledobjects'),
  ...Object.values(MONITORING_KINDS).map(({ apiVersion, kind, plural }) => {
    const [group = '', version = ''] = apiVersion.split('/');
    return namespaced(group, version, kind, plural);
  }),
];

/** Without what only machines read: half of most objects. */
export function dropManagedFields(object: unknown): unknown {
  const { metadata } = object as Partial<KubeObject>;
  if (metadata === undefined) return object;
  const { managedFields: _, annotations, ...rest } = metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': __, ...kept } = annotations ?? {};
  return { ...(object as object), metadata: { ...rest, ...(annotations && { annotations: kept }) } };
}
