import { isForbidden, isNotFound } from '../kube/errors.ts';
import { resources } from '../kube/resources.ts';
import type { Clock, KubeClient } from '../kube/types.ts';

export interface PriorityClassReaderOptions {
  readonly client: Pick<KubeClient, 'get'>;
  readonly clock: Clock;
}

/** How long an answer is used: many models may be made at once, and a class is there for good or comes with the next installation. */
const USED_FOR_MS = 60_000;

/** The priorities of PriorityClasses, asked of the server when somebody needs one. */
export class PriorityClassReader {
  readonly #client: PriorityClassReaderOptions['client'];
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly at: number; readonly value: number | undefined }>();

  constructor({ client, clock }: PriorityClassReaderOptions) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The priority of a class; undefined when there is no such class, or it may not be read. Throws when it cannot be asked. */
  async value(name: string, signal: AbortSignal): Promise<number | undefined> {
    const now = this.#clock.monotonic();
    const known = this.#known.get(name);
    if (known !== undefined && now - known.at < USED_FOR_MS) return known.value;
    const value = await this.#ask(name, signal);
    this.#known.set(name, { at: now, value });
    return value;
  }

  async #ask(name: string, signal: AbortSignal): Promise<number | undefined> {
    try {
      return (await this.#client.get(resources.priorityClasses, { name }, { signal })).value;
    } catch (error) {
      if (isNotFound(error) || isForbidden(error)) return undefined;
      throw error;
    }
  }
}
