import { connect } from 'node:net';
import {
  type Cluster,
  installGatewayApi,
  startTraefik,
  TRAEFIK_CONTROLLER,
  type TraefikOptions,
  type TraefikServer,
} from '../../hack/cluster/index.ts';
import { HTTP_ROUTES, type LiveHttpRoute } from '../../operator/controller/gateway.ts';
import { isAlreadyExists } from '../../operator/kube/errors.ts';
import { clusterScoped, namespaced } from '../../operator/kube/resources.ts';
import type { KubeClient, KubeObject } from '../../operator/kube/types.ts';
import { type RouteVerdict, routeVerdict } from '../../operator/resources/index.ts';
import { eventually } from '../support/index.ts';

/** Long enough for a busy machine; only a failing test uses it up. */
export const PATIENCE = { timeoutMs: 60_000 } as const;

const GROUP = 'gateway.networking.k8s.io';
const GATEWAY_CLASSES = clusterScoped<KubeObject>(GROUP, 'v1', 'GatewayClass', 'gatewayclasses');
const GATEWAYS = namespaced<KubeObject & { readonly status?: GatewayStatus }>(GROUP, 'v1', 'Gateway', 'gateways');
const CLASS_NAME = 'traefik';

interface GatewayStatus {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

/** A Gateway in the test's namespace, and the Traefik that serves it. */
export interface TestGateway extends AsyncDisposable {
  /** `http://127.0.0.1:port`: where its clients send requests. */
  readonly url: string;
  /** What `spec.traffic.gateway.parentRefs` names. */
  readonly parentRef: { readonly name: string };
  readonly traefik: TraefikServer;
  /** A route as it is on the server. */
  route(name: string): Promise<LiveHttpRoute>;
  /** What the gateway says of the route as it is now. */
  verdict(name: string): Promise<RouteVerdict>;
  /** Waits until the gateway has taken the route as it is now. */
  taken(name: string): Promise<void>;
}

export interface TestGatewayOptions extends Partial<Pick<TraefikOptions, 'throttleMs'>> {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly client: KubeClient;
  readonly signal: AbortSignal;
}

/**
 * Installs Gateway API, starts a Traefik for one namespace and makes a Gateway there that it serves. It works in the network of
 * the tier `gateway` alone, where it reaches the engines of simulated pods (`startSimulator` with `listenOn: 'PodAddress'`).
 */
export async function startGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const { cluster, namespace, client, signal, throttleMs } = options;
  await requireOwnNetwork();
  await installGatewayApi(cluster, signal);
  const traefik = await startTraefik(cluster, {
    namespaces: [namespace],
    signal,
    ...(throttleMs !== undefined && { throttleMs }),
  });
  const parentRef = { name: 'public' };
  const route = (name: string) => client.get(HTTP_ROUTES, { namespace, name }, { signal: AbortSignal.timeout(30_000) });
  const verdict = async (name: string): Promise<RouteVerdict> => {
    const found = await route(name);
    return routeVerdict(found, found.metadata.generation ?? 0);
  };
  try {
    await createClass(client, signal);
    const spec = {
      gatewayClassName: CLASS_NAME,
      listeners: [
        { name: 'http', protocol: 'HTTP', port: traefik.port, allowedRoutes: { namespaces: { from: 'Same' } } },
      ],
    };
    const metadata = { ...parentRef, namespace };
    await client.create(GATEWAYS, { apiVersion: `${GROUP}/v1`, kind: 'Gateway', metadata, spec }, { signal });
    await eventually(
      async () => {
        const { status } = await client.get(GATEWAYS, metadata, { signal });
        const good = status?.conditions?.some(({ type, status: value }) => type === 'Programmed' && value === 'True');
        if (good !== true) throw new Error(`the gateway is not programmed: ${JSON.stringify(status?.conditions)}`);
      },
      { ...PATIENCE, signal },
    );
  } catch (error) {
    await traefik.stop();
    throw error;
  }
  return {
    url: traefik.url,
    parentRef,
    traefik,
    route,
    verdict,
    taken: (name) =>
      eventually(async () => {
        const said = await verdict(name);
        if (said !== 'Taken') throw new Error(`the gateway says of ${name}: ${JSON.stringify(said)}`);
      }, PATIENCE),
    [Symbol.asyncDispose]: () => traefik.stop(),
  };
}

/** Cluster-scoped, and the same for all: it stays. */
async function createClass(client: KubeClient, signal: AbortSignal): Promise<void> {
  const spec = { controllerName: TRAEFIK_CONTROLLER };
  const object = { apiVersion: `${GROUP}/v1`, kind: 'GatewayClass', metadata: { name: CLASS_NAME }, spec };
  try {
    await client.create(GATEWAY_CLASSES, object, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** Throws outside the network of the tier: there, requests to pods would go to whatever has their addresses. */
async function requireOwnNetwork(): Promise<void> {
  const refused = await new Promise<boolean>((resolve) => {
    // Nobody listens there. Where the address is local, the kernel says so at once.
    const socket = connect({ host: '10.244.255.254', port: 9, timeout: 1_000 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('error', (error) => end('code' in error && error.code === 'ECONNREFUSED')());
    socket.once('connect', end(false));
    socket.once('timeout', end(false));
  });
  if (!refused) throw new Error('Pods have no addresses here. Run it as: npm test -- gateway -- FILE');
}
