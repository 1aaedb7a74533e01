import type { WatchClient } from '../../kube/client.ts';
import { settle } from '../../kube/testing/fake-clock.ts';
import type { KubeObject } from '../../kube/types.ts';

/** What the API server has of one kind, for tests of caches: its list, or why it refuses, and the watch that is open. */
export class FakeCollection<T extends KubeObject> {
  answer: readonly T[] | Error = [];
  lists = 0;
  /** The watches that are open. */
  watches = 0;
  #send: ((event: object | undefined) => void) | undefined;

  readonly client = {
    listPages: () => this.#list(),
    remembers: () => Promise.resolve(true),
    watch: (_: unknown, { signal }: { readonly signal: AbortSignal }) => Promise.resolve(this.#watch(signal)),
  } as unknown as WatchClient;

  /** Something happens to an object. */
  async send(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): Promise<void> {
    this.#send?.({ type, object });
    await quiet();
  }

  async *#list() {
    this.lists++;
    await settle();
    if (this.answer instanceof Error) throw this.answer;
    yield { items: [...this.answer], resourceVersion: '10' };
  }

  async *#watch(signal: AbortSignal) {
    this.watches++;
    try {
      while (!signal.aborted) {
        const event = await new Promise<object | undefined>((resolve) => {
          this.#send = resolve;
          signal.addEventListener('abort', () => resolve(undefined), { once: true });
        });
        if (event !== undefined) yield Buffer.from(`${JSON.stringify(event)}\n`);
      }
    } finally {
      this.watches--;
    }
  }
}

/** Everything that can happen without time passing has happened. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await settle();
}
