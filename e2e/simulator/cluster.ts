import { systemClock } from '../../operator/kube/clock.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { isNotFound } from '../../operator/kube/errors.ts';
import { ReflectingInformer } from '../../operator/kube/informer.ts';
import { KubeconfigCredentials } from '../../operator/kube/kubeconfig.ts';
import { clusterScoped, namespaced, resources } from '../../operator/kube/resources.ts';
import { Transport } from '../../operator/kube/transport.ts';
import type { Informer, KubeObject } from '../../operator/kube/types.ts';
import { LEASE_NAMESPACE } from './names.ts';
import type { ReadKey } from './pods/environment.ts';
import type { Pod } from './pods/types.ts';

/** A Node, as far as the simulator reads it. */
export interface Node extends KubeObject {
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
}

export type Annotations = Readonly<Record<string, string | null>>;

/** The cluster, as far as the simulator knows it. */
export interface SimulatedCluster {
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  /** Merges annotations into a pod; `null` removes one. Fails with KUBE_CONFLICT when the pod is another one by now. */
  annotatePod(pod: Pod, annotations: Annotations, signal: AbortSignal): Promise<void>;
  annotateNode(name: string, annotations: Annotations, signal: AbortSignal): Promise<void>;
  /** No error when the node has no lease. */
  deleteNodeLease(name: string, signal: AbortSignal): Promise<void>;
  readonly readKey: ReadKey;
  close(): Promise<void>;
}

/** Who wrote, in managedFields and the audit log. */
const fieldManager = 'engine-simulator';

/** `namespaces`: only pods in these are seen; default: in all. `signal` ends reading. */
export async function connectToCluster(
  kubeconfig: string,
  namespaces: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<SimulatedCluster> {
  const clock = systemClock;
  const credentials = await KubeconfigCredentials.load({ paths: [kubeconfig], clock });
  const transport = new Transport({ credentials, clock, userAgent: fieldManager });
  const client = new KubeHttpClient(transport);
  const podType = namespaced<Pod>('', 'v1', 'Pod', 'pods');
  const nodeType = clusterScoped<Node>('', 'v1', 'Node', 'nodes');
  const patch = { type: 'merge', fieldManager } as const;
  return {
    pods: new ReflectingInformer<Pod>({ client, type: podType, clock, ...(namespaces && { namespaces }) }),
    nodes: new ReflectingInformer<Node>({ client, type: nodeType, clock }),
    async annotatePod({ metadata: { namespace = 'default', name, uid } }, annotations, annotateSignal) {
      await client.patch(
        podType,
        { namespace, name },
        { metadata: { uid, annotations } },
        { ...patch, signal: annotateSignal },
      );
    },
    async annotateNode(name, annotations, annotateSignal) {
      await client.patch(nodeType, { name }, { metadata: { annotations } }, { ...patch, signal: annotateSignal });
    },
    async deleteNodeLease(name, deleteSignal) {
      try {
        await client.delete(resources.leases, { namespace: LEASE_NAMESPACE, name }, { signal: deleteSignal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
    async readKey(kind, namespace, ref) {
      try {
        if (kind === 'ConfigMap') {
          const configMap = await client.get(resources.configMaps, { namespace, name: ref.name }, { signal });
          return configMap.data?.[ref.key];
        }
        const secret = await client.get(resources.secrets, { namespace, name: ref.name }, { signal });
        const value = secret.data?.[ref.key];
        return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    close: () => transport.close(),
  };
}
