import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { hash32, seededRandom } from '../../random.ts';
import type { Random } from '../../random.ts';
import { EngineCore } from '../core.ts';
import type { Timing } from '../core.ts';
import type { Engine, EngineRuntime, EngineSpec, RequestCounters } from '../types.ts';
import { HttpError } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import { drawFate, halfWay, paceOf } from './fate.ts';
import type { Fate } from './fate.ts';
import { planGeneration } from './generation.ts';
import type { Generation, GenerationKind } from './generation.ts';
import { exhaust, readJson, sendEmpty, sendJson, sendStream } from './http.ts';

export const generationRoutes: Readonly<Record<string, GenerationKind>> = {
  '/v1/completions': 'completion',
  '/v1/chat/completions': 'chat',
};

/** Where probes ask the engines. */
const healthRoutes = new Set(['/health', '/v1/health', '/health_generate', '/ready', '/ping']);

/** One HTTP request that has been answered, or whose connection has ended. */
export interface HttpRecord {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/**
 * What the HTTP servers of all engines share: connections, requests in flight, tokens at the engine's pace. Routes,
 * bodies, metrics and the end of its life are each engine's own.
 */
export abstract class OpenAIServer implements Engine {
  protected readonly spec: EngineSpec;
  protected readonly runtime: EngineRuntime;
  protected readonly core: EngineCore;
  readonly #server: Server;
  readonly #random: Random;
  /** Aborts every request that runs or waits. */
  readonly #cut = new AbortController();
  #state: 'loading' | 'ready' | 'stopping' = 'loading';
  #onIdle: (() => void) | undefined;
  #total = 0;
  #errors = 0;
  #inFlight = 0;

  constructor(spec: EngineSpec, runtime: EngineRuntime, keepAliveMilliseconds: number) {
    this.spec = spec;
    this.runtime = runtime;
    this.core = new EngineCore(runtime.clock, spec.maxNumSeqs);
    this.#random = seededRandom(runtime.seed, spec.model, runtime.key ?? '', 'fates');
    this.#server = createServer({ keepAliveTimeout: keepAliveMilliseconds }, (request, response) => {
      void this.#handle(request, response);
    });
  }

  protected abstract readonly dialect: Dialect;
  /** Answers one request, or throws an HttpError. */
  protected abstract route(route: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** SIGTERM. */
  abstract terminate(graceSeconds: number): Promise<number>;

  /** For the engine's metrics. */
  protected onToken(_sinceLast: number | undefined): void {}
  protected onGenerated(_generation: Generation, _timing: Timing, _completed: boolean): void {}
  protected onHttp(_record: HttpRecord): void {}

  get requests(): RequestCounters {
    return { total: this.#total, errors: this.#errors, inFlight: this.#inFlight };
  }

  protected get state(): 'loading' | 'ready' | 'stopping' {
    return this.#state;
  }

  loaded(): void {
    if (this.#state === 'loading') this.#state = 'ready';
  }

  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  async kill(): Promise<void> {
    this.#cut.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** From now on the engine is going; what that means for requests is its own affair. */
  protected stopping(): void {
    this.#state = 'stopping';
  }

  /** New connections are refused, open ones stay. */
  protected stopListening(): void {
    this.#server.close();
  }

  /** No token is made any more; who waits for one waits on. */
  protected stall(): void {
    this.#stalled = true;
  }
  #stalled = false;

  /** Resolves when no request runs, at the latest after so many seconds. */
  protected async untilIdle(limitSeconds: number): Promise<void> {
    if (limitSeconds <= 0 || this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = Number.isFinite(limitSeconds)
        ? this.runtime.clock.setTimeout(resolve, limitSeconds * 1000)
        : () => undefined;
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Reads, answers and counts one generation request. */
  protected async generate(
    kind: GenerationKind,
    request: IncomingMessage,
    response: ServerResponse,
    refuse: () => HttpError | undefined = () => undefined,
  ): Promise<void> {
    const { dialect, runtime, spec } = this;
    const body = await readJson(request, kind, dialect);
    const refusal = refuse();
    if (refusal !== undefined) throw refusal;
    const { errorRate, wrongAnswers } = runtime.behaviour();
    const fate = drawFate(this.#random);
    const generation = planGeneration(kind, body, spec, dialect, { seed: runtime.seed, wrong: wrongAnswers });
    if (fate.error < errorRate) throw dialect.internalError('EngineCore encountered an issue.');
    const left = new AbortController();
    response.once('close', () => left.abort());
    const signal = AbortSignal.any([left.signal, this.#cut.signal]);
    const stream = this.#tokens(generation, fate, left, signal);
    const envelope = { id: this.#nextId(kind), created: Math.floor(runtime.clock.now() / 1000) };
    if (generation.stream) {
      await sendStream(response, generation, dialect.events(generation, envelope), dialect.streamContentType, stream);
      return;
    }
    await exhaust(stream.tokens);
    if (signal.aborted) response.destroy();
    else sendJson(response, 200, dialect.full(generation, envelope, stream.timing()), dialect.jsonContentType);
  }

  /** Whether the request carries one of the keys; without keys every request does. */
  protected isAuthorized(request: IncomingMessage): boolean {
    const { apiKeys } = this.spec;
    if (apiKeys.length === 0) return true;
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    return token !== undefined && apiKeys.includes(token);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock } = this.runtime;
    const started = clock.monotonic();
    const route = new URL(request.url ?? '/', 'http://engine').pathname;
    const generates = route in generationRoutes;
    if (generates) {
      this.#total++;
      this.#inFlight++;
    }
    try {
      const { hang, unhealthy = false } = this.runtime.behaviour();
      if (hang === 'everything') await new Promise((resolve) => response.once('close', resolve));
      else if (unhealthy && healthRoutes.has(route)) sendEmpty(response, 503);
      else await this.route(route, request, response);
    } catch (error) {
      const failure = error instanceof HttpError ? error : this.dialect.internalError(String(error));
      if (!response.headersSent) sendJson(response, failure.status, failure.body, this.dialect.jsonContentType);
      else response.destroy();
    } finally {
      const cut = !response.writableEnded;
      if (generates) {
        if (cut || response.statusCode >= 500) this.#errors++;
        if (--this.#inFlight === 0) this.#onIdle?.();
        this.runtime.onRequest?.();
      }
      this.onHttp({
        route,
        method: request.method ?? 'GET',
        status: response.statusCode,
        seconds: (clock.monotonic() - started) / 1000,
        requestBytes: Number(request.headers['content-length'] ?? 0),
        responseBytes: Number(response.getHeader('content-length') ?? 0),
      });
    }
  }

  /** `cut` ends the request, whose `signal` follows it. */
  #tokens(generation: Generation, fate: Fate, cut: AbortController, signal: AbortSignal) {
    const { latency, behaviour } = this.runtime;
    const half = Math.max(1, Math.floor(generation.tokens.length / 2));
    const pace = (made: number) => {
      const now = behaviour();
      const end = made >= half ? halfWay(fate, now) : undefined;
      if (end === 'cut') cut.abort();
      if (this.#stalled || end === 'stall' || now.hang === 'tokens')
        return { timeToFirstToken: Infinity, interTokenLatency: Infinity };
      return paceOf(latency, generation.promptTokens, now, fate);
    };
    let timing: Timing = { queued: 0, prefill: 0, decode: 0, total: 0, tokens: 0 };
    const observer = {
      onToken: (sinceLast: number | undefined) => this.onToken(sinceLast),
      onEnd: (ended: Timing, completed: boolean) => {
        timing = ended;
        this.onGenerated(generation, ended, completed);
      },
    };
    const tokens = this.core.generate(generation.tokens, generation.promptTokens, pace, observer, signal);
    return { tokens, timing: () => timing };
  }

  #nextId(kind: GenerationKind): string {
    const number = hash32(`${this.runtime.seed}/${this.#total}`).toString(16).padStart(8, '0');
    return this.dialect.idOf(kind, `${number}${String(this.#total).padStart(8, '0')}`);
  }
}
