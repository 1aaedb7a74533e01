import { type Cluster, RIGHTFUL } from '../../hack/cluster/index.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { type Credentials, loadCredentials } from '../../operator/kube/credentials.ts';
import { FaultProxy } from '../../operator/kube/testing/fault-proxy.ts';

/** A way of operators to the API server that a test can break. */
export interface WayThroughProxy {
  /** The caller's to close. */
  readonly proxy: FaultProxy;
  /** Who goes this way is `user`, with the rights of the operator. */
  readonly credentials: Credentials;
}

/** Puts a proxy between operators and the API server. */
export async function wayThroughProxy(cluster: Cluster, user: string): Promise<WayThroughProxy> {
  const kubeconfig = await cluster.kubeconfig(user, { groups: [RIGHTFUL] });
  const { ca, cert, key } = await (await loadCredentials({ clock: systemClock, kubeconfig })).tls();
  const upstream = { server: cluster.server, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const proxy = await FaultProxy.start({ upstream });
  const tls = { verify: true };
  const credentials = {
    server: proxy.url,
    tls: () => Promise.resolve(tls),
    headers: () => Promise.resolve({}),
    invalidate: () => undefined,
  };
  return { proxy, credentials };
}
