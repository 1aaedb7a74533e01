import { findTool } from './binaries.ts';
import { type Companion, startCompanion } from './companion.ts';
import { freePort } from './ports.ts';
import type { Cluster } from './types.ts';

/** What a GatewayClass for Traefik has to name. */
export const TRAEFIK_CONTROLLER = 'traefik.io/gateway-controller';

export interface TraefikOptions {
  /** Namespaces whose routes it follows, so that several share a cluster. Default: all. */
  readonly namespaces?: readonly string[];
  /** How long it gathers changes before it obeys them, milliseconds. Default 100; Traefik's own is 2 s. */
  readonly throttleMs?: number;
  readonly onProgress?: (line: string) => void;
  /** Aborts the build and the start. */
  readonly signal: AbortSignal;
}

/** A Traefik that is a gateway (Gateway API, standard channel) and nothing else. */
export interface TraefikServer extends Companion {
  /** `http://127.0.0.1:port`: where clients send requests. */
  readonly url: string;
  /** The port that a Gateway's HTTP listener has to name. */
  readonly port: number;
}

/**
 * Starts a Traefik beside a cluster that has the CRDs of Gateway API (gateway-api.ts); it is built first where that has
 * not been done (minutes). It sends requests to the addresses of pods, so it has to run where these are local: in the network
 * namespace of the cluster (netns.ts).
 */
export async function startTraefik(
  cluster: Pick<Cluster, 'dir' | 'kubeconfig'>,
  options: TraefikOptions,
): Promise<TraefikServer> {
  const { namespaces = [], throttleMs = 100, signal } = options;
  const command = await findTool('traefik', options);
  const [port, ping] = [await freePort(), await freePort()];
  const companion = await startCompanion(cluster, {
    name: 'traefik',
    command,
    args: () =>
      Promise.resolve([
        '--global.checknewversion=false',
        '--global.sendanonymoususage=false',
        `--entrypoints.web.address=127.0.0.1:${port}`,
        `--entrypoints.ping.address=127.0.0.1:${ping}`,
        '--ping=true',
        '--ping.entrypoint=ping',
        '--providers.kubernetesgateway=true',
        ...namespaces.map((namespace) => `--providers.kubernetesgateway.namespaces=${namespace}`),
        `--providers.providersthrottleduration=${throttleMs}ms`,
        '--log.level=INFO',
      ]),
    env: { KUBECONFIG: await cluster.kubeconfig('traefik') },
    readyUrl: `http://127.0.0.1:${ping}/ping`,
    signal,
  });
  return { ...companion, url: `http://127.0.0.1:${port}`, port };
}
