import type { KubeHttpClient } from '../kube/client.ts';
import { isNotFound, TimeoutError } from '../kube/errors.ts';
import { limitSignal } from '../kube/limited-signal.ts';
import type { Clock } from '../kube/types.ts';
import type { ServedMetrics } from '../autoscaling/index.ts';

/** What asks the API server which resources a group has. */
export type DiscoveryClient = Pick<KubeHttpClient, 'apiResources'>;

/** How long an answer is good for, and none as well: an adapter looks for new series every few minutes. */
const FRESH_MS = 30_000;

/** How long a pass waits for all answers: they only make a message clearer. */
const LIMIT_MS = 2_000;

export interface MetricsApiReaderOptions {
  readonly client: DiscoveryClient;
  readonly clock: Pick<Clock, 'monotonic' | 'setTimeout'>;
}

/** What the cluster's metrics APIs serve: asked only while an autoscaler lacks its metrics. */
export class MetricsApiReader {
  readonly #options: MetricsApiReaderOptions;
  #known: { readonly at: number; readonly served: ServedMetrics | undefined } | undefined;

  constructor(options: MetricsApiReaderOptions) {
    this.#options = options;
  }

  /** Undefined: it cannot be told now (the adapter does not answer, or the operator may not ask). Throws when `signal` aborts. */
  async read(signal: AbortSignal): Promise<ServedMetrics | undefined> {
    const { clock } = this.#options;
    if (this.#known !== undefined && clock.monotonic() - this.#known.at < FRESH_MS) return this.#known.served;
    const limit = limitSignal(signal, clock, LIMIT_MS, () => new TimeoutError(`no answer within ${LIMIT_MS} ms`));
    let served: ServedMetrics | undefined;
    try {
      served = {
        custom: await this.#ask('custom.metrics.k8s.io', ['v1beta2', 'v1beta1'], limit.signal),
        external: await this.#ask('external.metrics.k8s.io', ['v1beta1'], limit.signal),
      };
    } catch (error) {
      if (signal.aborted) throw error;
    } finally {
      limit.release();
    }
    this.#known = { at: clock.monotonic(), served };
    return served;
  }

  async #ask(group: string, versions: readonly string[], signal: AbortSignal): Promise<readonly string[] | undefined> {
    for (const version of versions) {
      try {
        return await this.#options.client.apiResources(group, version, { signal, retry: false });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    return undefined;
  }
}
