import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Timing } from '../core.ts';
import type { Generation } from '../openai/generation.ts';
import { sendEmpty, sendJson } from '../openai/http.ts';
import { OpenAIServer, generationRoutes } from '../openai/server.ts';
import type { HttpRecord } from '../openai/server.ts';
import type { EngineRuntime, EngineSpec } from '../types.ts';
import { vllmDialect } from './dialect.ts';
import { internalError, methodNotAllowed, notFound, unauthorized } from './errors.ts';
import { VllmMetrics } from './metrics.ts';

/** uvicorn's `--timeout-keep-alive`: an idle connection is closed after it. */
const keepAliveMilliseconds = 5_000;

/** Routes that vLLM leaves out of its http_* metrics. */
const unmeasured = new Set(['/health', '/metrics', '/ping', '/version', '/load']);

/** vLLM's OpenAI server on one address, from the moment at which its model is loaded. */
export class VllmServer extends OpenAIServer {
  protected readonly dialect = vllmDialect;
  #lazyMetrics: VllmMetrics | undefined;

  constructor(spec: EngineSpec, runtime: EngineRuntime) {
    super(spec, runtime, keepAliveMilliseconds);
  }

  /** Made when first needed: an idle engine of a thousand should cost next to nothing. */
  get #metrics(): VllmMetrics {
    this.#lazyMetrics ??= new VllmMetrics(this.spec, this.core);
    return this.#lazyMetrics;
  }

  /**
   * As measured on vLLM 0.32: with a shutdown timeout running requests complete, new ones get 500 on every connection,
   * and /health stays 200 until the process ends; without one everything is cut at once.
   */
  async terminate(graceSeconds: number): Promise<number> {
    this.stopping();
    await this.untilIdle(Math.min(this.spec.shutdownTimeoutSeconds, graceSeconds));
    await this.kill();
    return 0;
  }

  protected override onToken(sinceLast: number | undefined): void {
    this.#metrics.onToken(sinceLast);
  }

  protected override onGenerated(generation: Generation, timing: Timing, completed: boolean): void {
    const { finishReason, promptTokens, maxTokens } = generation;
    this.#metrics.onFinished({ reason: completed ? finishReason : 'abort', timing, promptTokens, maxTokens });
  }

  protected override onHttp({ route, ...record }: HttpRecord): void {
    if (!unmeasured.has(route)) this.#metrics.onHttp({ handler: isRoute(route) ? route : 'none', ...record });
  }

  protected async route(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (route.startsWith('/v1') && !this.isAuthorized(request)) throw unauthorized();
    if (!isRoute(route)) throw notFound();
    const kind = generationRoutes[route];
    if (request.method !== (kind === undefined ? 'GET' : 'POST')) throw methodNotAllowed();
    if (kind !== undefined) {
      const refuse = () =>
        this.state === 'stopping' ? internalError('EngineCore is shutting down and accepts no requests.') : undefined;
      await this.generate(kind, request, response, refuse);
    } else if (route === '/v1/models') sendJson(response, 200, this.#models());
    else if (route === '/version') sendJson(response, 200, { version: '0.32.0' });
    else if (route === '/metrics') {
      response.setHeader('content-type', this.#metrics.contentType);
      response.end(await this.#metrics.render());
    } else sendEmpty(response, 200);
  }

  #models(): object {
    const created = Math.floor(this.runtime.clock.now() / 1000);
    const data = this.spec.servedNames.map((id) => ({
      id,
      object: 'model',
      created,
      owned_by: 'vllm',
      root: this.spec.model,
      parent: null,
      max_model_len: this.spec.maxModelLen,
    }));
    return { object: 'list', data };
  }
}

function isRoute(route: string): boolean {
  return route in generationRoutes || route === '/v1/models' || unmeasured.has(route);
}
