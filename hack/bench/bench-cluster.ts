import { fileURLToPath } from 'node:url';
import type { KubeHttpClient } from '../../operator/kube/client.ts';
import { startCluster, type Cluster, type Profile } from '../cluster/index.ts';
import { installDefinitions } from '../demo/manifests.ts';
import { startSimulator } from '../../e2e/simulator/index.ts';
import type { BenchContext } from './figure.ts';
import { connect } from './models.ts';

const DEFINITIONS = fileURLToPath(new URL('../../crds', import.meta.url));
const NODES = {
  regular: fileURLToPath(new URL('nodes.yaml', import.meta.url)),
  dense: fileURLToPath(new URL('nodes-dense.yaml', import.meta.url)),
};

/** Far above what is asked of them: Kubernetes' defaults (20 requests per second) would be what is measured. */
const CLIENT_LIMITS = { qps: 2_000, burst: 4_000 };
/** Models load within a second or two: loading is not what is measured. */
const TIME_SCALE = 0.01;

/** A cluster with the CRD, in which simulated engines become ready at once. */
export interface BenchCluster extends AsyncDisposable {
  readonly cluster: Cluster;
  /** For the benchmark's own requests. */
  readonly client: KubeHttpClient;
  /** Where the simulator plays the pods; absent without one. */
  readonly enginePort?: number;
}

/** `nodes`: regular for some hundred GPUs, dense for thousands. */
export async function startBenchCluster(
  profile: Profile,
  { signal, log }: Pick<BenchContext, 'signal' | 'log'>,
  nodes: keyof typeof NODES = 'regular',
): Promise<BenchCluster> {
  const stack = new AsyncDisposableStack();
  try {
    log(`starting a cluster (${profile})`);
    const cluster = stack.use(
      await startCluster({
        profile,
        clientLimits: CLIENT_LIMITS,
        ...(profile === 'simulated' && { nodes: NODES[nodes] }),
        signal,
      }),
    );
    let enginePort: number | undefined;
    if (profile === 'simulated') {
      const kubeconfig = await cluster.kubeconfig('engine-simulator');
      ({ enginePort } = stack.use(await startSimulator({ kubeconfig, timeScale: TIME_SCALE, signal })));
    }
    const client = await connect(cluster);
    await installDefinitions(client, DEFINITIONS, signal);
    const owned = stack.move();
    return {
      cluster,
      client,
      ...(enginePort !== undefined && { enginePort }),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } finally {
    await stack.disposeAsync();
  }
}
