import { Agent, request } from 'undici';

/** What became of the requests of one burst or one background load. */
export interface Outcome {
  readonly sent: number;
  /** Requests without a whole answer with status 200, by what they got instead. */
  readonly lost: Readonly<Record<string, number>>;
}

export interface ClientOptions {
  /** Of the gateway. */
  readonly url: string;
  /** What requests give as model. */
  readonly model: string;
  /** Host name of the route; default: that of the URL. */
  readonly hostname?: string;
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Tokens of a streamed answer; absent: a short answer in one piece. */
  readonly streamTokens?: number;
}

export interface LoadOptions {
  /** Clients that send one short request after the other; default 4. */
  readonly callers?: number;
  /** Clients that read one stream after the other; default 2. */
  readonly streams?: number;
  readonly streamTokens?: number;
}

const LIMIT_MS = 60_000;

/** Users behind a gateway: pooled keep-alive connections, no retries. */
export class Clients implements AsyncDisposable {
  readonly #agent = new Agent({ connections: 64, pipelining: 1 });
  readonly #options: ClientOptions;
  /** Ends every load. */
  readonly #closed = new AbortController();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** One request. `ok`, or what it got instead: a status, an error code, `truncated`. */
  async ask({ headers = {}, streamTokens }: AskOptions = {}): Promise<string> {
    const { url, model, hostname } = this.#options;
    const stream = streamTokens !== undefined;
    const body = { model, prompt: '2+2=', max_tokens: streamTokens ?? 1, stream, ignore_eos: true };
    try {
      const response = await request(`${url}/v1/completions`, {
        method: 'POST',
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(LIMIT_MS),
        headers: { 'content-type': 'application/json', ...(hostname !== undefined && { host: hostname }), ...headers },
        body: JSON.stringify(body),
      });
      const text = await response.body.text();
      if (response.statusCode !== 200) return String(response.statusCode);
      return stream && !text.includes('data: [DONE]') ? 'truncated' : 'ok';
    } catch (error) {
      const code = (error as { readonly code?: unknown }).code;
      return typeof code === 'string' ? code : String(error);
    }
  }

  /** So many requests, twelve at a time. */
  async burst(count: number, options: AskOptions = {}): Promise<Outcome> {
    const answers: string[] = [];
    let left = count;
    const one = async (): Promise<void> => {
      while (left-- > 0) answers.push(await this.ask(options));
    };
    await Promise.all(Array.from({ length: 12 }, one));
    return outcomeOf(answers);
  }

  /** Requests on and on, until `stop`, which waits for those that run. */
  load({ callers = 4, streams = 2, streamTokens = 40 }: LoadOptions = {}): { stop(): Promise<Outcome> } {
    const answers: string[] = [];
    const stopped = new AbortController();
    const onAndOn = async (options: AskOptions): Promise<void> => {
      while (!stopped.signal.aborted && !this.#closed.signal.aborted) answers.push(await this.ask(options));
    };
    const running = [
      ...Array.from({ length: callers }, () => onAndOn({})),
      ...Array.from({ length: streams }, () => onAndOn({ streamTokens })),
    ];
    return {
      async stop() {
        stopped.abort();
        await Promise.all(running);
        return outcomeOf(answers);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#agent.close();
  }
}

function outcomeOf(answers: readonly string[]): Outcome {
  const lost: Record<string, number> = {};
  for (const answer of answers) if (answer !== 'ok') lost[answer] = (lost[answer] ?? 0) + 1;
  return { sent: answers.length, lost };
}
