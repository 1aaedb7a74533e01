import { HttpError } from '../openai/dialect.ts';

/** Answers of vLLM's OpenAI server that are not 200; the bodies are those of vLLM 0.32. */
function openAiError(status: number, type: string, message: string, param: string | null = null): HttpError {
  return new HttpError(status, message, { error: { message, type, param, code: status } });
}

export function modelNotFound(model: string, servedNames: readonly string[]): HttpError {
  const message = `The model \`${model}\` does not exist. Valid aliases: ${servedNames.join(', ')}.`;
  return openAiError(404, 'NotFoundError', message, 'model');
}

export function invalidJson(complaint: string): HttpError {
  const detail = `[{'type': 'json_invalid', 'loc': ('body', 0), 'msg': 'JSON decode error', 'input': {}, 'ctx': {'error': '${complaint}'}}]`;
  return openAiError(400, 'Bad Request', detail);
}

/** A field that is missing or of the wrong type, as pydantic reports it. */
export function invalidField(field: string, type: string, message: string): HttpError {
  return openAiError(400, 'Bad Request', `[{'type': '${type}', 'loc': ('body', '${field}'), 'msg': '${message}'}]`);
}

export function badRequest(message: string, param: string | null = null): HttpError {
  return openAiError(400, 'BadRequestError', message, param);
}

export function contextExceeded(maxModelLen: number, outputTokens: number, inputTokens: number): HttpError {
  return badRequest(
    `This model's maximum context length is ${maxModelLen} tokens. However, you requested ${outputTokens} output tokens and ` +
      `your prompt contains at least ${inputTokens} input tokens, for a total of at least ${outputTokens + inputTokens} tokens. ` +
      'Please reduce the length of the input prompt or the number of requested output tokens.',
    'input_tokens',
  );
}

export function unauthorized(): HttpError {
  return new HttpError(401, 'Unauthorized', { error: 'Unauthorized' });
}

export function notFound(): HttpError {
  return openAiError(404, 'NotFoundError', 'Not Found');
}

export function methodNotAllowed(): HttpError {
  return openAiError(405, 'Method Not Allowed', 'Method Not Allowed');
}

export function unsupportedMediaType(): HttpError {
  return openAiError(415, 'Unsupported Media Type', "Unsupported Media Type: Only 'application/json' is allowed");
}

export function internalError(message: string): HttpError {
  return openAiError(500, 'InternalServerError', message);
}
