import { API_VERSION, KIND } from '../../operator/api/names.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { Transport } from '../../operator/kube/transport.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import type { Cluster } from '../cluster/index.ts';
import { waitFor } from '../cluster/wait.ts';
import { type LiveModel, MODELS } from '../demo/manifests.ts';

/** The benchmarks' own requests in the audit log. */
export const BENCH_USER = 'bench';

/** A small model on one GPU. */
export const MODEL_SPEC = { model: { name: 'deepseek-r1-distill-qwen-1.5b' }, accelerator: { type: 'A100-80GB' } };

/** Creations under way at the same time: enough to be a flood, few enough not to measure TLS handshakes. */
const CREATORS = 16;
const READY_TIMEOUT_MS = 2_400_000;

/** A client with a certificate and a connection pool of its own. */
export async function connect(cluster: Cluster, user = BENCH_USER): Promise<KubeHttpClient> {
  const credentials = await loadCredentials({ clock: systemClock, kubeconfig: await cluster.kubeconfig(user) });
  return new KubeHttpClient(new Transport({ credentials, clock: systemClock, userAgent: user }));
}

/** A DeepSeekDeployment to create. */
export function model(namespace: string, name: string, spec: object = {}): object {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { namespace, name }, spec: { ...MODEL_SPEC, ...spec } };
}

/** Creates one. */
export function createModel(
  client: KubeClient,
  { namespace, name, spec, signal }: { namespace: string; name: string; spec: object; signal: AbortSignal },
): Promise<LiveModel> {
  return client.create(MODELS, model(namespace, name, spec), { signal });
}

export interface CreateModelsOptions {
  readonly namespace: string;
  readonly count: number;
  readonly spec?: object;
  /** Called with each as it has been created. */
  readonly onCreated?: (created: LiveModel) => void;
  readonly signal: AbortSignal;
}

/** Creates `count` models as fast as the server takes them. */
export async function createModels(client: KubeClient, options: CreateModelsOptions): Promise<void> {
  const { namespace, count, spec, onCreated, signal } = options;
  const names = Array.from({ length: count }, (_, index) => `model-${String(index).padStart(4, '0')}`).values();
  const create = async (): Promise<void> => {
    for (const name of names) {
      const created = await createModel(client, { namespace, name, spec: spec ?? {}, signal });
      onCreated?.(created);
    }
  };
  await Promise.all(Array.from({ length: CREATORS }, create));
}

/** Waits until `count` models of a namespace are Ready. */
export async function waitUntilReady(
  client: KubeClient,
  namespace: string,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  let ready: LiveModel[] = [];
  await waitFor(
    async () => {
      ready = (await client.list(MODELS, { namespace, signal })).items.filter(isReady);
      return ready.length >= count ? true : undefined;
    },
    {
      what: `${count} models to be Ready`,
      timeoutMs: READY_TIMEOUT_MS,
      intervalMs: 1_000,
      signal,
      details: () => `${ready.length} are.`,
    },
  );
}

function isReady({ metadata, status }: LiveModel): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready');
  return condition?.status === 'True' && condition.observedGeneration === metadata.generation;
}
