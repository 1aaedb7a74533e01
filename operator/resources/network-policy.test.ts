import { describe, expect, it } from '@jest/globals';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { networkPolicy } from './network-policy.ts';
import { deploymentWith } from './test-support.ts';
import { type End, permits } from './testing/policy-evaluator.ts';

const HOME = 'ai';
const INPUT = { operatorNamespace: 'deepseek-system', sources: [undefined], ports: [8000] };
const PROMETHEUS = { 'app.kubernetes.io/name': 'prometheus' };
const OPERATOR = { 'app.kubernetes.io/name': 'deepseek-operator' };

const policyOf = (spec: object, input: object = {}) => networkPolicy(deploymentWith(spec), { ...INPUT, ...input });
const ENGINE = { namespace: HOME, labels: { 'deepseek-operator.io/name': 'chat' }, ports: { http: 8000 } } as const;

/** Whether somebody may connect to the engine. */
const admits = (policy: INetworkPolicy | undefined, from: End, port = 8000): boolean =>
  permits(policy === undefined ? [] : [policy], { from, to: ENGINE, port });

/** Where weights may come from and other places, each with a port. */
const PLACES: Readonly<Record<string, { readonly to: End; readonly port: number; readonly protocol?: 'UDP' }>> = {
  'names (UDP)': { to: { namespace: 'kube-system' }, port: 53, protocol: 'UDP' },
  'names (TCP)': { to: { namespace: 'kube-system' }, port: 53 },
  'names of OpenShift': { to: { namespace: 'openshift-dns' }, port: 5353, protocol: 'UDP' },
  'HTTPS outside': { to: { ip: '203.0.113.7' }, port: 443 },
  'HTTP outside': { to: { ip: '203.0.113.7' }, port: 80 },
  '8080 outside': { to: { ip: '203.0.113.7' }, port: 8080 },
  '9000 outside': { to: { ip: '203.0.113.7' }, port: 9000 },
  'a pod at 8080': { to: { namespace: 'tools' }, port: 8080 },
  'identity at 80': { to: { ip: '169.254.169.254' }, port: 80 },
  'identity at 988': { to: { ip: '169.254.169.252' }, port: 988 },
  'SSH outside': { to: { ip: '203.0.113.7' }, port: 22 },
  'the API server': { to: { ip: '10.96.0.1' }, port: 6443 },
};
const NAMES = ['names (UDP)', 'names (TCP)', 'names of OpenShift'];

/** Where the engine may connect to. */
const reaches = (policy: INetworkPolicy | undefined): readonly string[] =>
  Object.entries(PLACES)
    .filter(([, place]) => permits(policy === undefined ? [] : [policy], { from: ENGINE, ...place }))
    .map(([name]) => name);

describe('a NetworkPolicy', () => {
  it('is there only where the spec asks for one', () => {
    expect(policyOf({})).toBeUndefined();
    expect(policyOf({ networkPolicy: { enabled: false } })).toBeUndefined();
    expect(policyOf({ networkPolicy: { enabled: true } })?.spec?.podSelector).toEqual({
      matchLabels: { 'deepseek-operator.io/name': 'chat' },
    });
  });

  it('admits everybody to the port of the engine where nobody is named', () => {
    const policy = policyOf({ networkPolicy: { enabled: true } });
    expect(admits(policy, { namespace: 'anywhere' })).toBe(true);
    expect(admits(policy, { ip: '203.0.113.7' })).toBe(true);
    expect(admits(policy, { namespace: 'anywhere' }, 9001)).toBe(false);
    expect(admits(policy, { namespace: HOME }, 22)).toBe(false);
  });

  it.each<[string, readonly number[], readonly (number | string)[]]>([
    ['a version with a proxy and one without', [9000, 8000, 9000], [8000, 9000]],
    ['versions of which nothing is known', [], ['http']],
  ])('opens the ports of %s', (_, ports, expected) => {
    const policy = policyOf({ networkPolicy: { enabled: true, allowFrom: [] } }, { ports });
    expect(policy?.spec?.ingress?.[0]?.ports?.map(({ port }) => port)).toEqual(expected);
  });

  it.each<[string, End, boolean]>([
    ['who is named', { namespace: 'shop' }, true],
    ['somebody of the same namespace who is not named', { namespace: HOME }, false],
    ['the operator', { namespace: 'deepseek-system', labels: OPERATOR }, true],
    ['somebody who is labelled as the operator elsewhere', { namespace: 'mallory', labels: OPERATOR }, false],
    ['Prometheus', { namespace: 'monitoring', labels: PROMETHEUS }, true],
    ['the gateway', { namespace: 'edge' }, true],
    ['anybody else', { namespace: 'other' }, false],
  ])('with names: %s', (_, caller, expected) => {
    const policy = policyOf({
      networkPolicy: {
        enabled: true,
        allowFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } }],
      },
      traffic: { gateway: { parentRefs: [{ name: 'public', namespace: 'edge' }] } },
    });
    expect(admits(policy, caller)).toBe(expected);
  });

  it.each<[string, readonly string[], string, boolean]>([
    ['whoever is labelled as Prometheus, where nobody has said where it runs', [], 'mallory', true],
    ['Prometheus where it runs', ['thanos', 'monitoring'], 'monitoring', true],
    ['nobody who is labelled as Prometheus elsewhere', ['thanos', 'monitoring'], 'mallory', false],
  ])('with names admits %s', (_, prometheusNamespaces, namespace, expected) => {
    const policy = policyOf({ networkPolicy: { enabled: true, allowFrom: [] } }, { prometheusNamespaces });
    expect(admits(policy, { namespace, labels: PROMETHEUS })).toBe(expected);
    expect(admits(policy, { namespace, labels: {} })).toBe(false);
  });

  it('keeps Prometheus out where nothing is to be scraped', () => {
    const policy = policyOf({
      networkPolicy: { enabled: true, allowFrom: [] },
      monitoring: { scrape: 'None', rules: true },
    });
    expect(admits(policy, { namespace: 'monitoring', labels: PROMETHEUS })).toBe(false);
  });

  it.each<[string, readonly (object | undefined)[], readonly string[]]>([
    ['the hub', [undefined], ['HTTPS outside']],
    ['a mirror', [{ huggingFace: { endpoint: 'http://mirror.example:8080' } }], ['8080 outside', 'a pod at 8080']],
    ['a Service of the cluster', [{ huggingFace: { endpoint: 'http://hub.tools.svc:8080' } }], ['a pod at 8080']],
    ['its whole name', [{ huggingFace: { endpoint: 'http://hub.tools.svc.cluster.local' } }], ['a pod at 8080']],
    ['its short name', [{ huggingFace: { endpoint: 'http://hub' } }], ['a pod at 8080']],
    [
      'a bucket with keys',
      [{ objectStorage: { uri: 's3://b/m', credentialsSecretRef: { name: 'keys' } } }],
      ['HTTPS outside'],
    ],
    [
      'a bucket by identity',
      [{ objectStorage: { uri: 's3://b/m' } }],
      ['HTTPS outside', 'identity at 80', 'identity at 988'],
    ],
    [
      'a store',
      [
        {
          objectStorage: {
            uri: 's3://b/m',
            endpoint: 'https://store.example:9000',
            credentialsSecretRef: { name: 'keys' },
          },
        },
      ],
      ['9000 outside'],
    ],
    ['an address that is none', [{ huggingFace: { endpoint: 'http://]' } }], []],
    ['a volume', [{ persistentVolumeClaim: { claimName: 'w' } }], []],
    ['an image', [{ image: { reference: 'm:1' } }], []],
    [
      'both versions of a rollout',
      [{ persistentVolumeClaim: { claimName: 'w' } }, { huggingFace: { endpoint: 'http://mirror.example' } }],
      ['HTTP outside', 'identity at 80'],
    ],
  ])('lets weights come from %s, and nothing else out', (_, sources, expected) => {
    expect(reaches(policyOf({ networkPolicy: { enabled: true } }, { sources }))).toEqual([...NAMES, ...expected]);
  });

  it('says nothing of other pods', () => {
    const policy = policyOf({ networkPolicy: { enabled: true, allowFrom: [] } });
    const other = { namespace: HOME, labels: { 'deepseek-operator.io/name': 'other' } };
    expect(permits([policy!], { from: { namespace: 'anywhere' }, to: other, port: 22 })).toBe(true);
    expect(permits([policy!], { from: other, to: { ip: '203.0.113.7' }, port: 22 })).toBe(true);
  });
});
