import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Timing } from '../core.ts';
import { HttpError } from '../openai/dialect.ts';
import { flatDialect, flatError, methodNotAllowed, notFound } from '../openai/flat-dialect.ts';
import type { Generation } from '../openai/generation.ts';
import { sendEmpty, sendJson } from '../openai/http.ts';
import { OpenAIServer, generationRoutes } from '../openai/server.ts';
import type { HttpRecord } from '../openai/server.ts';
import type { EngineRuntime, EngineSpec } from '../types.ts';
import { TensorRTLLMMetrics } from './metrics.ts';

/** TIMEOUT_KEEP_ALIVE of tensorrt_llm/serve/openai_server.py@00057725. */
const keepAliveMilliseconds = 5_000;
const VERSION = '1.3.0rc23';

const gets = new Set(['/health', '/health_generate', '/version', '/v1/models', '/metrics', '/prometheus/metrics']);

const dialect = flatDialect(
  {
    invalid: (message) => new HttpError(400, message, { error: message }),
    refuseContentType: () => undefined,
    contextExceeded: (maxModelLen, outputTokens, inputTokens) =>
      flatError(
        400,
        'BadRequestError',
        `The sum of prompt length (${inputTokens}) and max_tokens (${outputTokens}) should not exceed max_seq_len (${maxModelLen})`,
      ),
  },
  {
    message: { tool_calls: [] },
    choice: { stop_reason: null, disaggregated_params: null },
    usage: { prompt_tokens_details: null },
    response: {},
  },
);

/** trtllm-serve on one address, from the moment at which its model is loaded. */
export class TensorRTLLMServer extends OpenAIServer {
  protected readonly dialect = dialect;
  readonly #metrics: TensorRTLLMMetrics;

  constructor(spec: EngineSpec, runtime: EngineRuntime) {
    super(spec, runtime, keepAliveMilliseconds);
    this.#metrics = new TensorRTLLMMetrics(spec, this.core);
  }

  /**
   * As uvicorn does it (not measured with trtllm-serve, and not documented): no new connections, idle ones are closed,
   * running requests complete, without a limit of its own.
   */
  async terminate(graceSeconds: number): Promise<number> {
    this.stopping();
    this.stopListening();
    await this.untilIdle(graceSeconds);
    await this.kill();
    return 0;
  }

  protected override onGenerated({ promptTokens, finishReason }: Generation, timing: Timing, completed: boolean): void {
    if (completed) this.#metrics.onFinished(promptTokens, timing, finishReason);
  }

  protected override onHttp({ route, status }: HttpRecord): void {
    if (route in generationRoutes && status >= 400) this.#metrics.onError(status);
  }

  protected async route(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const kind = generationRoutes[route];
    if (kind !== undefined) {
      if (request.method !== 'POST') throw methodNotAllowed();
      await this.generate(kind, request, response);
      return;
    }
    if (!gets.has(route) || (route === '/prometheus/metrics' && this.spec.metrics !== true)) throw notFound();
    if (request.method !== 'GET') throw methodNotAllowed();
    if (route === '/version') sendJson(response, 200, { version: VERSION });
    else if (route === '/v1/models') sendJson(response, 200, this.#models());
    else if (route === '/metrics') sendJson(response, 200, this.#iterations());
    else if (route === '/prometheus/metrics') {
      response.setHeader('content-type', this.#metrics.contentType);
      response.end(await this.#metrics.render());
    } else sendEmpty(response, 200);
  }

  #models(): object {
    const created = Math.floor(this.runtime.clock.now() / 1000);
    const [id = this.spec.model] = this.spec.servedNames;
    return { object: 'list', data: [{ id, object: 'model', created, owned_by: 'tensorrt_llm' }] };
  }

  /** Statistics of the last iterations, as JSON: its /metrics is no Prometheus endpoint. */
  #iterations(): object[] {
    const { running, waiting } = this.core;
    if (running === 0) return [];
    return [
      { iter: 0, numActiveRequests: running, numQueuedRequests: waiting, maxNumActiveRequests: this.spec.maxNumSeqs },
    ];
  }
}
