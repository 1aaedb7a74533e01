import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { MANAGER } from '../../operator/api/names.ts';
import { metadata, SELECTOR } from './names.ts';
import type { InstallOptions } from './options.ts';
import { hasWebhook } from './webhook.ts';

/**
 * Who may connect to the operator: anybody, at the ports that it has for others. Prometheus may run anywhere, probes come from
 * the node, and the API server (which calls the webhook) has no label. It may connect to whatever it likes: where the API
 * server and the engines are, a NetworkPolicy cannot say.
 */
export function network(scope: Construct, options: InstallOptions): void {
  const { namespace, networkPolicy } = options;
  if (!networkPolicy) return;
  const ports = ['metrics', ...(hasWebhook(options) ? ['webhook'] : [])];
  new k8s.KubeNetworkPolicy(scope, 'NetworkPolicy', {
    metadata: metadata(MANAGER, namespace),
    spec: {
      podSelector: { matchLabels: { ...SELECTOR } },
      policyTypes: ['Ingress'],
      ingress: [{ ports: ports.map((port) => ({ port: k8s.IntOrString.fromString(port), protocol: 'TCP' })) }],
    },
  });
}
