import type { KubeHttpClient, ServerVersion } from '../kube/client.ts';
import { isForbidden, isNotFound, TimeoutError } from '../kube/errors.ts';
import { limitSignal } from '../kube/limited-signal.ts';
import type { Clock } from '../kube/types.ts';

/** What asks the API server for its version. */
export type VersionClient = Pick<KubeHttpClient, 'serverVersion'>;

/** How long an answer is good for, and none as well: clusters are upgraded under a running operator. */
export const VERSION_FRESH_MS = 600_000;

/** How long a newer answer is waited for while there is an older one. */
const LIMIT_MS = 2_000;

export interface ServerVersionReaderOptions {
  readonly client: VersionClient;
  readonly clock: Pick<Clock, 'monotonic' | 'setTimeout'>;
}

/** The version of the API server: asked for when somebody needs it, and once in ten minutes at most. */
export class ServerVersionReader {
  readonly #options: ServerVersionReaderOptions;
  #answer: { readonly version: ServerVersion | undefined } | undefined;
  #askedAt = 0;

  constructor(options: ServerVersionReaderOptions) {
    this.#options = options;
  }

  /** Undefined when the server does not tell. Throws when it has never answered: that is asked again. */
  async read(signal: AbortSignal): Promise<ServerVersion | undefined> {
    const { clock } = this.#options;
    const before = this.#answer;
    if (before !== undefined && clock.monotonic() - this.#askedAt < VERSION_FRESH_MS) return before.version;
    // Whoever needs it meanwhile takes the older answer.
    this.#askedAt = clock.monotonic();
    if (before === undefined) this.#answer = { version: await this.#ask(signal) };
    else {
      const limit = limitSignal(signal, clock, LIMIT_MS, () => new TimeoutError(`no answer within ${LIMIT_MS} ms`));
      try {
        this.#answer = { version: await this.#ask(limit.signal) };
      } catch {
        // A server in trouble is no other version.
      } finally {
        limit.release();
      }
    }
    return this.#answer?.version;
  }

  async #ask(signal: AbortSignal): Promise<ServerVersion | undefined> {
    try {
      return await this.#options.client.serverVersion({ signal });
    } catch (error) {
      // Some clusters and proxies show it to nobody.
      if (isForbidden(error) || isNotFound(error)) return undefined;
      throw error;
    }
  }
}
