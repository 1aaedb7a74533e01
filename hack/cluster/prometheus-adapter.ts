import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Api, openApi } from './api.ts';
import { findTool } from './binaries.ts';
import { type Companion, startCompanion } from './companion.ts';
import { ClusterError } from './errors.ts';
import { quoteLog } from './logs.ts';
import { freePort } from './ports.ts';
import type { Cluster } from './types.ts';
import { waitFor } from './wait.ts';

/** Where a metrics adapter is asked: the API server has one of each at most. */
export const METRICS_APIS = [
  'v1beta1.custom.metrics.k8s.io',
  'v1beta2.custom.metrics.k8s.io',
  'v1beta1.external.metrics.k8s.io',
] as const;

const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
/** Also where the APIServices look for their Service. */
const NAMESPACE = 'prometheus-adapter';
const SERVICE = `/api/v1/namespaces/${NAMESPACE}/services`;
/** How long the aggregation layer may take to find an adapter that runs; it asks every half minute when it has failed. */
const AVAILABLE_TIMEOUT_MS = 90_000;

export interface PrometheusAdapterOptions {
  /** The content of its configuration file: `rules`, `externalRules`. */
  readonly config: object;
  /** `http://127.0.0.1:port` of the Prometheus that it asks. */
  readonly prometheusUrl: string;
  /** How often it looks which series there are, seconds. Default 1; the adapter's own is 600. */
  readonly relistSeconds?: number;
  /** Where it listens; default: a free port. Another adapter on the port of one that is gone takes its place at once. */
  readonly port?: number;
  readonly onProgress?: (line: string) => void;
  /** Aborts the build and the start. */
  readonly signal: AbortSignal;
}

/** A prometheus-adapter, aggregated into the cluster's API server. */
export interface PrometheusAdapterServer extends Companion {
  readonly port: number;
  /** Kills it and leaves the APIServices: what a cluster looks like whose adapter is down. */
  kill(): Promise<void>;
}

/**
 * Starts a prometheus-adapter beside a cluster, registers it for custom.metrics.k8s.io and external.metrics.k8s.io, and waits
 * until the API server says that both are available; it is built first where that has not been done (minutes). A cluster has
 * one at a time: suites on a shared cluster that use one do not run side by side. `stop` takes the APIServices away too.
 */
export async function startPrometheusAdapter(
  cluster: Pick<Cluster, 'dir' | 'kubeconfig'>,
  options: PrometheusAdapterOptions,
): Promise<PrometheusAdapterServer> {
  const { config, prometheusUrl, relistSeconds = 1, signal } = options;
  const command = await findTool('prometheus-adapter', options);
  const port = options.port ?? (await freePort());
  const kubeconfig = await cluster.kubeconfig('prometheus-adapter');
  const companion = await startCompanion(cluster, {
    name: 'prometheus-adapter',
    command,
    args: async (dir) => {
      await writeFile(join(dir, 'config.yaml'), JSON.stringify(config, null, 2)); // JSON is YAML.
      return [
        `--config=${join(dir, 'config.yaml')}`,
        `--prometheus-url=${prometheusUrl}`,
        `--metrics-relist-interval=${relistSeconds}s`,
        // Of series that ended longer ago it says nothing; it may not be less than the interval above.
        `--metrics-max-age=${Math.max(30, relistSeconds)}s`,
        '--bind-address=127.0.0.1',
        `--secure-port=${port}`,
        `--cert-dir=${join(dir, 'certificates')}`,
        ...['lister', 'authentication', 'authorization'].map((use) => `--${use}-kubeconfig=${kubeconfig}`),
      ];
    },
    signal,
  });
  const api = await openApi(cluster, 'prometheus-adapter-installer');
  const stop = async (): Promise<void> => {
    const limit = AbortSignal.timeout(30_000);
    const remover = await openApi(cluster, 'prometheus-adapter-installer');
    try {
      for (const name of METRICS_APIS) await remover.delete(`${API_SERVICES}/${name}`, limit);
      await remover.delete(`${SERVICE}/${NAMESPACE}`, limit);
    } finally {
      await remover.close();
      await companion.stop();
    }
  };
  try {
    await register(api, port, signal);
    await waitFor(async () => ((await unavailable(api, signal)).length === 0 ? true : undefined), {
      what: 'the metrics APIs to be available',
      timeoutMs: AVAILABLE_TIMEOUT_MS,
      signal,
      details: () => quoteLog(companion.logFile),
    });
  } catch (error) {
    await stop();
    throw error;
  } finally {
    await api.close();
  }
  return { ...companion, port, kill: () => companion.stop(), stop, [Symbol.asyncDispose]: stop };
}

/** Without aggregator routing the API server asks the address of a Service: for ExternalName its name, on the APIService's port. */
async function register(api: Api, port: number, signal: AbortSignal): Promise<void> {
  const namespace = `/api/v1/namespaces/${NAMESPACE}`;
  if ((await api.get(namespace, signal)) === undefined)
    await api.post(
      '/api/v1/namespaces',
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      signal,
    );
  await put(
    api,
    SERVICE,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAMESPACE, namespace: NAMESPACE },
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
    },
    signal,
  );
  for (const name of METRICS_APIS) {
    const [version = '', ...group] = name.split('.');
    await put(
      api,
      API_SERVICES,
      {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name },
        spec: {
          group: group.join('.'),
          version,
          groupPriorityMinimum: 100,
          versionPriority: version === 'v1beta2' ? 200 : 100,
          insecureSkipTLSVerify: true, // Its certificate is one that it has made itself.
          service: { name: NAMESPACE, namespace: NAMESPACE, port },
        },
      },
      signal,
    );
  }
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: object;
}

async function put(api: Api, collection: string, object: Manifest, signal: AbortSignal): Promise<void> {
  const path = `${collection}/${object.metadata.name}`;
  if ((await api.get(path, signal)) === undefined) await api.post(collection, object, signal);
  else await api.mergePatch(path, { spec: object.spec }, signal);
}

interface LiveApiService {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

/** The metrics APIs that the API server does not reach, with why. */
async function unavailable(api: Api, signal: AbortSignal): Promise<readonly string[]> {
  const states = await Promise.all(
    METRICS_APIS.map(async (name) => {
      const live = await api.get<LiveApiService>(`${API_SERVICES}/${name}`, signal);
      if (live === undefined) throw new ClusterError('NOT_READY', `The APIService ${name} is gone.`);
      const condition = live.status?.conditions?.find(({ type }) => type === 'Available');
      return condition?.status === 'True' ? undefined : `${name}: ${condition?.message ?? 'not asked yet'}`;
    }),
  );
  return states.filter((state) => state !== undefined);
}
