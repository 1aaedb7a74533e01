import type { KubeHttpClient } from '../../../operator/kube/client.ts';
import { resources } from '../../../operator/kube/resources.ts';
import type { ResourceType } from '../../../operator/kube/types.ts';
import { renderNodes } from '../../cluster/nodes.ts';
import { waitFor } from '../../cluster/wait.ts';

const NAMESPACE = 'foreign';
const CREATORS = 32;
/** Few, because each renews a Lease every ten seconds. */
const NODES = 20;
/** Of pods that have been created until the last of them runs: a busy machine starts some dozens a second. */
const RUNNING_TIMEOUT_MS = 900_000;
const LOOK_EVERY_MS = 2_000;

/** Nodes without GPUs on which nothing of ours comes, and a namespace for what is there. */
export async function createForeignPlace(client: KubeHttpClient, signal: AbortSignal): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await client.create(resources.namespaces, namespace, { signal });
  const nodes = renderNodes([
    {
      name: NAMESPACE,
      nodes: NODES,
      ...{ dialect: 'NodeFeatureDiscovery', architecture: 'amd64', region: 'local', zones: ['local-a'] },
      capacity: { cpu: '192', memory: '768Gi', ephemeralStorage: '2Ti' },
      allocatable: { cpu: '190', memory: '760Gi', ephemeralStorage: '1900Gi' },
      labels: {},
      taints: [{ key: NAMESPACE, value: '', effect: 'NoSchedule' }],
    },
  ]);
  for (const node of nodes) await client.create(resources.nodes, node, { signal });
}

/** So many pods, Services and Deployments that are none of ours; resolves when all pods run. */
export async function createForeign(client: KubeHttpClient, count: number, signal: AbortSignal): Promise<void> {
  const ordinals = Array.from({ length: count }, (_, index) => index).values();
  const create = async (): Promise<void> => {
    for (const ordinal of ordinals)
      for (const [type, object] of foreignObjects(ordinal)) await client.create(type, object, { signal });
  };
  await Promise.all(Array.from({ length: CREATORS }, create));
  let pending = count;
  await waitFor(
    async () => {
      const waiting = { namespace: NAMESPACE, fieldSelector: 'status.phase=Pending', signal };
      pending = (await client.list(resources.pods, waiting)).items.length;
      return pending === 0 ? true : undefined;
    },
    {
      what: `${count} foreign pods to run`,
      timeoutMs: RUNNING_TIMEOUT_MS,
      intervalMs: LOOK_EVERY_MS,
      signal,
      details: () => `${pending} do not.`,
    },
  );
}

/** Objects like those of other programs: a pod that has its node, and a Service and a Deployment that nothing has to be done for. */
export function foreignObjects(ordinal: number): readonly (readonly [ResourceType, object])[] {
  const name = `foreign-${ordinal}`;
  const metadata = { namespace: NAMESPACE, name, labels: { app: name } };
  const selector = { app: name };
  const requests = { cpu: '100m', memory: '128Mi' };
  const container = { name: 'main', image: 'registry.example/main:1', resources: { requests } };
  const spec = { nodeName: `${NAMESPACE}-${ordinal % NODES}`, containers: [container] };
  return [
    [resources.pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec }],
    [
      resources.services,
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'nobody' }, ports: [{ port: 80 }] } },
    ],
    [
      resources.deployments,
      {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
        spec: {
          replicas: 0,
          selector: { matchLabels: selector },
          template: { metadata: { labels: selector }, spec: { containers: [container] } },
        },
      },
    ],
  ];
}
