import { HttpError } from '../openai/dialect.ts';
import type { Dialect, Envelope, StreamEvents } from '../openai/dialect.ts';
import type { Timing } from '../core.ts';
import type { Generation } from '../openai/generation.ts';

const FINGERPRINT = 'b11669-Debian';

function error(status: number, type: string, message: string, more: object = {}): HttpError {
  return new HttpError(status, message, { error: { code: status, message, type, ...more } });
}

const invalidRequest = (message: string): HttpError => error(400, 'invalid_request_error', message);

export const notFound = (): HttpError => error(404, 'not_found_error', 'File Not Found');
export const loadingModel = (): HttpError => error(503, 'unavailable_error', 'Loading model');
export const invalidKey = (): HttpError => error(401, 'authentication_error', 'Invalid API Key');
export const noMetrics = (): HttpError =>
  error(501, 'not_supported_error', 'This server does not support metrics endpoint. Start it with `--metrics`');

function usage({ promptTokens, tokens }: Generation): object {
  return {
    completion_tokens: tokens.length,
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + tokens.length,
    prompt_tokens_details: { cached_tokens: 0 },
  };
}

function timings({ promptTokens }: Generation, { prefill, decode, tokens }: Timing): object {
  const [promptMs, predictedMs] = [prefill * 1000, decode * 1000];
  const rate = (count: number, seconds: number): number => (seconds > 0 ? count / seconds : 0);
  return {
    cache_n: 0,
    prompt_n: promptTokens,
    prompt_ms: promptMs,
    prompt_per_token_ms: promptMs / promptTokens,
    prompt_per_second: rate(promptTokens, prefill),
    predicted_n: tokens,
    predicted_ms: predictedMs,
    predicted_per_token_ms: predictedMs / Math.max(1, tokens - 1),
    predicted_per_second: rate(tokens, decode),
  };
}

function split({ tokens, reasoningTokens }: Generation): { content: string; reasoning_content?: string } {
  const content = tokens.slice(reasoningTokens).join('');
  return reasoningTokens === 0
    ? { content }
    : { content, reasoning_content: tokens.slice(0, reasoningTokens).join('') };
}

/** It answers with its own name, whatever the request said. */
function head({ kind }: Generation, { id, created }: Envelope, model: string, chunk = false): object {
  const object = kind === 'completion' ? 'text_completion' : chunk ? 'chat.completion.chunk' : 'chat.completion';
  return { created, model, system_fingerprint: FINGERPRINT, object, id };
}

/** OpenAI's API as llama-server 0.7.0 speaks it: it looks neither at content types nor at model names. */
export function llamaDialect(servedName: string): Dialect {
  const chatEvents = (generation: Generation, envelope: Envelope): StreamEvents => {
    const event = (delta: object, reason: string | null = null): object => ({
      choices: [{ finish_reason: reason, index: 0, delta }],
      ...head(generation, envelope, servedName, true),
    });
    return {
      first: () => [event({ role: 'assistant', content: null })],
      token: (text, index) => [
        event(index < generation.reasoningTokens ? { reasoning_content: text } : { content: text }),
      ],
      end: (timing) => {
        const times = { timings: timings(generation, timing) };
        const last = event({}, generation.finishReason);
        if (!generation.includeUsage) return [{ ...last, ...times }];
        return [
          last,
          { choices: [], ...head(generation, envelope, servedName, true), usage: usage(generation), ...times },
        ];
      },
    };
  };
  const completionEvents = (generation: Generation, envelope: Envelope): StreamEvents => {
    const event = (text: string, reason: string | null = null): object => ({
      choices: [{ text, index: 0, logprobs: null, finish_reason: reason }],
      ...head(generation, envelope, servedName),
    });
    return {
      first: () => [],
      token: (text) => [event(text)],
      end: (timing) => [
        { ...event('', generation.finishReason), usage: usage(generation), timings: timings(generation, timing) },
      ],
    };
  };
  return {
    jsonContentType: 'application/json; charset=utf-8',
    streamContentType: 'text/event-stream',
    clipsToContext: true,
    refuseContentType: () => undefined,
    invalidJson: (text) =>
      invalidRequest(
        `[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing object key - invalid literal; last read: '${text.slice(0, 2)}'; expected string literal`,
      ),
    notAnObject: () => invalidRequest('[json.exception.type_error.304] cannot use at() with array'),
    modelNotFound: () => undefined,
    missing: (field) =>
      invalidRequest(
        field === 'messages' ? "'messages' is required" : `[json.exception.out_of_range.403] key '${field}' not found`,
      ),
    wrongType: (field, expected, value) => {
      if (field === 'messages') return invalidRequest("Expected 'messages' to be an array");
      if (field === 'prompt') {
        return invalidRequest(
          '"prompt" elements must be a string, a list of tokens, a JSON object containing a prompt string, or a list of mixed strings & tokens.',
        );
      }
      const wanted = expected === 'integer' ? 'number' : expected;
      return invalidRequest(
        `Field '${field}': [json.exception.type_error.302] type must be ${wanted}, but is ${typeof value}`,
      );
    },
    emptyMessages: () => undefined,
    missingRole: (message) =>
      error(500, 'server_error', `Failed to parse messages: Missing 'role' in message: ${JSON.stringify(message)}`),
    badRequest: invalidRequest,
    contextExceeded: (maxModelLen, _, inputTokens) =>
      error(
        400,
        'exceed_context_size_error',
        `request (${inputTokens} tokens) exceeds the available context size (${maxModelLen} tokens), try increasing it`,
        { n_prompt_tokens: inputTokens, n_ctx: maxModelLen },
      ),
    internalError: (message) => error(500, 'server_error', message),
    idOf: (_, number) => `chatcmpl-${number.padEnd(32, '0')}`,
    full: (generation, envelope, timing) => ({
      choices: [
        generation.kind === 'chat'
          ? { finish_reason: generation.finishReason, index: 0, message: { role: 'assistant', ...split(generation) } }
          : { text: generation.tokens.join(''), index: 0, logprobs: null, finish_reason: generation.finishReason },
      ],
      ...head(generation, envelope, servedName),
      usage: usage(generation),
      timings: timings(generation, timing),
    }),
    events: (generation, envelope) =>
      generation.kind === 'chat' ? chatEvents(generation, envelope) : completionEvents(generation, envelope),
  };
}
