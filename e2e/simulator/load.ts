import { request, Agent } from 'undici';
import { systemClock } from '../../operator/kube/clock.ts';
import { loopbackAddress } from './addresses.ts';

/** An address of the active Service that takes requests. */
export interface Endpoint {
  readonly address: string;
  readonly pod: string;
  readonly revision: string;
}

export interface LoadOptions {
  /** Short calls a second; default 10. */
  readonly rps?: number;
  /** Streams that are open at every moment; default 0. */
  readonly streams?: number;
  /** Tokens of each stream; default 100. */
  readonly streamTokens?: number;
  /** Name that requests give as model: that of the DeepSeekDeployment, unless it serves others. */
  readonly model?: string;
  readonly prompt?: string;
}

/** What became of one request. */
export interface Call {
  readonly kind: 'call' | 'stream';
  readonly startedAt: number;
  readonly endedAt: number;
  readonly pod: string;
  readonly revision: string;
  /** HTTP status; `refused` and the like when there was no answer, `no-endpoint` when there was nowhere to send it. */
  readonly outcome: number | string;
  /** A stream that ended without its `[DONE]`. */
  readonly truncated: boolean;
}

export interface LoadReport {
  readonly calls: number;
  readonly streams: number;
  /** Requests without a 2xx, by what they got. */
  readonly failed: Readonly<Record<string, number>>;
  readonly truncatedStreams: number;
  /** By the revision that was asked; times are wall clock, milliseconds. */
  readonly byRevision: Readonly<
    Record<
      string,
      { readonly requests: number; readonly failed: number; readonly firstAt: number; readonly lastAt: number }
    >
  >;
}

/** Nothing that a test waits for takes longer. */
const LIMIT_MS = 60_000;

/** How long a stream waits when there is no endpoint, or its last one failed. */
const PAUSE_MS = 20;

/**
 * Users of the active Service. This cluster has no kube-proxy: each request picks a ready address of the EndpointSlices,
 * in turn, on a connection of its own, and is not repeated.
 */
export class Load {
  readonly history: Call[] = [];
  readonly #endpoints: () => readonly Endpoint[];
  readonly #port: number;
  readonly #options: Required<LoadOptions>;
  readonly #agent = new Agent({ pipelining: 0, connections: null });
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>[] = [];
  #turn = 0;
  #closed: Promise<void> | undefined;

  /** @param port of every engine, each on its own loopback address */
  constructor(endpoints: () => readonly Endpoint[], port: number, name: string, options: LoadOptions = {}) {
    this.#endpoints = endpoints;
    this.#port = port;
    this.#options = { rps: 10, streams: 0, streamTokens: 100, model: name, prompt: '2+2=', ...options };
  }

  start(): this {
    const { rps, streams } = this.#options;
    if (rps > 0) this.#running.push(this.#everySoOften(1_000 / rps));
    for (let stream = 0; stream < streams; stream++) this.#running.push(this.#streamOnAndOn());
    return this;
  }

  /** Sends nothing new, waits for what runs, and says what became of all. Idempotent. */
  async stop(): Promise<LoadReport> {
    this.#stop.abort();
    await Promise.all(this.#running);
    this.#closed ??= this.#agent.close();
    await this.#closed;
    return this.report();
  }

  report(): LoadReport {
    const failed: Record<string, number> = {};
    const byRevision: Record<string, { requests: number; failed: number; firstAt: number; lastAt: number }> = {};
    for (const { outcome, truncated, revision, startedAt } of this.history) {
      const good = typeof outcome === 'number' && outcome >= 200 && outcome < 300;
      if (!good) failed[outcome] = (failed[outcome] ?? 0) + 1;
      const seen = (byRevision[revision] ??= { requests: 0, failed: 0, firstAt: startedAt, lastAt: startedAt });
      seen.requests += 1;
      if (!good || truncated) seen.failed += 1;
      seen.firstAt = Math.min(seen.firstAt, startedAt);
      seen.lastAt = Math.max(seen.lastAt, startedAt);
    }
    const streams = this.history.filter(({ kind }) => kind === 'stream').length;
    const truncatedStreams = this.history.filter(({ truncated }) => truncated).length;
    return { calls: this.history.length - streams, streams, failed, truncatedStreams, byRevision };
  }

  async #everySoOften(ms: number): Promise<void> {
    const open = new Set<Promise<void>>();
    while (!this.#stop.signal.aborted) {
      const call: Promise<void> = this.#ask('call').then(() => void open.delete(call));
      open.add(call);
      await this.#pause(ms);
    }
    await Promise.all(open);
  }

  async #streamOnAndOn(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { outcome } = await this.#ask('stream');
      if (outcome !== 200) await this.#pause(PAUSE_MS);
    }
  }

  async #pause(ms: number): Promise<void> {
    await systemClock.sleep(ms, this.#stop.signal).catch(() => undefined);
  }

  async #ask(kind: Call['kind']): Promise<Call> {
    const endpoints = this.#endpoints();
    const target = endpoints[this.#turn++ % Math.max(1, endpoints.length)];
    const { pod = '', revision = 'none' } = target ?? {};
    const startedAt = Date.now();
    const ended = target ? await this.#send(kind, target) : { outcome: 'no-endpoint', truncated: false };
    const call = { kind, startedAt, endedAt: Date.now(), pod, revision, ...ended };
    this.history.push(call);
    return call;
  }

  async #send(kind: Call['kind'], { address }: Endpoint): Promise<Pick<Call, 'outcome' | 'truncated'>> {
    const { model, prompt, streamTokens } = this.#options;
    const stream = kind === 'stream';
    const body = { model, prompt, stream, ...(stream && { max_tokens: streamTokens, ignore_eos: true }) };
    let outcome: Call['outcome'] | undefined;
    try {
      const response = await request(`http://${loopbackAddress(address)}:${this.#port}/v1/completions`, {
        method: 'POST',
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(LIMIT_MS),
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify(body),
      });
      outcome = response.statusCode;
      const text = await response.body.text();
      return { outcome, truncated: stream && outcome === 200 && !text.includes('data: [DONE]') };
    } catch (error) {
      const code = (error as { readonly code?: unknown }).code;
      if (outcome === 200 && stream) return { outcome, truncated: true };
      return { outcome: typeof code === 'string' ? code : String(error), truncated: false };
    }
  }
}
