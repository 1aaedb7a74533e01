import type { Timing } from '../core.ts';
import { HttpError } from './dialect.ts';
import type { Dialect, Envelope, StreamEvents } from './dialect.ts';
import type { Generation } from './generation.ts';

/** The members that an engine adds to those of OpenAI's answers. */
export interface Extras {
  readonly message: object;
  readonly choice: object;
  readonly usage: object;
  readonly response: object;
}

/** What SGLang and TensorRT-LLM, both made after vLLM's early server, say in the same way: errors without an envelope. */
export function flatError(status: number, type: string, message: string, param: string | null = null): HttpError {
  return new HttpError(status, message, { object: 'error', message, type, param, code: status });
}

/** FastAPI's own answers. */
export const notFound = (): HttpError => new HttpError(404, 'Not Found', { detail: 'Not Found' });
export const methodNotAllowed = (): HttpError =>
  new HttpError(405, 'Method Not Allowed', { detail: 'Method Not Allowed' });

type Refusals = Pick<Dialect, 'refuseContentType' | 'contextExceeded'> & {
  /** A body that FastAPI or pydantic refuses. */
  readonly invalid: (message: string) => HttpError;
};

/** Such an engine's dialect. Neither looks at the name of the model. */
export function flatDialect({ invalid, refuseContentType, contextExceeded }: Refusals, extras: Extras): Dialect {
  const missing = (field: string): HttpError =>
    invalid(`[{'type': 'missing', 'loc': ('body', '${field}'), 'msg': 'Field required'}]`);
  return {
    jsonContentType: 'application/json',
    streamContentType: 'text/event-stream; charset=utf-8',
    defaultCompletionTokens: 16,
    clipsToContext: false,
    refuseContentType,
    contextExceeded,
    invalidJson: () => invalid("[{'type': 'json_invalid', 'loc': ('body', 1), 'msg': 'JSON decode error'}]"),
    notAnObject: () =>
      invalid("[{'type': 'model_attributes_type', 'loc': ('body',), 'msg': 'Input should be a valid dictionary'}]"),
    modelNotFound: () => undefined,
    missing,
    wrongType: (field, expected) =>
      invalid(
        `[{'type': '${expected}_type', 'loc': ('body', '${field}'), 'msg': 'Input should be a valid ${expected}'}]`,
      ),
    emptyMessages: () => flatError(400, 'BadRequestError', 'Messages cannot be empty.'),
    missingRole: () => missing('messages'),
    badRequest: (message) => flatError(400, 'BadRequestError', message),
    internalError: (message) => flatError(500, 'InternalServerError', message),
    idOf: (kind, number) => `${kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${number}`,
    full: (generation, envelope) => full(generation, envelope, extras),
    events: (generation, envelope) => events(generation, envelope, extras),
  };
}

function usage({ promptTokens, tokens }: Generation, extras: Extras): object {
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + tokens.length,
    completion_tokens: tokens.length,
    ...extras.usage,
  };
}

function full(generation: Generation, { id, created }: Envelope, extras: Extras): object {
  const { kind, model, tokens, reasoningTokens, finishReason } = generation;
  const text = tokens.slice(reasoningTokens).join('');
  const reasoning = reasoningTokens === 0 ? null : tokens.slice(0, reasoningTokens).join('');
  const message = { role: 'assistant', content: text, reasoning_content: reasoning, ...extras.message };
  const choice = {
    index: 0,
    ...(kind === 'chat' ? { message } : { text }),
    logprobs: null,
    finish_reason: finishReason,
    ...extras.choice,
  };
  const object = kind === 'chat' ? 'chat.completion' : 'text_completion';
  return { id, object, created, model, choices: [choice], usage: usage(generation, extras), ...extras.response };
}

function events(generation: Generation, { id, created }: Envelope, extras: Extras): StreamEvents {
  const { kind, model, tokens, reasoningTokens, finishReason, includeUsage } = generation;
  const object = kind === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  const event = (choices: readonly object[], counted: object | null = null): object => ({
    id,
    object,
    created,
    model,
    choices,
    usage: counted,
  });
  const choice = (content: object, reason: string | null): object => ({
    index: 0,
    ...content,
    logprobs: null,
    finish_reason: reason,
    ...extras.choice,
  });
  const delta = (content: object): object => ({
    delta: { role: null, content: null, reasoning_content: null, ...content },
  });
  return {
    first: () => (kind === 'chat' ? [event([choice(delta({ role: 'assistant', content: '' }), null)])] : []),
    token: (text, index) => {
      if (kind === 'completion') return [event([choice({ text }, index === tokens.length - 1 ? finishReason : null)])];
      return [event([choice(delta(index < reasoningTokens ? { reasoning_content: text } : { content: text }), null)])];
    },
    end: (_timing: Timing) => [
      ...(kind === 'chat' ? [event([choice(delta({}), finishReason)])] : []),
      ...(includeUsage ? [event([], usage(generation, extras))] : []),
    ],
  };
}
