import { AnswerReader } from './answer.ts';
import type { PromptSample } from '../rollout/measurements.ts';
import type { Clock } from './clock.ts';
import type { EngineEndpoint, Resolve } from './endpoint.ts';
import { BoundedHttp, type HttpFailure, type HttpOutcome, type HttpRequest } from './http.ts';
import { type MetricsResult, scrapeReader } from './metrics.ts';
import { oneLine } from './words.ts';

export interface Prompt {
  readonly prompt: string;
  /** Tokens of the answer at most. */
  readonly maxTokens: number;
  /** For the whole answer, milliseconds. */
  readonly timeoutMs: number;
  /** The answer goes on to `maxTokens` whatever it says, so that answers are of equal length. Default: false. */
  readonly fixedLength?: boolean;
}

/** One answer: what it took, and what it says. */
export interface Generation {
  readonly sample: PromptSample;
  /** Without what the model thought (`<think>`, `reasoning_content`); of a failed request what came until then. */
  readonly text: string;
  /** How it failed, when it did not fail in the engine's own words. */
  readonly failure?: HttpFailure | 'Answer';
}

export interface EngineClientOptions {
  readonly clock: Clock;
  /** Default: addresses are what they are. */
  readonly resolve?: Resolve;
  /** How long a scrape of metrics may take, milliseconds. Default 5,000. */
  readonly scrapeTimeoutMs?: number;
}

/** An event of one token is some 300 bytes; 8 MiB are some 28,000 tokens. */
const MAX_ANSWER_BYTES = 8 * 2 ** 20;
/** vLLM's are some 100 KiB for one model. */
const MAX_METRICS_BYTES = 8 * 2 ** 20;
const SCRAPE_TIMEOUT_MS = 5_000;

/**
 * Asks engines in pods, by pod address and never through a proxy. What goes wrong with them is a sample or a result with
 * its reason; only an aborted signal throws.
 */
export class EngineClient {
  readonly #clock: Clock;
  readonly #resolve: Resolve;
  readonly #scrapeTimeoutMs: number;
  readonly #http: BoundedHttp;

  constructor({ clock, resolve, scrapeTimeoutMs = SCRAPE_TIMEOUT_MS }: EngineClientOptions) {
    this.#clock = clock;
    this.#resolve = resolve ?? ((host, port) => ({ host, port }));
    this.#scrapeTimeoutMs = scrapeTimeoutMs;
    this.#http = new BoundedHttp(clock);
  }

  /**
   * One streamed answer at temperature 0. It is asked for as a chat, as users do, so that the chat template and the
   * reasoning parser are part of what is tried; a model without a chat template (a base model) completes the text instead.
   *
   * @throws the signal's reason when it aborts.
   */
  async generate(endpoint: EngineEndpoint, prompt: Prompt, signal: AbortSignal): Promise<Generation> {
    const begun = this.#clock.monotonic();
    const chat = await this.#generate(endpoint, prompt, 'chat', prompt.timeoutMs, signal);
    const left = prompt.timeoutMs - (this.#clock.monotonic() - begun);
    if (chat.failure !== 'Status' || !/chat[ _]?template/i.test(chat.sample.error ?? '') || left <= 0) return chat;
    return this.#generate(endpoint, prompt, 'completion', left, signal);
  }

  /**
   * The engine's own metrics.
   *
   * @throws the signal's reason when it aborts.
   */
  async scrape(endpoint: EngineEndpoint, signal: AbortSignal): Promise<MetricsResult> {
    const reader = scrapeReader(endpoint.engine);
    const request = { method: 'GET', path: endpoint.metricsPath, maxBytes: MAX_METRICS_BYTES } as const;
    const headers = { accept: 'text/plain;version=0.0.4' };
    const outcome = await this.#send(
      endpoint,
      { ...request, headers, limitMs: this.#scrapeTimeoutMs },
      (chunk) => reader.push(chunk),
      signal,
    );
    return outcome.ok ? reader.result() : { ok: false, error: outcome.error };
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#http.close();
  }

  async #generate(
    endpoint: EngineEndpoint,
    { prompt, maxTokens, fixedLength }: Prompt,
    kind: 'chat' | 'completion',
    limitMs: number,
    signal: AbortSignal,
  ): Promise<Generation> {
    const input = kind === 'chat' ? { messages: [{ role: 'user', content: prompt }] } : { prompt };
    const body = JSON.stringify({
      model: endpoint.model,
      ...input,
      max_tokens: maxTokens,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
      // All four know it: vLLM, SGLang and llama-server by their own documentation, TensorRT-LLM by
      // tensorrt_llm/serve/openai_protocol.py@0076e939, which refuses fields that it does not know.
      ...(fixedLength === true && { ignore_eos: true }),
    });
    const path = kind === 'chat' ? '/v1/chat/completions' : '/v1/completions';
    const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
    const request = { method: 'POST', path, headers, body, limitMs, maxBytes: MAX_ANSWER_BYTES } as const;
    const now = (): number => this.#clock.monotonic();
    const reader = new AnswerReader(now, endpoint.apiKey);
    const begun = now();
    const outcome = await this.#send(endpoint, request, (chunk) => reader.push(chunk), signal);
    return generation(reader, outcome, begun, now());
  }

  async #send(
    endpoint: EngineEndpoint,
    request: Omit<HttpRequest, 'origin' | 'secret'>,
    consume: (chunk: Buffer) => boolean,
    signal: AbortSignal,
  ): Promise<HttpOutcome> {
    let origin: string;
    try {
      const { host, port } = this.#resolve(endpoint.host, endpoint.port);
      origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    } catch (error) {
      return { ok: false, failure: 'Connection', error: `no address: ${oneLine(String(error))}` };
    }
    // Secrets are often made from files, with the newline at their end.
    const apiKey = endpoint.apiKey?.trim();
    const secret = apiKey === undefined || apiKey === '' ? {} : { secret: apiKey };
    const authorization = 'secret' in secret ? { authorization: `Bearer ${secret.secret}` } : {};
    const headers = { ...request.headers, ...authorization };
    return this.#http.send({ ...request, ...secret, origin, headers }, consume, signal);
  }
}

function generation(reader: AnswerReader, outcome: HttpOutcome, begun: number, ended: number): Generation {
  const { firstAt, lastAt, endAt, outputTokens, text } = reader;
  const failure = outcome.ok ? (reader.error === undefined ? undefined : ('Answer' as const)) : outcome.failure;
  if (failure !== undefined || firstAt === undefined || lastAt === undefined) {
    const error = outcome.ok ? answerError(reader, outcome.contentType) : outcome.error;
    const unreachable = !outcome.ok && outcome.failure === 'Connection' && { unreachable: true };
    const sample = { ok: false, error, ...unreachable, timeToFirstToken: 0, timePerOutputToken: 0, outputTokens };
    return { sample: { ...sample, requestLatency: (ended - begun) / 1000 }, text, failure: failure ?? 'Answer' };
  }
  const timePerOutputToken = outputTokens > 1 ? (lastAt - firstAt) / 1000 / (outputTokens - 1) : 0;
  const timeToFirstToken = (firstAt - begun) / 1000;
  const requestLatency = ((endAt ?? ended) - begun) / 1000;
  return { sample: { ok: true, timeToFirstToken, timePerOutputToken, requestLatency, outputTokens }, text };
}

function answerError({ error, firstAt }: AnswerReader, contentType: string): string {
  const words = error ?? 'the answer has no token';
  const isStream = contentType === '' || contentType.startsWith('text/event-stream');
  return isStream || firstAt !== undefined ? words : `${words} (${oneLine(contentType, undefined, 60)})`;
}
