import { afterEach, beforeAll, beforeEach } from '@jest/globals';
import { type Cluster, findTool } from '../../hack/cluster/index.ts';
import { API_VERSION, KIND, LABEL } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { resources } from '../../operator/kube/resources.ts';
import { Transport } from '../../operator/kube/transport.ts';
import { type Owner, revisionSelector, revisionService } from '../../operator/resources/index.ts';
import { installCrd } from '../reconcile/install.ts';
import { type Simulator, startSimulator } from '../simulator/index.ts';
import { eventually, testNamespace } from '../support/index.ts';
import { Clients } from './clients.ts';
import { PATIENCE, startGateway, type TestGateway } from './gateway.ts';

/** Port of vLLM's container, at which the gateway finds it. */
export const ENGINE_PORT = 8000;
const START_MS = 90_000;
/** The first time Traefik is compiled. */
const BUILD_MS = 25 * 60_000;

/** A namespace with a gateway, engines behind it, and users before it; no operator. */
export interface GatewayBench {
  readonly namespace: string;
  readonly client: KubeHttpClient;
  readonly gateway: TestGateway;
  readonly simulator: Simulator;
  readonly clients: Clients;
  /** Creates a DeepSeekDeployment that nobody reconciles, as the owner of what `serve` and the test make. */
  readonly own: (traffic: object) => Promise<Owner>;
  /** A revision's Service and so many pods of it; resolves when the Service lists all as ready. */
  readonly serve: (owner: Owner, revision: string, pods: number) => Promise<void>;
  /** Generation requests that the engines of a revision have been sent since they started. */
  readonly requestsOf: (revision: string) => Promise<number>;
}

/** The name of every DeepSeekDeployment of a bench, and of the model that it serves. */
export const MODEL = 'chat';

/** Gives each test of a file its bench. For files `*.gateway.test.ts`. */
export function gatewayBench(cluster: () => Cluster): () => GatewayBench {
  const namespace = testNamespace(cluster);
  let open: { readonly bench: GatewayBench; close(): Promise<void> } | undefined;
  beforeAll(async () => {
    await findTool('traefik', { signal: AbortSignal.timeout(BUILD_MS) });
    await installCrd(cluster());
  }, BUILD_MS);
  beforeEach(async () => {
    open = await openBench(cluster(), namespace());
  }, START_MS + 5_000);
  afterEach(async () => {
    await open?.close();
    open = undefined;
  }, 60_000);
  return () => {
    if (!open) throw new Error('The bench exists only while a test runs.');
    return open.bench;
  };
}

async function openBench(cluster: Cluster, namespace: string) {
  const signal = AbortSignal.timeout(START_MS);
  const kubeconfig = await cluster.kubeconfig('gateway-test');
  const transport = new Transport({
    credentials: await loadCredentials({ clock: systemClock, kubeconfig }),
    clock: systemClock,
    userAgent: 'gateway-test',
  });
  const client = new KubeHttpClient(transport);
  const simulator = await startSimulator({
    kubeconfig: await cluster.kubeconfig(`simulator-${namespace}`),
    namespaces: [namespace],
    timeScale: 0.001,
    listenOn: 'PodAddress',
    enginePort: ENGINE_PORT,
    signal,
  });
  const gateway = await startGateway({ cluster, namespace, client, signal });
  const clients = new Clients({ url: gateway.url, model: MODEL });
  const bench: GatewayBench = {
    namespace,
    client,
    gateway,
    simulator,
    clients,
    own: async (traffic) => {
      const spec = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, traffic };
      const object = { apiVersion: API_VERSION, kind: KIND, metadata: { name: MODEL, namespace }, spec };
      return (await client.create(DEEPSEEK_DEPLOYMENTS, object, { signal: limit() })) as unknown as Owner;
    },
    serve: async (owner, revision, pods) => {
      await client.create(resources.services, revisionService(owner, revision), { signal: limit() });
      for (let pod = 0; pod < pods; pod++)
        await client.create(resources.pods, enginePod(namespace, revision, pod), { signal: limit() });
      await eventually(async () => {
        const ready = await readyEndpoints(client, namespace, revision);
        if (ready !== pods) throw new Error(`${ready} of ${pods} pods of ${revision} are ready`);
      }, PATIENCE);
    },
    requestsOf: async (revision) => {
      const records = await simulator.control.pods();
      return records
        .filter(({ labels }) => labels[LABEL.revision] === revision)
        .reduce((sum, { requests }) => sum + requests.total, 0);
    },
  };
  const close = async (): Promise<void> => {
    await clients[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await simulator.stop();
    await transport.close();
  };
  return { bench, close };
}

const limit = (): AbortSignal => AbortSignal.timeout(30_000);

async function readyEndpoints(client: KubeHttpClient, namespace: string, revision: string): Promise<number> {
  const labelSelector = `kubernetes.io/service-name=${MODEL}-${revision}`;
  const { items } = await client.list(resources.endpointSlices, { namespace, labelSelector, signal: limit() });
  return items.flatMap(({ endpoints = [] }) => endpoints).filter(({ conditions }) => conditions?.ready === true).length;
}

/** A vLLM pod that the simulator plays. */
function enginePod(namespace: string, revision: string, index: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${MODEL}-${revision}-${index}`, namespace, labels: revisionSelector(MODEL, revision) },
    spec: {
      containers: [
        {
          name: 'engine',
          image: 'vllm/vllm-openai:v0.32.0',
          command: ['vllm', 'serve'],
          args: ['org/m', '--served-model-name', MODEL],
          ports: [{ name: 'http', containerPort: ENGINE_PORT }],
          resources: { limits: { 'nvidia.com/gpu': '1' } },
          startupProbe: { httpGet: { path: '/health', port: ENGINE_PORT }, periodSeconds: 10, failureThreshold: 30 },
        },
      ],
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      terminationGracePeriodSeconds: 1,
    },
  };
}
