import { clusterScoped } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/types.ts';

const WEBHOOKS = clusterScoped(
  'admissionregistration.k8s.io',
  'v1',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
);

/** What a webhook is asked about, in one namespace, and where it would be. */
export interface FailingWebhook {
  readonly namespace: string;
  /** Its name, a domain's: the API server says it. */
  readonly name: string;
  readonly apiGroup: string;
  /** Plural, with a subresource if it is about one. */
  readonly resource: string;
  /** Default: a Service that is not there. */
  readonly url?: string;
}

/** Has the API server ask a webhook that does not answer for each creation and change (failurePolicy Fail). Gives what takes it away. */
export async function failingWebhook(
  client: KubeClient,
  { namespace, name, apiGroup, resource, url }: FailingWebhook,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const ref = { name: `${namespace}-${name}` };
  const rule = { apiGroups: [apiGroup], apiVersions: ['*'], resources: [resource], operations: ['CREATE', 'UPDATE'] };
  const webhook = {
    ...{ name, admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Fail', rules: [rule] },
    clientConfig: url === undefined ? { service: { namespace, name: 'absent' } } : { url },
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  };
  const { group, version, kind } = WEBHOOKS;
  const object = { apiVersion: `${group}/${version}`, kind, metadata: ref, webhooks: [webhook] };
  await client.create(WEBHOOKS, object, { signal });
  return () => client.delete(WEBHOOKS, ref, { signal: AbortSignal.timeout(10_000) });
}
