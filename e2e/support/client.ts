import type { Cluster } from '../../hack/cluster/index.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { Transport } from '../../operator/kube/transport.ts';

/** A client of the operator's own kind, as an administrator of this name. */
export async function testClient(cluster: Cluster, user: string): Promise<KubeHttpClient> {
  const credentials = await loadCredentials({ clock: systemClock, kubeconfig: await cluster.kubeconfig(user) });
  return new KubeHttpClient(new Transport({ credentials, clock: systemClock, userAgent: user }));
}
