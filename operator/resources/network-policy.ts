import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import type { INetworkPolicyEgressRule } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicyEgressRule';
import type { INetworkPolicyPeer } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer';
import { LABEL, MANAGER } from '../api/index.ts';
import { type Child, childMetadata, type Owner } from './names.ts';
import { HTTP_PORT_NAME } from './service.ts';

/** The label of a namespace with its name: Kubernetes sets it. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';
/** A policy is enforced behind the Service: OpenShift's name servers listen on 5353. */
const DNS_PORTS = [53, 5353] as const;
const HTTP_PORT = 80;
const HTTPS_PORT = 443;
/** Where clouds give pods an identity: AWS and Azure on port 80; GKE on 80, and on 988 behind its redirection. */
const LINK_LOCAL = '169.254.0.0/16';
const METADATA_PORTS = [80, 988] as const;
/** Hosts of this cluster. Which port the pods behind their Services have is not known. */
const IN_CLUSTER = /^[^.]+$|\.svc(\.[a-z0-9.-]+)?$/;

/** What a NetworkPolicy has to know beside the spec. */
export interface NetworkPolicyInput {
  /** Namespace of the operator; undefined: it runs elsewhere, and reaches the pods by whatever way that is. */
  readonly operatorNamespace?: string | undefined;
  /** Namespaces in which a pod that is labelled as Prometheus is one; absent or empty: any. */
  readonly prometheusNamespaces?: readonly string[] | undefined;
  /** Where the versions that have pods get their weights; undefined: from the hub. */
  readonly sources: readonly (ModelSource | undefined)[];
  /** Ports at which the pods of those versions answer. Empty: that of the engine, by its name. */
  readonly ports: readonly number[];
}

type ModelSource = NonNullable<Owner['spec']['model']['source']>;

/**
 * Who may connect to the pods of a DeepSeekDeployment, and where they may connect to. In: whom `networkPolicy.allowFrom` names
 * (absent: everybody), the operator, Prometheus where it runs, the namespaces of the gateways. Out: name resolution, and
 * where weights are downloaded from. Undefined: there is to be none.
 */
export function networkPolicy(deployment: Owner, input: NetworkPolicyInput): Child<INetworkPolicy> | undefined {
  const { name } = deployment.metadata;
  const wanted = deployment.spec.networkPolicy;
  if (wanted?.enabled !== true) return undefined;
  // By number: not every network plugin finds the named ports of sidecars.
  const numbers = [...new Set(input.ports)].sort((a, b) => a - b);
  const ports = (numbers.length === 0 ? [HTTP_PORT_NAME] : numbers).map((port) => ({ port, protocol: 'TCP' as const }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: childMetadata(deployment, name),
    spec: {
      podSelector: { matchLabels: { [LABEL.name]: name } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [wanted.allowFrom === undefined ? { ports } : { from: peers(deployment, input), ports }],
      egress: egress(input.sources),
    },
  };
}

function peers({ metadata, spec }: Owner, input: NetworkPolicyInput): INetworkPolicyPeer[] {
  const { operatorNamespace, prometheusNamespaces = [] } = input;
  const app = (name: string) => ({ matchLabels: { [LABEL.appName]: name } });
  const namespace = (name: string) => ({ matchLabels: { [NAMESPACE_NAME]: name } });
  const namespaces = [...new Set(prometheusNamespaces)].sort().map(namespace);
  const scrapers = (namespaces.length === 0 ? [{}] : namespaces).map((namespaceSelector) => ({
    namespaceSelector,
    podSelector: app('prometheus'),
  }));
  const gateways = new Set((spec.traffic?.gateway?.parentRefs ?? []).map((ref) => ref.namespace ?? metadata.namespace));
  return [
    ...(spec.networkPolicy?.allowFrom ?? []).map((peer) => structuredClone(peer) as INetworkPolicyPeer),
    ...(operatorNamespace === undefined
      ? []
      : [{ namespaceSelector: namespace(operatorNamespace), podSelector: app(MANAGER) }]),
    ...(spec.monitoring?.scrape === 'None' ? [] : scrapers),
    ...[...gateways].sort().map((gateway) => ({ namespaceSelector: namespace(gateway) })),
  ];
}

/** Name resolution, and what downloads weights. */
function egress(sources: readonly (ModelSource | undefined)[]): INetworkPolicyEgressRule[] {
  const ways = sources.flatMap((source) => downloadWay(source) ?? []);
  const numbers = [...new Set(ways.filter((way) => typeof way === 'number'))].sort((a, b) => a - b);
  return [
    { ports: DNS_PORTS.flatMap((port) => [udp(port), tcp(port)]) },
    ...(numbers.length === 0 ? [] : [{ ports: numbers.map(tcp) }]),
    ...(ways.includes('Cluster') ? [{ to: [{ namespaceSelector: {} }] }] : []),
    ...(sources.some(needsIdentity)
      ? [{ to: [{ ipBlock: { cidr: LINK_LOCAL } }], ports: METADATA_PORTS.map(tcp) }]
      : []),
  ];
}

const tcp = (port: number) => ({ port, protocol: 'TCP' as const });
const udp = (port: number) => ({ port, protocol: 'UDP' as const });

/**
 * The port that weights come from: HTTPS, or that of an endpoint of somebody's own; or any pod, where that is a Service of the cluster.
 * Undefined for a volume or an image, which the node brings.
 */
function downloadWay(source: ModelSource | undefined): number | 'Cluster' | undefined {
  if (source === undefined) return HTTPS_PORT;
  const download = source.huggingFace ?? source.objectStorage;
  if (download === undefined) return undefined;
  if (download.endpoint === undefined) return HTTPS_PORT;
  // Of a revision that was accepted before such an address was refused: nothing can be downloaded from it.
  if (!URL.canParse(download.endpoint)) return undefined;
  const { hostname, port, protocol } = new URL(download.endpoint);
  if (IN_CLUSTER.test(hostname)) return 'Cluster';
  if (port !== '') return Number(port);
  return protocol === 'http:' ? HTTP_PORT : HTTPS_PORT;
}

/** Without a Secret, object storage is opened by the identity that the cloud gives the pod. */
function needsIdentity(source: ModelSource | undefined): boolean {
  return source?.objectStorage !== undefined && source.objectStorage.credentialsSecretRef === undefined;
}
