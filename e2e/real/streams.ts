import { setTimeout as sleep } from 'node:timers/promises';
import type OpenAI from 'openai';

/** A stream that was read to its end, and when, in milliseconds of `performance.now()`. */
export interface Read {
  readonly text: string;
  /** As the engine counts them at the end. */
  readonly tokens: number;
  /** Why it ended, in the engine's words; undefined: it was cut. */
  readonly finish: string | undefined;
  readonly ended: number;
}

/** Readers of streams of an engine whose answers are its version's own, by an ordinary client. */
export class Streams {
  readonly #client: OpenAI;
  readonly #model: string;
  readonly #read: Read[] = [];
  readonly #stopped = new AbortController();
  #running: Promise<void>[] = [];

  constructor(client: OpenAI, model: string) {
    this.#client = client;
    this.#model = model;
  }

  /** So many readers, each of one stream after the other. */
  start(readers: number, tokens: number): void {
    this.#running = Array.from({ length: readers }, () => this.#onAndOn(tokens));
  }

  /** Waits for the streams that run. Gives all that were read. */
  async stop(): Promise<readonly Read[]> {
    this.#stopped.abort();
    await Promise.all(this.#running);
    return this.#read;
  }

  async one(tokens: number): Promise<Read> {
    // Members that only these engines have: no end before all tokens.
    const more = { ignore_eos: true };
    const stream = await this.#client.completions.create({
      ...{ model: this.#model, prompt: 'river', temperature: 0, stream: true, max_tokens: tokens, ...more },
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    let finish: string | undefined;
    let counted = 0;
    for await (const { choices, usage } of stream) {
      const [choice] = choices;
      finish = choice?.finish_reason ?? finish;
      pieces.push(choice?.text ?? '');
      counted = usage?.completion_tokens ?? counted;
    }
    return { text: pieces.join(''), tokens: counted, finish, ended: performance.now() };
  }

  async #onAndOn(tokens: number): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const cut = (error: unknown): Read => ({ ...NOTHING, text: String(error), ended: performance.now() });
      this.#read.push(await this.one(tokens).catch(cut));
      await sleep(1);
    }
  }
}

const NOTHING = { tokens: 0, finish: undefined } as const;
