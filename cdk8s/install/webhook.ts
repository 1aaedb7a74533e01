import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { GROUP, PLURAL, VERSION } from '../../operator/api/names.ts';
import { WEBHOOK_NAME } from '../../operator/api/rights.ts';
import { metadata, SELECTOR } from './names.ts';
import type { InstallOptions } from './options.ts';

/** See `--webhook-bind-address`. */
export const WEBHOOK_PORT = 9443;
/** Where a certificate of somebody else's making is mounted. */
export const WEBHOOK_CERTS = '/etc/deepseek-operator-webhook';

/** Nobody but the owner of the cluster may say whom its API server asks: with Roles alone there is no webhook. */
export function hasWebhook({ webhook, watchNamespaces }: InstallOptions): boolean {
  return webhook && watchNamespaces.length === 0;
}

/**
 * What makes the API server ask the operator. caBundle is the operator's to write: where no manifest says it, an apply leaves
 * it as it is.
 */
export function webhook(scope: Construct, { namespace, webhookAnnotations: annotations }: InstallOptions): void {
  new k8s.KubeService(scope, 'WebhookService', {
    metadata: metadata(WEBHOOK_NAME, namespace),
    spec: {
      selector: { ...SELECTOR },
      ports: [{ name: 'https', port: 443, targetPort: k8s.IntOrString.fromString('webhook') }],
    },
  });
  new k8s.KubeValidatingWebhookConfiguration(scope, 'ValidatingWebhookConfiguration', {
    metadata: { ...metadata(WEBHOOK_NAME), ...(Object.keys(annotations).length > 0 && { annotations }) },
    webhooks: [
      {
        name: `plan.${GROUP}`,
        admissionReviewVersions: ['v1'],
        clientConfig: { service: { name: WEBHOOK_NAME, namespace, path: '/validate', port: 443 } },
        rules: [
          {
            apiGroups: [GROUP],
            apiVersions: [VERSION],
            operations: ['CREATE', 'UPDATE'],
            // Status and scale are resources of their own: nobody is asked about them.
            resources: [PLURAL],
            scope: 'Namespaced',
          },
        ],
        matchPolicy: 'Equivalent',
        matchConditions: MATCH_CONDITIONS,
        sideEffects: 'None',
        // The condition PlanAccepted says the same a moment later: the operator stands in nobody's way.
        failurePolicy: 'Ignore',
        timeoutSeconds: 2,
      },
    ],
  });
}

/** Spares the call where no spec changes: metadata, finalizers, and everything on the way out. */
const MATCH_CONDITIONS = [
  {
    name: 'spec-changes',
    expression: 'oldObject == null || object.spec != oldObject.spec',
  },
  { name: 'stays', expression: '!has(object.metadata.deletionTimestamp)' },
];
