import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** Clients of a model, all at once, without retries. */
export interface LoadOptions {
  readonly url: string;
  readonly model: string;
  /** Clients that open a connection for each short call. */
  readonly callers: number;
  /** Short calls on connections of their own that begin each second, whether those before have ended or not; 0 by default. */
  readonly callsPerSecond?: number;
  /** Clients that share a pool of kept connections, each of which is busy most of the time. */
  readonly pooled: number;
  /** Clients that read one stream after the other, over a pool. */
  readonly streams: number;
  /** Tokens of a stream; with `longestStreamTokens` of those of the first client, and the others' lie evenly between. */
  readonly streamTokens: number;
  readonly longestStreamTokens?: number;
  /** The model knows no sums: an answer that is whole will do. */
  readonly anyAnswer?: boolean;
}

export type Kind = 'call' | 'pooled' | 'stream';

/** A request that did not end with a complete, right answer. */
export interface Loss {
  readonly kind: Kind;
  /** Milliseconds since the load began. */
  readonly begun: number;
  readonly ended: number;
  readonly why: string;
}

export interface LoadResult {
  readonly sent: Readonly<Record<Kind, number>>;
  readonly losses: readonly Loss[];
}

/** No request waits longer than its tokens take and this: an answer that never ends is a loss. */
const LIMIT_MS = 180_000;
/** Less than servers and the proxies of these suites keep an idle connection, which is 3 s: else both sides may end it at once. */
const KEEP_ALIVE_MS = 2_000;
/** Twice what the engines of these suites take for a token. */
const TOKEN_MS = 200;
const CALL_TOKENS = 8;
/** Between two requests of a client: the machine has other things to do. */
const PAUSE_MS = 60;

interface Choice {
  readonly text?: string;
  readonly finish_reason?: string | null;
}

/** Load on a model's Service, until `stop`, which waits for the requests that run. */
export class Load {
  readonly #options: LoadOptions;
  readonly #begun = performance.now();
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now();
  readonly #stopped = new AbortController();
  readonly #pool: Agent;
  readonly #running: Promise<void>[];
  readonly #sent: Record<Kind, number> = { call: 0, pooled: 0, stream: 0 };
  readonly #losses: Loss[] = [];
  /** The answer to each question, by the first who asked: a model answers the same each time. */
  readonly #answers = new Map<string, string>();

  constructor(options: LoadOptions) {
    this.#options = options;
    const { callers, pooled, streams } = options;
    this.#pool = new Agent({ connections: pooled + streams, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS });
    const clients: readonly (readonly [number, Kind])[] = [
      [callers, 'call'],
      [pooled, 'pooled'],
      [streams, 'stream'],
    ];
    this.#running = clients.flatMap(([count, kind]) =>
      Array.from({ length: count }, (_, client) => this.#onAndOn(kind, client)),
    );
    this.#running.push(this.#callAtRate(options.callsPerSecond ?? 0));
  }

  /** Waits until every kind of client has had so many answers more. */
  async more(count: number, signal: AbortSignal): Promise<void> {
    const before = { ...this.#sent };
    const { callers, callsPerSecond = 0, pooled, streams } = this.#options;
    const wanted: Record<Kind, number> = {
      call: (callers || callsPerSecond) && count,
      pooled: pooled && count,
      stream: streams && count,
    };
    const kinds = Object.keys(wanted) as Kind[];
    while (kinds.some((kind) => this.#sent[kind] - before[kind] < wanted[kind])) await sleep(50, undefined, { signal });
  }

  /** What has ended until now. */
  sofar(): LoadResult {
    return { sent: { ...this.#sent }, losses: [...this.#losses] };
  }

  async stop(): Promise<LoadResult> {
    this.#stopped.abort();
    await Promise.all(this.#running);
    await this.#pool.destroy();
    return this.sofar();
  }

  async #onAndOn(kind: Kind, client: number): Promise<void> {
    for (let turn = 0; !this.#stopped.signal.aborted; turn++) {
      await this.#turn(kind, client, turn);
      await sleep(PAUSE_MS);
    }
  }

  /** A call that is late is not left out: as many begin as the time that has passed asks for. */
  async #callAtRate(perSecond: number): Promise<void> {
    const calls = new Set<Promise<void>>();
    for (let turn = 0; perSecond > 0 && !this.#stopped.signal.aborted; turn++) {
      const call: Promise<void> = this.#turn('call', 0, turn).finally(() => calls.delete(call));
      calls.add(call);
      await sleep(Math.max(0, this.#begun + ((turn + 1) * 1000) / perSecond - performance.now()));
    }
    await Promise.all(calls);
  }

  /** One request, counted when it has ended. */
  async #turn(kind: Kind, client: number, turn: number): Promise<void> {
    const begun = performance.now();
    const tokens = kind === 'stream' ? this.#tokensOf(client) : CALL_TOKENS;
    const why = await this.#ask(kind, turn % 7, tokens).catch(nameOf);
    this.#sent[kind]++;
    const since = (time: number): number => Math.round(time - this.#begun);
    if (why !== undefined) this.#losses.push({ kind, begun: since(begun), ended: since(performance.now()), why });
  }

  #tokensOf(client: number): number {
    const { streams, streamTokens, longestStreamTokens = streamTokens } = this.#options;
    return Math.round(streamTokens + ((longestStreamTokens - streamTokens) * client) / Math.max(streams - 1, 1));
  }

  /** Undefined: a complete and right answer. */
  async #ask(kind: Kind, question: number, most: number): Promise<string | undefined> {
    const { url, model } = this.#options;
    const sum = `${question}+${question}=`;
    const stream = kind === 'stream';
    const limit = LIMIT_MS + most * TOKEN_MS;
    // A connection of its own for a call, closed with its answer, as by a client without a pool.
    const own = kind === 'call' ? new Agent({ connections: 1 }) : undefined;
    try {
      const response = await request(`${url}/v1/completions`, {
        method: 'POST',
        dispatcher: own ?? this.#pool,
        signal: AbortSignal.timeout(limit),
        headersTimeout: limit,
        bodyTimeout: limit,
        headers: { 'content-type': 'application/json', ...(own && { connection: 'close' }) },
        body: JSON.stringify({ model, prompt: sum, stream, temperature: 0, max_tokens: most, ignore_eos: stream }),
      });
      if (response.statusCode !== 200) {
        return `status ${response.statusCode}: ${(await response.body.text()).slice(0, 200)}`;
      }
      if (!stream) {
        const body: unknown = await response.body.json();
        return this.#options.anyAnswer === true ? incomplete(body) : wrong(body, String(question * 2));
      }
      let text = '';
      for await (const chunk of response.body) {
        text += String(chunk);
      }
      return this.#checkStream(text, `${sum} in ${most} tokens`);
    } finally {
      await own?.destroy();
    }
  }

  #checkStream(text: string, question: string): string | undefined {
    const events = text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
    if (events.at(-1) !== '[DONE]') return `the stream was cut after ${events.length} events`;
    const choices = events.slice(0, -1).map((event) => choiceOf(JSON.parse(event)));
    const answer = choices.map((choice) => choice?.text ?? '').join('');
    if (choices.at(-1)?.finish_reason !== 'length') return 'the stream ends without its reason';
    const expected = this.#answers.get(question) ?? answer;
    if (this.#options.anyAnswer === true) return answer === '' ? 'the stream has no text' : undefined;
    this.#answers.set(question, expected);
    return answer === expected ? undefined : `another answer: ${answer.slice(0, 60)}`;
  }
}

function choiceOf(body: unknown): Choice | undefined {
  return (body as { readonly choices?: readonly Choice[] }).choices?.[0];
}

function incomplete(body: unknown): string | undefined {
  const reason = choiceOf(body)?.finish_reason;
  return typeof reason === 'string' ? undefined : `no whole answer: ${JSON.stringify(body).slice(0, 200)}`;
}

function wrong(body: unknown, sum: string): string | undefined {
  const text = choiceOf(body)?.text ?? '';
  return text.trim() === `${sum}.` ? undefined : `a wrong answer: ${JSON.stringify(body).slice(0, 200)}`;
}

function nameOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return typeof code === 'string' ? `${code}: ${String(message)}` : String(error);
}

/** What a load has had between two moments. */
export function between(before: LoadResult, { sent, losses }: LoadResult): LoadResult {
  return {
    sent: {
      call: sent.call - before.sent.call,
      pooled: sent.pooled - before.sent.pooled,
      stream: sent.stream - before.sent.stream,
    },
    losses: losses.slice(before.losses.length),
  };
}

/** The losses by what they were, with how many, when, and how long they had run, for people. */
export function describeLosses(losses: readonly Loss[]): string[] {
  const groups = Map.groupBy(losses, ({ kind, why }) => `${kind}: ${why}`);
  return [...groups].map(([what, of]) => {
    const [first, last] = [of[0]?.ended ?? 0, of.at(-1)?.ended ?? 0];
    const longest = Math.max(...of.map(({ begun, ended }) => ended - begun));
    return `${of.length} x ${what} (after ${first} to ${last} ms, having run ${longest} ms at most)`;
  });
}
