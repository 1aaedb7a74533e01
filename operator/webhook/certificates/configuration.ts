import { clusterScoped } from '../../kube/resources.ts';
import type { KubeObject, ObjectRef } from '../../kube/types.ts';

/** A ValidatingWebhookConfiguration, as far as we read it. */
export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: {
      readonly caBundle?: string;
      readonly service?: { readonly namespace: string; readonly name: string };
    };
  }[];
}

export const WEBHOOK_CONFIGURATIONS = clusterScoped<WebhookConfiguration>(
  'admissionregistration.k8s.io',
  'v1',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
);

/** What cert-manager's injector looks for: it writes caBundle then. */
const INJECTED = 'cert-manager.io/inject-';

/** Whether somebody else has been asked to write caBundle. */
export function isInjected({ metadata }: WebhookConfiguration): boolean {
  return Object.keys(metadata.annotations ?? {}).some((key) => key.startsWith(INJECTED));
}

/** Whether every webhook of the configuration that calls the Service trusts `bundle`, and no other. */
export function isPublished(configuration: WebhookConfiguration, service: ObjectRef, bundle: string): boolean {
  return indexesOf(configuration, service).every((index) => bundleIn(configuration, index) === encoded(bundle));
}

/**
 * A JSON patch that makes the webhooks that call the Service trust `bundle`: it fails with a conflict where the object has
 * changed, and it touches no other field, so that an apply of a manifest without caBundle leaves ours alone.
 */
export function publishPatch(configuration: WebhookConfiguration, service: ObjectRef, bundle: string): object[] {
  return [
    { op: 'replace', path: '/metadata/resourceVersion', value: configuration.metadata.resourceVersion },
    ...indexesOf(configuration, service)
      .filter((index) => bundleIn(configuration, index) !== encoded(bundle))
      .map((index) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: encoded(bundle) })),
  ];
}

function indexesOf({ webhooks = [] }: WebhookConfiguration, { namespace, name }: ObjectRef): number[] {
  return webhooks.flatMap(({ clientConfig: { service } }, index) =>
    service?.namespace === namespace && service?.name === name ? [index] : [],
  );
}

function bundleIn({ webhooks = [] }: WebhookConfiguration, index: number): string | undefined {
  return webhooks[index]?.clientConfig.caBundle;
}

function encoded(bundle: string): string {
  return Buffer.from(bundle).toString('base64');
}
