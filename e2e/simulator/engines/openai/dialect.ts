import type { Timing } from '../core.ts';
import type { Generation, GenerationKind } from './generation.ts';

/** An answer that is not 200, with the body that the engine gives it. */
export class HttpError extends Error {
  readonly status: number;
  readonly body: object;

  constructor(status: number, message: string, body: object) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.body = body;
  }
}

export interface Envelope {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
}

/** The events of one stream: objects that become `data:` lines; `[DONE]` follows them. */
export interface StreamEvents {
  first(): readonly object[];
  token(text: string, index: number): readonly object[];
  /** After the last token. `timing` tells what the request took. */
  end(timing: Timing): readonly object[];
}

/** How an engine speaks OpenAI's API where the engines differ: its bodies, its refusals, its leniences. */
export interface Dialect {
  readonly jsonContentType: string;
  readonly streamContentType: string;
  /** Tokens of a completion whose request names no limit; absent: as many as the context has room for. */
  readonly defaultCompletionTokens?: number;
  /** Whether a limit beyond the context is lowered to it; else it is refused. */
  readonly clipsToContext: boolean;
  /** Refuses a content type, or undefined when any will do. */
  refuseContentType(contentType: string): HttpError | undefined;
  invalidJson(text: string): HttpError;
  notAnObject(kind: GenerationKind): HttpError;
  /** Refuses a name that is not served, or undefined when the engine does not look at names. */
  modelNotFound(model: string, servedNames: readonly string[]): HttpError | undefined;
  missing(field: string): HttpError;
  wrongType(field: string, expected: 'string' | 'array' | 'integer', value: unknown): HttpError;
  /** Refuses a chat without messages, or undefined. */
  emptyMessages(): HttpError | undefined;
  missingRole(message: unknown): HttpError;
  badRequest(message: string, field: string): HttpError;
  contextExceeded(maxModelLen: number, outputTokens: number, inputTokens: number): HttpError;
  /** Anything that goes wrong in the engine. */
  internalError(message: string): HttpError;
  idOf(kind: GenerationKind, number: string): string;
  /** The body of a request without `stream`. */
  full(generation: Generation, envelope: Envelope, timing: Timing): object;
  events(generation: Generation, envelope: Envelope): StreamEvents;
}
