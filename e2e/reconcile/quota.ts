import type { IResourceQuota } from 'kubernetes-models/v1/ResourceQuota';
import { namespaced, type Live } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import { eventually } from '../support/eventually.ts';

type ResourceQuota = Live<IResourceQuota>;

const QUOTAS = namespaced<ResourceQuota>('', 'v1', 'ResourceQuota', 'resourcequotas');
const GPUS = 'requests.nvidia.com/gpu';
const NAME = 'gpus';
const PATIENCE = { timeoutMs: 60_000 } as const;

/** A ResourceQuota on the GPUs of a namespace. */
export class Quota {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #signal: AbortSignal;

  constructor(client: KubeClient, namespace: string, signal: AbortSignal) {
    this.#client = client;
    this.#namespace = namespace;
    this.#signal = signal;
  }

  /** Allows so many GPUs; resolves when the quota is enforced, which it is once its usage has been counted. */
  async set(gpus: number): Promise<void> {
    const object = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: NAME, namespace: this.#namespace },
      spec: { hard: { [GPUS]: String(gpus) } },
    };
    await this.#client.apply(QUOTAS, object, { fieldManager: 'test', force: true, signal: this.#signal });
    await eventually(async () => {
      const { status } = await this.#get();
      const [hard, used] = [status?.hard?.[GPUS], status?.used?.[GPUS]];
      if (hard !== String(gpus) || used === undefined) throw new Error(`the quota allows ${String(hard)}, not ${gpus}`);
    }, PATIENCE);
  }

  /** GPUs that it counts as used: of pods that exist, bound or not. */
  async used(): Promise<number> {
    return Number((await this.#get()).status?.used?.[GPUS] ?? 0);
  }

  async remove(): Promise<void> {
    await this.#client.delete(QUOTAS, { namespace: this.#namespace, name: NAME }, { signal: this.#signal });
  }

  #get(): Promise<ResourceQuota> {
    return this.#client.get(QUOTAS, { namespace: this.#namespace, name: NAME }, { signal: this.#signal });
  }
}
