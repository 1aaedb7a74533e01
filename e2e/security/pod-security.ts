import { clusterScoped } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/types.ts';

/** Lets into the namespace only pods of this Pod Security Standard, from now on. */
export async function enforce(
  client: KubeClient,
  namespace: string,
  standard: 'restricted' | 'privileged',
  signal: AbortSignal,
): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': standard };
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
  const options = { fieldManager: 'platform', force: true, signal };
  await client.apply(clusterScoped('', 'v1', 'Namespace', 'namespaces'), object, options);
}
