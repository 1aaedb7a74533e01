import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Timing } from '../core.ts';
import { HttpError } from '../openai/dialect.ts';
import { flatDialect, flatError, methodNotAllowed, notFound } from '../openai/flat-dialect.ts';
import type { Generation } from '../openai/generation.ts';
import { sendEmpty, sendJson } from '../openai/http.ts';
import { OpenAIServer, generationRoutes } from '../openai/server.ts';
import type { EngineRuntime, EngineSpec } from '../types.ts';
import { SglangMetrics } from './metrics.ts';

/** uvicorn's own (SGLANG_TIMEOUT_KEEP_ALIVE). */
const keepAliveMilliseconds = 5_000;
/** Its health check waits this long before it looks whether a token was made. */
const healthMilliseconds = 1_000;
/** How often the loop that ends the process looks whether requests are left. */
const drainPollSeconds = 5;

const gets = new Set(['/health', '/health_generate', '/ready', '/v1/models', '/model_info', '/metrics']);

const dialect = flatDialect(
  {
    invalid: (message) => flatError(400, 'Bad Request', message),
    refuseContentType: (type) =>
      type.toLowerCase().split(';')[0] === 'application/json'
        ? undefined
        : flatError(400, 'Bad Request', "Unsupported Media Type: Only 'application/json' is allowed"),
    contextExceeded: (maxModelLen, outputTokens, inputTokens) =>
      flatError(
        400,
        'BadRequestError',
        `Requested token count exceeds the model's maximum context length of ${maxModelLen} tokens. You requested a total of ` +
          `${outputTokens + inputTokens} tokens: ${inputTokens} tokens from the input messages and ${outputTokens} tokens for the completion. ` +
          'Please reduce the number of tokens in the input messages or the completion to fit within the limit.',
      ),
  },
  {
    message: {},
    choice: { matched_stop: null },
    usage: { prompt_tokens_details: null, reasoning_tokens: 0 },
    response: { metadata: { weight_version: 'default' } },
  },
);

/** SGLang's server on one address, from the moment at which its weights are loaded and its warm-up begins. */
export class SglangServer extends OpenAIServer {
  protected readonly dialect = dialect;
  readonly #metrics: SglangMetrics;

  constructor(spec: EngineSpec, runtime: EngineRuntime) {
    super(spec, runtime, keepAliveMilliseconds);
    this.#metrics = new SglangMetrics(spec, this.core);
  }

  /**
   * As its source says (srt/managers/tokenizer_manager.py of 0.5.23, not measured): /health is 503 from now on, everything
   * else is served on; every five seconds it looks whether a request is left, and ends when none is, without a limit.
   */
  async terminate(graceSeconds: number): Promise<number> {
    const { clock } = this.runtime;
    this.stopping();
    const begun = clock.monotonic();
    const never = new AbortController().signal;
    for (;;) {
      const rest = graceSeconds - (clock.monotonic() - begun) / 1000;
      if (rest <= 0) break;
      await clock.sleep(Math.min(drainPollSeconds, rest) * 1000, never);
      if (this.requests.inFlight === 0) break;
    }
    await this.kill();
    return 0;
  }

  protected override onToken(sinceLast: number | undefined): void {
    this.#metrics.onToken(sinceLast);
  }

  protected override onGenerated({ promptTokens, stream }: Generation, timing: Timing, completed: boolean): void {
    this.#metrics.onFinished(promptTokens, timing, stream, completed);
  }

  protected async route(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!/^\/(health|ready|metrics)/.test(route) && !this.isAuthorized(request)) {
      throw new HttpError(401, 'Unauthorized', { error: 'Unauthorized' });
    }
    const kind = generationRoutes[route];
    if (kind !== undefined) {
      if (request.method !== 'POST') throw methodNotAllowed();
      await this.generate(kind, request, response);
      return;
    }
    if (!gets.has(route) || (route === '/metrics' && this.spec.metrics !== true)) throw notFound();
    if (request.method !== 'GET') throw methodNotAllowed();
    if (route === '/v1/models') sendJson(response, 200, this.#models());
    else if (route === '/model_info') sendJson(response, 200, { model_path: this.spec.model, is_generation: true });
    else if (route === '/metrics') {
      response.setHeader('content-type', this.#metrics.contentType);
      response.end(await this.#metrics.render());
    } else await this.#health(route, response);
  }

  async #health(route: string, response: ServerResponse): Promise<void> {
    if (this.state !== 'ready') {
      sendEmpty(response, 503);
      return;
    }
    if (route !== '/ready') {
      const left = new AbortController();
      response.once('close', () => left.abort());
      await this.runtime.clock.sleep(healthMilliseconds, left.signal).catch(() => undefined);
    }
    sendEmpty(response, 200);
  }

  #models(): object {
    const created = Math.floor(this.runtime.clock.now() / 1000);
    const [id = this.spec.model] = this.spec.servedNames;
    const max_model_len = this.spec.maxModelLen;
    const card = { id, object: 'model', created, owned_by: 'sglang', root: id, parent: null, max_model_len };
    return { object: 'list', data: [card] };
  }
}
