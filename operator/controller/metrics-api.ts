import type { KubeHttpClient } from '../kube/client.ts';
import { isForbidden, isNotFound } from '../kube/errors.ts';
import type { Clock } from '../kube/types.ts';
import type { ServedMetrics } from '../autoscaling/index.ts';

/** What asks the API server which resources a group has. */
export type DiscoveryClient = Pick<KubeHttpClient, 'apiResources'>;

/** How long an answer is good for: an adapter looks for new series every few minutes. */
const FRESH_MS = 30_000;

/** What the cluster's metrics APIs serve: asked only while an autoscaler lacks its metrics. */
export class MetricsApiReader {
  readonly #options: { readonly client: DiscoveryClient; readonly clock: Pick<Clock, 'monotonic'> };
  #known: { readonly at: number; readonly served: ServedMetrics } | undefined;

  constructor(options: { readonly client: DiscoveryClient; readonly clock: Pick<Clock, 'monotonic'> }) {
    this.#options = options;
  }

  /** Undefined: it cannot be told now (the adapter does not answer, or the operator may not ask). Throws when `signal` aborts. */
  async read(signal: AbortSignal): Promise<ServedMetrics | undefined> {
    const now = this.#options.clock.monotonic();
    if (this.#known !== undefined && now - this.#known.at < FRESH_MS) return this.#known.served;
    try {
      const served = {
        custom: await this.#ask('custom.metrics.k8s.io', ['v1beta2', 'v1beta1'], signal),
        external: await this.#ask('external.metrics.k8s.io', ['v1beta1'], signal),
      };
      this.#known = { at: now, served };
      return served;
    } catch (error) {
      if (signal.aborted) throw error;
      return undefined;
    }
  }

  async #ask(group: string, versions: readonly string[], signal: AbortSignal): Promise<readonly string[] | undefined> {
    for (const version of versions) {
      try {
        return await this.#options.client.apiResources(group, version, { signal });
      } catch (error) {
        if (isForbidden(error) || !isNotFound(error)) throw error;
      }
    }
    return undefined;
  }
}
