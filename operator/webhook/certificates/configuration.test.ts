import { describe, expect, it, test } from '@jest/globals';
import { isInjected, isPublished, publishPatch, type WebhookConfiguration } from './configuration.ts';

const SERVICE = { namespace: 'deepseek-system', name: 'webhook' };
const encoded = (text: string) => Buffer.from(text).toString('base64');
const webhook = (name: string, service: object | undefined, caBundle?: string) => ({
  name,
  clientConfig: { ...(service && { service }), ...(caBundle !== undefined && { caBundle: encoded(caBundle) }) },
});
const configuration = (...webhooks: object[]) =>
  ({ metadata: { name: 'webhook', resourceVersion: '7' }, webhooks }) as unknown as WebhookConfiguration;

describe('a bundle', () => {
  it('is written where it is missing, into the webhooks of the Service alone, on the version that was read', () => {
    const live = configuration(
      webhook('other', { namespace: 'deepseek-system', name: 'other' }),
      webhook('ours', SERVICE),
      webhook('by address', undefined),
      webhook('ours too', SERVICE, 'old'),
      webhook('told', SERVICE, 'new'),
    );
    expect(isPublished(live, SERVICE, 'new')).toBe(false);
    expect(publishPatch(live, SERVICE, 'new')).toEqual([
      { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
      { op: 'add', path: '/webhooks/1/clientConfig/caBundle', value: encoded('new') },
      { op: 'add', path: '/webhooks/3/clientConfig/caBundle', value: encoded('new') },
    ]);
  });

  test.each<[string, WebhookConfiguration]>([
    ['every webhook has it', configuration(webhook('ours', SERVICE, 'new'))],
    ['no webhook is ours', configuration(webhook('other', { namespace: 'b', name: 'webhook' }))],
    ['there is no webhook', { metadata: { name: 'webhook' } } as WebhookConfiguration],
  ])('is published where %s', (_, live) => {
    expect(isPublished(live, SERVICE, 'new')).toBe(true);
  });
});

test.each([
  ['cert-manager.io/inject-ca-from', true],
  ['cert-manager.io/inject-ca-from-secret', true],
  ['cert-manager.io/cluster-issuer', false],
])('the annotation %s: somebody else writes caBundle: %s', (key, injected) => {
  const live = { metadata: { name: 'webhook', annotations: { [key]: 'x' } } } as unknown as WebhookConfiguration;
  expect(isInjected(live)).toBe(injected);
});
