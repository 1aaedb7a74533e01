import type { KubeHttpClient, ServerVersion } from '../kube/client.ts';
import { isForbidden, isNotFound } from '../kube/errors.ts';

/** What asks the API server for its version. */
export type VersionClient = Pick<KubeHttpClient, 'serverVersion'>;

/** The version of the API server: asked for when somebody first needs it, and once. */
export class ServerVersionReader {
  readonly #client: VersionClient;
  #answer: { readonly version: ServerVersion | undefined } | undefined;

  constructor(client: VersionClient) {
    this.#client = client;
  }

  /** Undefined when the server does not tell. Throws when it cannot be asked: that is asked again. */
  async read(signal: AbortSignal): Promise<ServerVersion | undefined> {
    this.#answer ??= { version: await this.#ask(signal) };
    return this.#answer.version;
  }

  async #ask(signal: AbortSignal): Promise<ServerVersion | undefined> {
    try {
      return await this.#client.serverVersion({ signal });
    } catch (error) {
      // Some clusters and proxies show it to nobody.
      if (isForbidden(error) || isNotFound(error)) return undefined;
      throw error;
    }
  }
}
