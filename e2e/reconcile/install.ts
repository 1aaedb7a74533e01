import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { type Cluster, RIGHTFUL } from '../../hack/cluster/index.ts';
import { rulesOf } from '../../operator/api/rights.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { clusterScoped, resources } from '../../operator/kube/resources.ts';
import { Transport } from '../../operator/kube/transport.ts';
import { loopbackAddress } from '../simulator/index.ts';
import { eventually } from '../support/eventually.ts';

const MANIFEST = new URL('../../crds/deepseekdeployments.yaml', import.meta.url);

/** A client, and what ends its connections. */
export interface Connection {
  readonly client: KubeHttpClient;
  readonly close: () => Promise<void>;
}

/** A client of the operator's own kind, with the rights of `groups` (default: an administrator's). */
export async function connect(
  cluster: Cluster,
  user: string,
  { fence, ...options }: { readonly groups?: readonly string[]; readonly fence?: () => void } = {},
): Promise<Connection> {
  const kubeconfig = await cluster.kubeconfig(user, options);
  const credentials = await loadCredentials({ clock: systemClock, kubeconfig });
  const transport = new Transport({ credentials, clock: systemClock, userAgent: user });
  return { client: new KubeHttpClient(transport, fence && { fence }), close: () => transport.close() };
}

/** Applies the CRD and waits until it is served. */
export async function installCrd(cluster: Cluster): Promise<void> {
  const signal = AbortSignal.timeout(50_000);
  const { client, close } = await connect(cluster, 'installer');
  await installRights(client, signal);
  const crd = parse(await readFile(MANIFEST, 'utf8')) as object;
  await client.apply(resources.customResourceDefinitions, crd, { fieldManager: 'installer', force: true, signal });
  await eventually(() => client.list(DEEPSEEK_DEPLOYMENTS, { signal }), { timeoutMs: 30_000, signal });
  await close();
}

const RBAC = 'rbac.authorization.k8s.io';

async function installRights(client: KubeHttpClient, signal: AbortSignal): Promise<void> {
  const options = { fieldManager: 'installer', force: true, signal };
  const apiVersion = `${RBAC}/v1`;
  const metadata = { name: RIGHTFUL };
  const role = { apiVersion, kind: 'ClusterRole', metadata, rules: rulesOf('Models', 'Cluster', 'Own', 'System') };
  await client.apply(clusterScoped(RBAC, 'v1', 'ClusterRole', 'clusterroles'), role, options);
  const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: RIGHTFUL };
  const subjects = [{ apiGroup: RBAC, kind: 'Group', name: RIGHTFUL }];
  const binding = { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects };
  await client.apply(clusterScoped(RBAC, 'v1', 'ClusterRoleBinding', 'clusterrolebindings'), binding, options);
}

/** Maps what the operator would connect to, a pod's address and port, onto where the simulator plays that pod's engine. */
export function podResolver(enginePort: number): (host: string, port: number) => { host: string; port: number } {
  return (host) => ({ host: loopbackAddress(host), port: enginePort });
}
