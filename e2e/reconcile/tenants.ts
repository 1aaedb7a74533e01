import { LABEL } from '../../operator/api/index.ts';
import { resources, type Pod } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import { eventually } from '../support/eventually.ts';

/** Long enough for a busy machine; only a failing test uses it up. */
const PATIENCE = { timeoutMs: 60_000 } as const;

/** Pods whose GPUs are spoken for: bound to a node and not over. */
export function holdsGpus({ spec, status }: Pod): boolean {
  return spec?.nodeName !== undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** GPUs (whole ones or slices) that a pod is limited to. */
export function gpusOf({ spec }: Pod): number {
  const amounts = (spec?.containers ?? []).flatMap(({ resources: { limits } = {} }) => Object.entries(limits ?? {}));
  return amounts
    .filter(([name]) => /\.com\/(gpu|mig-.+)$/.test(name))
    .reduce((sum, [, amount]) => sum + Number(amount), 0);
}

export interface TenantOptions {
  readonly name?: string;
  /** Where its pods run: a node by its name, or nodes by their labels (of `bench.pool()`). */
  readonly on: string | Readonly<Record<string, string>>;
  /** Of each pod. */
  readonly gpus: number;
  /** Pods; what has no room waits, and takes GPUs the moment they are freed. */
  readonly count: number;
  /** Of its PriorityClass, which comes and goes with it; default: none. */
  readonly priority?: number;
  /** Seconds that its pods take to end; default 0. */
  readonly gracePeriodSeconds?: number;
}

/** Somebody else's GPU pods: a Deployment in another namespace than the test's. */
export class Tenant {
  readonly name: string;
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #signal: AbortSignal;

  private constructor(client: KubeClient, namespace: string, name: string, signal: AbortSignal) {
    this.#client = client;
    this.#namespace = namespace;
    this.name = name;
    this.#signal = signal;
  }

  static async start(
    client: KubeClient,
    namespace: string,
    { on, gpus, count, priority, ...options }: TenantOptions & { readonly name: string },
    signal: AbortSignal,
  ): Promise<Tenant> {
    const { name } = options;
    const priorityClassName = priorityClassOf(namespace, name);
    if (priority !== undefined) {
      const object = {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: priorityClassName },
      };
      await client.create(resources.priorityClasses, { ...object, value: priority }, { signal });
    }
    const labels = { tenant: name };
    const nodeSelector = typeof on === 'string' ? { 'kubernetes.io/hostname': on } : on;
    const container = { name: 'work', image: 'registry.example/tenant:1' };
    await client.create(
      resources.deployments,
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name, namespace, labels },
        spec: {
          replicas: count,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              containers: [{ ...container, resources: { limits: { 'nvidia.com/gpu': String(gpus) } } }],
              nodeSelector,
              tolerations: [{ operator: 'Exists' }],
              terminationGracePeriodSeconds: options.gracePeriodSeconds ?? 0,
              ...(priority !== undefined && { priorityClassName }),
            },
          },
        },
      },
      { signal },
    );
    return new Tenant(client, namespace, name, signal);
  }

  /** GPUs that its pods hold now. */
  async held(): Promise<number> {
    return (await this.#pods()).filter(holdsGpus).reduce((sum, pod) => sum + gpusOf(pod), 0);
  }

  /** Waits until its pods hold so many GPUs. */
  holds(gpus: number): Promise<void> {
    return eventually(async () => {
      const held = await this.held();
      if (held !== gpus) throw new Error(`${this.name} holds ${held} GPUs, not ${gpus}`);
    }, PATIENCE);
  }

  /** Waits until each of its pods runs or has been refused by the scheduler. */
  settled(): Promise<void> {
    return eventually(async () => {
      const { spec } = await this.#client.get(
        resources.deployments,
        { namespace: this.#namespace, name: this.name },
        { signal: this.#signal },
      );
      const pods = await this.#pods();
      const decided = pods.filter(({ status }) => status?.conditions?.some(({ type }) => type === 'PodScheduled'));
      if (pods.length !== spec?.replicas || decided.length !== pods.length)
        throw new Error(`${decided.length} of ${pods.length} pods of ${this.name} are scheduled or refused`);
    }, PATIENCE);
  }

  async scale(count: number): Promise<void> {
    const { name } = this;
    const ref = { namespace: this.#namespace, name };
    const signal = this.#signal;
    await this.#client.patch(resources.deployments, ref, { spec: { replicas: count } }, { type: 'merge', signal });
  }

  /** Gives all its GPUs back; resolves when they are free. */
  async leave(): Promise<void> {
    await this.scale(0);
    await eventually(async () => {
      const left = (await this.#pods()).length;
      if (left > 0) throw new Error(`${left} pods of ${this.name} are still there`);
    }, PATIENCE);
  }

  async #pods(): Promise<readonly Pod[]> {
    const options = { namespace: this.#namespace, labelSelector: `tenant=${this.name}`, signal: this.#signal };
    return (await this.#client.list(resources.pods, options)).items;
  }
}

/** Revision that a pod belongs to, if it is an engine of ours. */
export function revisionOf({ metadata }: Pick<Pod, 'metadata'>): string | undefined {
  return metadata.labels?.[LABEL.revision];
}

/** The namespace of a test's tenants: made with the first one, and gone, by force, with the test. */
export class OtherPeople {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #priorityClasses: string[] = [];
  #exists: Promise<unknown> | undefined;

  constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  async tenant(options: TenantOptions, signal: AbortSignal): Promise<Tenant> {
    const metadata = { name: this.#namespace };
    this.#exists ??= this.#client.create(
      resources.namespaces,
      { apiVersion: 'v1', kind: 'Namespace', metadata },
      { signal },
    );
    await this.#exists;
    const name = options.name ?? `tenant-${crypto.randomUUID().slice(0, 8)}`;
    if (options.priority !== undefined) this.#priorityClasses.push(priorityClassOf(this.#namespace, name));
    const tenant = await Tenant.start(this.#client, this.#namespace, { ...options, name }, signal);
    await tenant.settled();
    return tenant;
  }

  async leave(signal: AbortSignal): Promise<void> {
    if (this.#exists === undefined) return;
    const client = this.#client;
    for (const name of this.#priorityClasses) await client.delete(resources.priorityClasses, { name }, { signal });
    await client.delete(resources.namespaces, { name: this.#namespace }, { signal });
    await eventually(
      async () => {
        const left = (await client.list(resources.pods, { namespace: this.#namespace, signal })).items.length;
        if (left > 0) throw new Error(`${left} pods of ${this.#namespace} are still there`);
      },
      { ...PATIENCE, signal },
    );
  }
}

function priorityClassOf(namespace: string, name: string): string {
  return `${namespace}-${name}`;
}
