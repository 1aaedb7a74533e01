import { describe, expect, it } from '@jest/globals';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { INetworkPolicyPeer } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer';
import { networkPolicy } from './network-policy.ts';
import { deploymentWith } from './test-support.ts';

/** Somebody who connects: a pod, by the labels of it and of its namespace. */
interface Caller {
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const HOME = 'ai';
const INPUT = { operatorNamespace: 'deepseek-system', sources: [undefined], ports: [8000] };
const PROMETHEUS = { 'app.kubernetes.io/name': 'prometheus' };
const OPERATOR = { 'app.kubernetes.io/name': 'deepseek-operator' };

/** Kubernetes' own rules, as far as our policies go: labels alone, no expressions, no addresses. */
function admits(policy: INetworkPolicy | undefined, { namespace, labels = {} }: Caller): boolean {
  const matches = (
    selector: { matchLabels?: Record<string, string> } | undefined,
    found: Readonly<Record<string, string>>,
  ) => Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => found[key] === value);
  const isPeer = ({ namespaceSelector, podSelector }: INetworkPolicyPeer): boolean => {
    const inNamespace =
      namespaceSelector === undefined
        ? namespace === HOME
        : matches(namespaceSelector, { 'kubernetes.io/metadata.name': namespace });
    return inNamespace && (podSelector === undefined || matches(podSelector, labels));
  };
  return (policy?.spec?.ingress ?? []).some(({ from }) => from === undefined || from.some(isPeer));
}

const policyOf = (spec: object, input: object = {}) => networkPolicy(deploymentWith(spec), { ...INPUT, ...input });
/** Who may be connected to: by ports, in words. */
const out = (policy: INetworkPolicy | undefined) =>
  (policy?.spec?.egress ?? []).map(({ ports = [], to }) => {
    const where = to?.map(({ ipBlock }) => ipBlock?.cidr ?? 'pods').join() ?? 'anywhere';
    return `${where}: ${ports.map(({ port, protocol }) => `${String(protocol)} ${String(port)}`).join(', ')}`;
  });
const DNS = 'anywhere: UDP 53, TCP 53, UDP 5353, TCP 5353';
const IDENTITY = '169.254.0.0/16: TCP 80, TCP 988';

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
    expect(policy?.spec?.ingress?.[0]?.ports).toEqual([{ port: 8000, protocol: 'TCP' }]);
  });

  it.each<[string, readonly number[], readonly (number | string)[]]>([
    ['a version with a proxy and one without', [9000, 8000, 9000], [8000, 9000]],
    ['versions of which nothing is known', [], ['http']],
  ])('opens the ports of %s', (_, ports, expected) => {
    const policy = policyOf({ networkPolicy: { enabled: true, allowFrom: [] } }, { ports });
    expect(policy?.spec?.ingress?.[0]?.ports?.map(({ port }) => port)).toEqual(expected);
  });

  it.each<[string, Caller, boolean]>([
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

  it('keeps Prometheus out where nothing is to be scraped', () => {
    const policy = policyOf({
      networkPolicy: { enabled: true, allowFrom: [] },
      monitoring: { scrape: 'None', rules: true },
    });
    expect(admits(policy, { namespace: 'monitoring', labels: PROMETHEUS })).toBe(false);
  });

  it.each<[string, readonly (object | undefined)[], readonly string[]]>([
    ['the hub', [undefined], [DNS, 'anywhere: TCP 443']],
    ['a mirror', [{ huggingFace: { endpoint: 'http://mirror.example:8080' } }], [DNS, 'anywhere: TCP 8080']],
    ['a Service of the cluster', [{ huggingFace: { endpoint: 'http://hub.tools.svc:8080' } }], [DNS, 'pods: ']],
    ['its whole name', [{ huggingFace: { endpoint: 'http://hub.tools.svc.cluster.local' } }], [DNS, 'pods: ']],
    ['its short name', [{ huggingFace: { endpoint: 'http://hub' } }], [DNS, 'pods: ']],
    [
      'a bucket with keys',
      [{ objectStorage: { uri: 's3://b/m', credentialsSecretRef: { name: 'keys' } } }],
      [DNS, 'anywhere: TCP 443'],
    ],
    ['a bucket by identity', [{ objectStorage: { uri: 's3://b/m' } }], [DNS, 'anywhere: TCP 443', IDENTITY]],
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
      [DNS, 'anywhere: TCP 9000'],
    ],
    ['a volume', [{ persistentVolumeClaim: { claimName: 'w' } }], [DNS]],
    ['an image', [{ image: { reference: 'm:1' } }], [DNS]],
    [
      'both versions of a rollout',
      [{ persistentVolumeClaim: { claimName: 'w' } }, { huggingFace: { endpoint: 'http://mirror.example' } }],
      [DNS, 'anywhere: TCP 80'],
    ],
  ])('lets weights come from %s, and nothing else out', (_, sources, expected) => {
    expect(out(policyOf({ networkPolicy: { enabled: true } }, { sources }))).toEqual(expected);
  });
});
