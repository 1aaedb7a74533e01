import { BlockList } from 'node:net';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { INetworkPolicyPeer } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer';
import type { INetworkPolicyPort } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicyPort';

type Labels = Readonly<Record<string, string>>;

/** A pod, or an address outside of the cluster. */
export type End =
  | {
      readonly namespace: string;
      readonly labels?: Labels;
      /** Beside its name. */
      readonly namespaceLabels?: Labels;
      /** Of its containers, by name. */
      readonly ports?: Readonly<Record<string, number>>;
    }
  | { readonly ip: string };
type PodEnd = Extract<End, { readonly namespace: string }>;

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** A connection that somebody wants to make. */
export interface Connection {
  readonly from: End;
  readonly to: End;
  readonly port: number;
  /** Default TCP. */
  readonly protocol?: 'TCP' | 'UDP';
}

/**
 * Whether the policies of a cluster let a connection through, by the rules of Kubernetes: for tests, since the network of the test
 * clusters enforces nothing. A pod that no policy selects is open; one that some select lets in (or goes to) what any of them allows.
 */
export function permits(policies: readonly INetworkPolicy[], connection: Connection): boolean {
  const { from, to } = connection;
  return isOpen(policies, 'Egress', from, to, connection) && isOpen(policies, 'Ingress', to, from, connection);
}

function isOpen(
  policies: readonly INetworkPolicy[],
  direction: 'Ingress' | 'Egress',
  pod: End,
  peer: End,
  { to, port, protocol = 'TCP' }: Connection,
): boolean {
  if (!isPod(pod)) return true;
  const own = policies.filter(
    ({ metadata, spec }) =>
      metadata?.namespace === pod.namespace &&
      selects(spec?.podSelector as Selector, pod.labels ?? {}) &&
      // Without types a policy is about what comes in, and about what goes out where it has rules for that.
      (spec?.policyTypes ?? ['Ingress', ...(spec?.egress ? ['Egress'] : [])]).includes(direction),
  );
  if (own.length === 0) return true;
  return own.some(({ metadata, spec }) => {
    const rules =
      direction === 'Ingress'
        ? (spec?.ingress ?? []).map(({ from: peers, ports }) => ({ peers, ports }))
        : (spec?.egress ?? []).map(({ to: peers, ports }) => ({ peers, ports }));
    return rules.some(
      ({ peers, ports }) =>
        (peers === undefined || peers.length === 0 || peers.some((one) => isPeer(one, metadata?.namespace, peer))) &&
        (ports === undefined || ports.length === 0 || ports.some((one) => isPort(one, to, port, protocol))),
    );
  });
}

const isPod = (end: End): end is PodEnd => 'namespace' in end;

function isPeer({ ipBlock, namespaceSelector, podSelector }: INetworkPolicyPeer, home: string | undefined, peer: End) {
  if (ipBlock !== undefined) {
    if (isPod(peer)) return false;
    return within(ipBlock.cidr, peer.ip) && !(ipBlock.except ?? []).some((cidr) => within(cidr, peer.ip));
  }
  if (!isPod(peer)) return false;
  const labels = { ...peer.namespaceLabels, 'kubernetes.io/metadata.name': peer.namespace };
  const inNamespace = namespaceSelector === undefined ? peer.namespace === home : selects(namespaceSelector, labels);
  return inNamespace && (podSelector === undefined || selects(podSelector, peer.labels ?? {}));
}

function isPort(rule: INetworkPolicyPort, to: End, port: number, protocol: string): boolean {
  if ((rule.protocol ?? 'TCP') !== protocol) return false;
  if (rule.port === undefined) return true;
  if (typeof rule.port === 'string') return isPod(to) && to.ports?.[rule.port] === port;
  return rule.endPort === undefined ? rule.port === port : port >= rule.port && port <= rule.endPort;
}

function selects(selector: Selector | undefined, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  const equal = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          throw new RangeError(`no such operator: ${operator}`);
      }
    })
  );
}

function within(cidr: string, ip: string): boolean {
  const [network = '', bits = '32'] = cidr.split('/');
  const family = network.includes(':') ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(ip, ip.includes(':') ? 'ipv6' : 'ipv4');
}
