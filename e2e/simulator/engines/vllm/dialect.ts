import type { Dialect } from '../openai/dialect.ts';
import {
  badRequest,
  contextExceeded,
  internalError,
  invalidField,
  invalidJson,
  modelNotFound,
  unsupportedMediaType,
} from './errors.ts';
import { fullResponse, streamEvents } from './responses.ts';

/** pydantic's names of the types that it misses. */
const wrongTypes = {
  string: { type: 'string_type', message: 'Input should be a valid string' },
  array: { type: 'list_type', message: 'Input should be a valid list' },
  integer: { type: 'int_parsing', message: 'Input should be a valid integer' },
};

/** OpenAI's API as vLLM 0.32 speaks it. */
export const vllmDialect: Dialect = {
  jsonContentType: 'application/json',
  streamContentType: 'text/event-stream; charset=utf-8',
  /** OpenAI's own default for `max_tokens` of /v1/completions; a chat may fill the context. */
  defaultCompletionTokens: 16,
  clipsToContext: false,
  refuseContentType: (type) => (/^application\/json\b/.test(type) ? undefined : unsupportedMediaType()),
  invalidJson: () => invalidJson('Expecting value'),
  notAnObject: () => invalidJson('Input should be a valid dictionary'),
  modelNotFound,
  missing: (field) => invalidField(field, 'missing', 'Field required'),
  wrongType: (field, expected) => invalidField(field, wrongTypes[expected].type, wrongTypes[expected].message),
  emptyMessages: () => badRequest('List should have at least 1 item after validation, not 0', 'messages'),
  missingRole: () => invalidField('messages', 'missing', 'Field required'),
  badRequest,
  contextExceeded,
  internalError,
  idOf: (kind, number) => `${kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${number}`,
  full: fullResponse,
  events: streamEvents,
};
