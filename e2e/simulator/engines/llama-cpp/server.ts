import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Timing } from '../core.ts';
import type { Generation } from '../openai/generation.ts';
import { sendJson } from '../openai/http.ts';
import { OpenAIServer, generationRoutes } from '../openai/server.ts';
import type { EngineRuntime, EngineSpec } from '../types.ts';
import { invalidKey, llamaDialect, loadingModel, noMetrics, notFound } from './dialect.ts';
import { LlamaMetrics } from './metrics.ts';
import { modelList, properties, slots } from './views.ts';

/** cpp-httplib's own. */
const keepAliveMilliseconds = 5_000;
const defaultPingSeconds = 30;

const open = new Set(['/health', '/v1/health', '/']);

/** llama-server on one address, from its first moment: it listens before its model is loaded. */
export class LlamaServer extends OpenAIServer {
  protected readonly dialect;
  readonly #metrics: LlamaMetrics;

  constructor(spec: EngineSpec, runtime: EngineRuntime) {
    super(spec, runtime, keepAliveMilliseconds);
    this.dialect = llamaDialect(spec.servedNames[0] ?? spec.model);
    this.#metrics = new LlamaMetrics(this.core);
  }

  /**
   * As measured on llama-server 0.7.0: from SIGTERM on it makes no token any more and takes no new connection. Open
   * requests hang, and are cut at the next ping of a silent stream: 30 s later by default. Idle, it ends at once.
   */
  async terminate(graceSeconds: number): Promise<number> {
    this.stopping();
    this.stall();
    this.stopListening();
    await this.untilIdle(Math.min(this.spec.pingSeconds ?? defaultPingSeconds, graceSeconds));
    await this.kill();
    return 0;
  }

  protected override onGenerated({ promptTokens }: Generation, timing: Timing): void {
    this.#metrics.onFinished(promptTokens, timing);
  }

  protected async route(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.state === 'loading') throw loadingModel();
    if (!open.has(route) && !this.isAuthorized(request)) throw invalidKey();
    const kind = generationRoutes[route];
    if (kind !== undefined && request.method === 'POST') {
      if (this.state === 'stopping') {
        await new Promise((resolve) => response.once('close', resolve));
        return;
      }
      await this.generate(kind, request, response);
      return;
    }
    if (request.method !== 'GET') throw notFound();
    const json = (body: unknown): void => sendJson(response, 200, body, this.dialect.jsonContentType);
    switch (route) {
      case '/health':
      case '/v1/health':
        json({ status: 'ok' });
        return;
      case '/models':
      case '/v1/models':
        json(modelList(this.spec, Math.floor(this.runtime.clock.now() / 1000)));
        return;
      case '/props':
        json(properties(this.spec));
        return;
      case '/slots':
        json(slots(this.spec, this.core.running));
        return;
      case '/metrics': {
        if (this.spec.metrics !== true) throw noMetrics();
        const text = this.#metrics.render();
        response
          .writeHead(200, { 'content-type': 'text/plain; version=0.0.4', 'content-length': Buffer.byteLength(text) })
          .end(text);
        return;
      }
      default:
        throw notFound();
    }
  }
}
