import type { KubeHttpClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import { ENGINE_CONTAINER } from '../resources/pod-template.ts';
import type { LivePod } from './snapshot.ts';

/** What reads logs of the API server. */
export type LogClient = Pick<KubeHttpClient, 'podLog'>;

/** Enough for the root cause above vLLM's own traceback; what is read is searched for known words and thrown away. */
const TAIL_LINES = 400;
const LIMIT_BYTES = 128 * 1024;

/** Runs of containers whose logs are remembered. */
const MAX_REMEMBERED = 256;

/**
 * The logs of engines that ended for a reason that their termination message is too short to tell: it holds the last
 * 2,048 bytes, and an engine's processes print a traceback of their own below the cause. Each run of a container is
 * read once, and only when somebody asks.
 */
export class EngineLogs {
  readonly #client: LogClient;
  /** By run; '' when there is nothing to read. */
  readonly #logs = new Map<string, string>();

  constructor(client: LogClient) {
    this.#client = client;
  }

  /** What is known of the last ends of these pods' engines, by pod name. */
  known(pods: readonly LivePod[]): ReadonlyMap<string, string> {
    const found = pods.map((pod) => [pod.metadata.name, this.#logs.get(runOf(pod)) ?? ''] as const);
    return new Map(found.filter(([, log]) => log !== ''));
  }

  /** Reads what is not known yet; true when that brought something new. A log that cannot be read is not asked for again. */
  async read(pods: readonly LivePod[], signal: AbortSignal): Promise<boolean> {
    let news = false;
    for (const pod of pods) {
      const run = runOf(pod);
      if (this.#logs.has(run)) continue;
      const log = await this.#fetch(pod, signal);
      this.#remember(run, log);
      news ||= log !== '';
    }
    return news;
  }

  async #fetch({ metadata: { namespace = '', name }, status }: LivePod, signal: AbortSignal): Promise<string> {
    const engine = status?.containerStatuses?.find((container) => container.name === ENGINE_CONTAINER);
    const previous = engine?.state?.terminated === undefined;
    const options = { container: ENGINE_CONTAINER, previous, tailLines: TAIL_LINES, limitBytes: LIMIT_BYTES, signal };
    try {
      return await this.#client.podLog({ namespace, name }, options);
    } catch (error) {
      // A node that is away, a container that is gone, no right to read logs: the termination message has to do.
      if (error instanceof KubeError) return '';
      throw error;
    }
  }

  #remember(run: string, log: string): void {
    this.#logs.set(run, log);
    for (const oldest of this.#logs.keys()) {
      if (this.#logs.size <= MAX_REMEMBERED) break;
      this.#logs.delete(oldest);
    }
  }
}

/** One run of a pod's engine. */
function runOf({ metadata, status }: LivePod): string {
  const engine = status?.containerStatuses?.find((container) => container.name === ENGINE_CONTAINER);
  return `${metadata.uid ?? ''}/${engine?.restartCount ?? 0}`;
}
