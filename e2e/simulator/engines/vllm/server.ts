import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { hash32, seededRandom } from '../../random.ts';
import type { Random } from '../../random.ts';
import { EngineCore } from '../core.ts';
import type { Timing } from '../core.ts';
import type { Engine, EngineRuntime, EngineSpec, RequestCounters } from '../types.ts';
import { HttpError, internalError, methodNotAllowed, notFound, unauthorized } from './errors.ts';
import { planGeneration } from './generation.ts';
import type { Generation } from './generation.ts';
import { exhaust, readJson, sendJson, sendStream } from './http.ts';
import { VllmMetrics } from './metrics.ts';
import { fullResponse } from './responses.ts';

/** uvicorn's `--timeout-keep-alive`: an idle connection is closed after it. */
const keepAliveMilliseconds = 5_000;

/** Routes that vLLM leaves out of its http_* metrics. */
const unmeasured = new Set(['/health', '/metrics', '/ping', '/version', '/load']);

const generationRoutes: Readonly<Record<string, Generation['kind']>> = {
  '/v1/completions': 'completion',
  '/v1/chat/completions': 'chat',
};

/** vLLM's OpenAI server on one address, from the moment at which its model is loaded. */
export class VllmServer implements Engine {
  readonly #spec: EngineSpec;
  readonly #runtime: EngineRuntime;
  readonly #core: EngineCore;
  readonly #server: Server;
  readonly #random: Random;
  /** Aborts every request that runs or waits. */
  readonly #cut = new AbortController();
  #draining = false;
  #lazyMetrics: VllmMetrics | undefined;
  #onIdle: (() => void) | undefined;
  #total = 0;
  #errors = 0;
  #inFlight = 0;

  constructor(spec: EngineSpec, runtime: EngineRuntime) {
    this.#spec = spec;
    this.#runtime = runtime;
    this.#core = new EngineCore(runtime.clock, spec.maxNumSeqs);
    this.#random = seededRandom(runtime.seed, spec.model, 'errors');
    this.#server = createServer({ keepAliveTimeout: keepAliveMilliseconds }, (request, response) => {
      void this.#handle(request, response);
    });
  }

  /** Made when first needed: an idle engine of a thousand should cost next to nothing. */
  get #metrics(): VllmMetrics {
    this.#lazyMetrics ??= new VllmMetrics(this.#spec, this.#core);
    return this.#lazyMetrics;
  }

  get requests(): RequestCounters {
    return { total: this.#total, errors: this.#errors, inFlight: this.#inFlight };
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

  /**
   * As measured on vLLM 0.32: with a shutdown timeout running requests complete, new ones get 500 on every connection,
   * and /health stays 200 until the process ends; without one everything is cut at once.
   */
  async terminate(graceSeconds: number): Promise<number> {
    this.#draining = true;
    const seconds = Math.min(this.#spec.shutdownTimeoutSeconds, graceSeconds);
    if (seconds > 0 && this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#runtime.clock.setTimeout(resolve, seconds * 1000);
        this.#onIdle = () => {
          cancel();
          resolve();
        };
      });
    }
    await this.kill();
    return 0;
  }

  async kill(): Promise<void> {
    this.#cut.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = this.#runtime.clock.monotonic();
    const route = new URL(request.url ?? '/', 'http://engine').pathname;
    const kind = generationRoutes[route];
    if (kind !== undefined) {
      this.#total++;
      this.#inFlight++;
    }
    try {
      await this.#route(route, request, response);
    } catch (error) {
      const failure = error instanceof HttpError ? error : internalError(String(error));
      if (!response.headersSent) sendJson(response, failure.status, failure.body);
      else response.destroy();
    } finally {
      const cut = !response.writableEnded;
      if (kind !== undefined) {
        if (cut || response.statusCode >= 500) this.#errors++;
        if (--this.#inFlight === 0) this.#onIdle?.();
      }
      if (!unmeasured.has(route)) {
        this.#metrics.onHttp({
          handler: isRoute(route) ? route : 'none',
          method: request.method ?? 'GET',
          status: response.statusCode,
          seconds: (this.#runtime.clock.monotonic() - started) / 1000,
          requestBytes: Number(request.headers['content-length'] ?? 0),
          responseBytes: Number(response.getHeader('content-length') ?? 0),
        });
      }
    }
  }

  async #route(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (route.startsWith('/v1')) this.#authorize(request);
    if (!isRoute(route)) throw notFound();
    const kind = generationRoutes[route];
    if (request.method !== (kind === undefined ? 'GET' : 'POST')) throw methodNotAllowed();
    if (kind !== undefined) await this.#generate(kind, request, response);
    else if (route === '/v1/models') sendJson(response, 200, this.#models());
    else if (route === '/version') sendJson(response, 200, { version: '0.32.0' });
    else if (route === '/metrics') {
      response.setHeader('content-type', this.#metrics.contentType);
      response.end(await this.#metrics.render());
    } else response.writeHead(200, { 'content-length': 0 }).end();
  }

  #authorize(request: IncomingMessage): void {
    const { apiKeys } = this.#spec;
    if (apiKeys.length === 0) return;
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined || !apiKeys.includes(token)) throw unauthorized();
  }

  #models(): object {
    const created = Math.floor(this.#runtime.clock.now() / 1000);
    const data = this.#spec.servedNames.map((id) => ({
      id,
      object: 'model',
      created,
      owned_by: 'vllm',
      root: this.#spec.model,
      parent: null,
      max_model_len: this.#spec.maxModelLen,
    }));
    return { object: 'list', data };
  }

  async #generate(kind: Generation['kind'], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request);
    if (this.#draining) throw internalError('EngineCore is shutting down and accepts no requests.');
    const { errorRate, wrongAnswers } = this.#runtime.behaviour();
    const generation = planGeneration(kind, body, this.#spec, { seed: this.#runtime.seed, wrong: wrongAnswers });
    if (errorRate > 0 && this.#random() < errorRate) throw internalError('EngineCore encountered an issue.');
    const left = new AbortController();
    response.once('close', () => left.abort());
    const signal = AbortSignal.any([left.signal, this.#cut.signal]);
    const tokens = this.#tokens(generation, signal);
    const envelope = this.#envelope(kind);
    if (generation.stream) await sendStream(response, generation, envelope, tokens);
    else {
      await exhaust(tokens);
      if (!signal.aborted) sendJson(response, 200, fullResponse(generation, envelope));
    }
  }

  #tokens(generation: Generation, signal: AbortSignal): AsyncGenerator<string, void, void> {
    const { latency, behaviour } = this.#runtime;
    const pace = () => {
      const { slowFactor } = behaviour();
      const prefill = latency.timeToFirstToken + latency.perPromptToken * generation.promptTokens;
      return { timeToFirstToken: prefill * slowFactor, interTokenLatency: latency.interTokenLatency * slowFactor };
    };
    const observer = {
      onToken: (sinceLast: number | undefined) => this.#metrics.onToken(sinceLast),
      onEnd: (timing: Timing, completed: boolean) => {
        const { finishReason, promptTokens, maxTokens } = generation;
        this.#metrics.onFinished({ reason: completed ? finishReason : 'abort', timing, promptTokens, maxTokens });
      },
    };
    return this.#core.generate(generation.tokens, generation.promptTokens, pace, observer, signal);
  }

  #envelope(kind: Generation['kind']): { id: string; created: number } {
    const number = hash32(`${this.#runtime.seed}/${this.#total}`).toString(16).padStart(8, '0');
    const id = `${kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${number}${String(this.#total).padStart(8, '0')}`;
    return { id, created: Math.floor(this.#runtime.clock.now() / 1000) };
  }
}

function isRoute(route: string): boolean {
  return route in generationRoutes || route === '/v1/models' || unmeasured.has(route);
}
