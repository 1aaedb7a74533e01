import { afterAll, beforeAll } from '@jest/globals';
import { type Api, type Cluster, openApi } from '../../hack/cluster/index.ts';
import { OPERATOR_IMAGE } from '../../hack/image/node-images.ts';
import { ANNOTATION, type DeepSeekDeploymentStatus, LABEL } from '../../operator/api/index.ts';
import { CHART, helm, OPERATOR } from '../install/ways.ts';
import { eventually, kubectl, runKubectl } from '../support/index.ts';

/** `TRAFFIC=full`: streams of 60 to 300 s, 200 of them at once, and 50 models at rest (`make traffic-full`). */
export const FULL = process.env['TRAFFIC'] === 'full';
/** Generous: only a failing test uses it up. */
export const PATIENCE = { timeoutMs: FULL ? 900_000 : 180_000, intervalMs: 250 } as const;

/** Namespace of the operator, as it is installed. */
export const OPERATOR_NAMESPACE = OPERATOR.namespace;
export const OPERATOR_PODS = `${LABEL.appName}=deepseek-operator`;

/** A pod, as far as tests look at it. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly containerID?: string;
      readonly state: { readonly running?: { readonly startedAt: string } };
    }[];
  };
}

interface Lease {
  readonly spec: { readonly holderIdentity?: string };
}

export interface Model {
  readonly metadata: { readonly uid: string; readonly generation: number };
  readonly status?: DeepSeekDeploymentStatus;
}

/** A real node with the operator of this work tree installed on it, and what tests do to it, as people do: with kubectl. */
export class Stage {
  readonly #cluster: () => Cluster;
  #api: Api | undefined;

  constructor(cluster: () => Cluster) {
    this.#cluster = cluster;
  }

  get cluster(): Cluster {
    return this.#cluster();
  }

  /** Runs kubectl as an administrator; `input` is what it reads. Throws with what it printed. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    const signal = AbortSignal.timeout(120_000);
    return kubectl(this.cluster, 'platform-engineer', args, { signal, ...(input !== undefined && { input }) });
  }

  /** Runs Helm as the same. */
  async helm(...args: readonly string[]): Promise<string> {
    return helm(this.cluster, ...args);
  }

  /** What is waited for is read without kubectl, each start of which would be felt by what is measured. */
  async get<T>(path: string): Promise<T> {
    this.#api ??= await openApi(this.cluster, 'platform-engineer');
    const found = await this.#api.get<T>(path, AbortSignal.timeout(10_000));
    if (found === undefined) throw new Error(`${path} does not exist.`);
    return found;
  }

  async close(): Promise<void> {
    await this.#api?.close();
  }

  async apply(...objects: readonly object[]): Promise<void> {
    await this.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  }

  async pods(namespace: string, selector: string): Promise<Pod[]> {
    const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`;
    return (await this.get<{ readonly items: Pod[] }>(path)).items;
  }

  /** The chart, with the operator's image and further flags of `helm upgrade --install`; waits until the operator leads. */
  async install(image: string = OPERATOR_IMAGE, ...flags: readonly string[]): Promise<void> {
    const enforced = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await this.apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: OPERATOR_NAMESPACE, labels: enforced },
    });
    const { namespace, name } = OPERATOR;
    const [repository = '', tag = ''] = image.split(':');
    const values = `image.repository=${repository},image.tag=${tag}`;
    await this.helm('upgrade', '--install', name, CHART, '--namespace', namespace, '--set', values, ...flags);
    await this.kubectl(['rollout', 'status', '-n', namespace, `deployment/${name}`, '--timeout=110s']);
    await eventually(async () => {
      const { metadata, spec } = await this.leader();
      const runs = spec.containers[0]?.image;
      if (metadata.deletionTimestamp === undefined && runs === image) return;
      throw new Error(`${metadata.name} leads, with ${runs ?? 'no image'}, not ${image}.`);
    }, PATIENCE);
  }

  /** The pod of the operator that the Lease names. */
  async leader(): Promise<Pod> {
    const { namespace, name } = OPERATOR;
    const lease = await this.get<Lease>(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`);
    const [pod = ''] = (lease.spec.holderIdentity ?? '').split('_');
    if (pod === '') throw new Error('Nobody leads.');
    return this.get<Pod>(`/api/v1/namespaces/${namespace}/pods/${pod}`);
  }

  /** What all pods of the operator have logged. */
  async operatorLogs(): Promise<readonly { readonly pod: string; readonly time: string; readonly message: string }[]> {
    const pods = await this.pods(OPERATOR_NAMESPACE, OPERATOR_PODS);
    const logs = await Promise.all(
      pods.map(async ({ metadata: { name } }) => {
        const text = await this.kubectl(['logs', '-n', OPERATOR_NAMESPACE, name]);
        const lines = text.split('\n').filter((line) => line.startsWith('{'));
        return lines.map((line) => ({ pod: name, ...(JSON.parse(line) as { time: string; message: string }) }));
      }),
    );
    return logs.flat();
  }

  async model(namespace: string, name: string): Promise<Model> {
    return this.get<Model>(`/apis/deepseek-operator.io/v1alpha1/namespaces/${namespace}/deepseekdeployments/${name}`);
  }

  /** Applies a DeepSeekDeployment. */
  async declare(namespace: string, name: string, spec: object): Promise<void> {
    const kind = { apiVersion: 'deepseek-operator.io/v1alpha1', kind: 'DeepSeekDeployment' };
    await this.apply({ ...kind, metadata: { name, namespace }, spec });
  }

  /** Waits until the webhook refuses a DeepSeekDeployment that cannot work. Nothing is stored: one that is there already may stay. */
  async refuses(namespace: string, name: string, spec: object): Promise<void> {
    const kind = { apiVersion: 'deepseek-operator.io/v1alpha1', kind: 'DeepSeekDeployment' };
    const object = JSON.stringify({ ...kind, metadata: { name, namespace }, spec });
    const options = { input: object, signal: AbortSignal.timeout(PATIENCE.timeoutMs) };
    await eventually(async () => {
      const args = ['apply', '--dry-run=server', '-f', '-'];
      const { complaint } = await runKubectl(this.cluster, 'platform-engineer', args, options);
      if (!complaint.includes('denied the request')) throw new Error(`${name} is not refused: ${complaint}`);
    }, PATIENCE);
  }

  /** Waits for what the status is to say, and returns it. */
  async until(
    namespace: string,
    name: string,
    what: string,
    holds: (status: DeepSeekDeploymentStatus, model: Model) => boolean,
  ): Promise<DeepSeekDeploymentStatus> {
    return eventually(async () => {
      const model = await this.model(namespace, name);
      const { status } = model;
      if (status !== undefined && holds(status, model)) return status;
      throw new Error(`${name} is not ${what}: ${JSON.stringify({ ...status, plan: undefined }, null, 1)}`);
    }, PATIENCE);
  }

  /** Waits until what is declared serves, and the rollout that brought it has ended. Returns the revision. */
  async ready(namespace: string, name: string, otherThan?: string): Promise<string> {
    const status = await this.until(namespace, name, 'Ready', (current, { metadata }) => {
      const ready = current.conditions?.find(({ type }) => type === 'Ready');
      const idle = current.rollout === undefined || current.rollout.phase === 'Idle';
      const fresh = current.observedGeneration === metadata.generation && current.serving?.revision !== otherThan;
      return idle && fresh && current.serving !== undefined && ready?.status === 'True';
    });
    return status.serving?.revision ?? '';
  }

  /** Writes an order, as `kubectl deepseek` does; `revision` is what it is about: of a rollback, where to. */
  async order(namespace: string, name: string, verb: string, revision: string): Promise<void> {
    const { metadata } = await this.model(namespace, name);
    const order = `${ANNOTATION.order}=${verb}/${revision}/${metadata.uid}/${crypto.randomUUID().slice(0, 8)}`;
    await this.kubectl(['annotate', 'dsd', '-n', namespace, name, '--overwrite', order]);
  }

  /** Where the model's Service answers on this machine, in the network of the cluster. */
  async url(namespace: string, name: string): Promise<string> {
    const path = '{.spec.ports[0].nodePort}';
    const port = await this.kubectl(['get', 'service', '-n', namespace, name, '-o', `jsonpath=${path}`]);
    const url = `http://127.0.0.1:${port.trim()}`;
    // A new Service is known to the API server before kube-proxy has written its rules.
    await eventually(async () => {
      const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
      if (!response.ok) throw new Error(`${url}/health answers ${response.status}`);
    }, PATIENCE);
    return url;
  }
}

/** Gives the tests of a file a real node with the operator on it; `flags` are those of its installation. */
export function testStage(cluster: () => Cluster, flags: () => readonly string[] = () => []): Stage {
  const stage = new Stage(cluster);
  beforeAll(async () => stage.install(OPERATOR_IMAGE, ...flags()), PATIENCE.timeoutMs * 2);
  afterAll(() => stage.close());
  return stage;
}

/** What an engine on a machine of two cores needs, where the simulator plays it. */
export const SMALL = {
  model: { name: 'deepseek-r1-distill-qwen-7b', maxModelLen: 8192 },
  accelerator: { type: 'A100-80GB' },
  resources: { cpu: '20m', memory: '256Mi', sharedMemory: '16Mi' },
  traffic: { service: { type: 'NodePort' } },
} as const;
