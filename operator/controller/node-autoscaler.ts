import { isForbidden, isNotFound } from '../kube/errors.ts';
import { clusterScoped, resources } from '../kube/resources.ts';
import type { Clock, KubeClient } from '../kube/types.ts';
import type { CapacityReading } from '../rollout/capacity/index.ts';

export type NodeAutoscaler = NonNullable<CapacityReading['autoscaler']>;

export interface NodeAutoscalerReaderOptions {
  readonly client: Pick<KubeClient, 'get' | 'list'>;
  readonly clock: Clock;
}

/** Clusters get and lose their autoscaler when people install them. */
const USED_FOR_MS = 300_000;

/** Where cluster-autoscaler writes what it does: once in each of its loops, every 10 s by default. */
const STATUS = { namespace: 'kube-system', name: 'cluster-autoscaler-status' } as const;
const LAST_UPDATED = 'cluster-autoscaler.kubernetes.io/last-updated';
/** Longer ago than this it has stopped, and buys nothing. */
const RECENT_MS = 600_000;

const NODE_POOLS = clusterScoped('karpenter.sh', 'v1', 'NodePool', 'nodepools');

/** What can buy nodes in this cluster, as far as it shows. It is asked when a rollout needs to know. */
export class NodeAutoscalerReader {
  readonly #client: NodeAutoscalerReaderOptions['client'];
  readonly #clock: Clock;
  #known: { readonly at: number; readonly found: NodeAutoscaler | undefined } | undefined;

  constructor({ client, clock }: NodeAutoscalerReaderOptions) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Undefined: nothing that we know, or that the operator may see. Throws when the server cannot be asked. */
  async read(signal: AbortSignal): Promise<NodeAutoscaler | undefined> {
    const now = this.#clock.monotonic();
    if (this.#known === undefined || now - this.#known.at >= USED_FOR_MS) {
      const [clusterAutoscaler, karpenter] = await Promise.all([
        this.#isClusterAutoscalerAlive(signal),
        this.#hasNodePools(signal),
      ]);
      this.#known = { at: now, found: clusterAutoscaler ? 'cluster-autoscaler' : karpenter ? 'Karpenter' : undefined };
    }
    return this.#known.found;
  }

  async #isClusterAutoscalerAlive(signal: AbortSignal): Promise<boolean> {
    const status = await whereAllowed(this.#client.get(resources.configMaps, STATUS, { signal }));
    const updated = goTime(status?.metadata.annotations?.[LAST_UPDATED]);
    return Math.abs(this.#clock.now() - updated) < RECENT_MS;
  }

  async #hasNodePools(signal: AbortSignal): Promise<boolean> {
    const pools = await whereAllowed(this.#client.list(NODE_POOLS, { signal }));
    return (pools?.items.length ?? 0) > 0;
  }
}

/** Milliseconds since the epoch of `2026-01-01 00:00:00.123456789 +0000 UTC`; NaN when it is not in this form. */
function goTime(text = ''): number {
  const [, date = '', time = '', zone = ''] = /^(\S+) ([\d:]+)(?:\.\d+)? ([+-]\d{4})\b/.exec(text) ?? [];
  return Date.parse(`${date}T${time}${zone.slice(0, 3)}:${zone.slice(3)}`);
}

/** What is asked for; undefined when there is no such thing, or it may not be seen. */
async function whereAllowed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error) || isForbidden(error)) return undefined;
    throw error;
  }
}
