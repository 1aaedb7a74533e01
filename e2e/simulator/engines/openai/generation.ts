import { answerTokens, thoughtTokens, tokenize } from '../text.ts';
import type { EngineSpec } from '../types.ts';
import type { Dialect } from './dialect.ts';

export type GenerationKind = 'chat' | 'completion';

/** A generation request, read and answered; what is left is to emit the tokens one by one. */
export interface Generation {
  readonly kind: GenerationKind;
  /** As the client spelled it. */
  readonly model: string;
  readonly promptTokens: number;
  readonly maxTokens: number;
  readonly tokens: readonly string[];
  /** This many tokens at the beginning are reasoning that the server takes out of the content. */
  readonly reasoningTokens: number;
  readonly finishReason: 'stop' | 'length';
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** Tokens that a chat template puts around each message. */
const tokensPerMessage = 4;

/**
 * Reads the body of /v1/completions or /v1/chat/completions.
 *
 * @throws HttpError as the engine answers a bad one.
 */
export function planGeneration(
  kind: GenerationKind,
  body: Readonly<Record<string, unknown>>,
  engine: EngineSpec,
  dialect: Dialect,
  answer: { readonly seed: number; readonly wrong: boolean },
): Generation {
  const model = body['model'] ?? engine.servedNames[0] ?? engine.model;
  if (typeof model !== 'string') throw dialect.wrongType('model', 'string', model);
  if (!engine.servedNames.includes(model)) {
    const refusal = dialect.modelNotFound(model, engine.servedNames);
    if (refusal !== undefined) throw refusal;
  }
  if ((body['n'] ?? 1) !== 1) throw dialect.badRequest('This simulator answers with one choice: n must be 1.', 'n');

  const { prompt, promptTokens } =
    kind === 'chat' ? chatPrompt(body['messages'], dialect) : completionPrompt(body['prompt'], dialect);
  const requested =
    positiveInteger(body, 'max_completion_tokens', dialect) ?? positiveInteger(body, 'max_tokens', dialect);
  const room = engine.maxModelLen - promptTokens;
  const byDefault = kind === 'chat' ? room : Math.min(dialect.defaultCompletionTokens ?? room, room);
  const asked = requested ?? byDefault;
  const maxTokens = dialect.clipsToContext ? Math.min(asked, room) : asked;
  if (room < 1 || maxTokens > room) {
    throw dialect.contextExceeded(engine.maxModelLen, Math.max(1, maxTokens), promptTokens);
  }

  const question = { seed: answer.seed, model: engine.model, prompt, wrong: answer.wrong };
  const reasons = kind === 'chat' && engine.reasoning !== 'none';
  const thought = reasons ? thoughtTokens(question) : [];
  const before =
    engine.reasoning === 'parsed' ? thought : reasons ? ['<think>', '\n', ...thought, '\n', '</think>', '\n\n'] : [];
  const natural = [...before, ...answerTokens(question)];
  const full = body['ignore_eos'] === true ? repeatTo(natural, maxTokens) : natural;
  const tokens = full.slice(0, maxTokens);
  const options = body['stream_options'];
  return {
    kind,
    model,
    promptTokens,
    maxTokens,
    tokens,
    reasoningTokens: engine.reasoning === 'parsed' ? Math.min(thought.length, tokens.length) : 0,
    finishReason: natural.length > maxTokens || body['ignore_eos'] === true ? 'length' : 'stop',
    stream: body['stream'] === true,
    includeUsage:
      typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true,
  };
}

function repeatTo(tokens: readonly string[], length: number): string[] {
  return Array.from({ length }, (_, index) => tokens[index % tokens.length] ?? '');
}

function completionPrompt(prompt: unknown, dialect: Dialect): { prompt: string; promptTokens: number } {
  if (prompt === undefined) throw dialect.missing('prompt');
  if (typeof prompt === 'string') return { prompt, promptTokens: Math.max(1, tokenize(prompt).length) };
  if (Array.isArray(prompt) && prompt.length === 1 && typeof prompt[0] === 'string') {
    return completionPrompt(prompt[0], dialect);
  }
  if (Array.isArray(prompt) && prompt.length > 0 && prompt.every((token) => Number.isInteger(token))) {
    return { prompt: prompt.join(' '), promptTokens: prompt.length };
  }
  throw dialect.wrongType('prompt', 'string', prompt);
}

function chatPrompt(messages: unknown, dialect: Dialect): { prompt: string; promptTokens: number } {
  if (messages === undefined) throw dialect.missing('messages');
  if (!Array.isArray(messages)) throw dialect.wrongType('messages', 'array', messages);
  const empty = messages.length === 0 ? dialect.emptyMessages() : undefined;
  if (empty !== undefined) throw empty;
  const contents = messages.map((message: unknown) => {
    if (typeof message !== 'object' || message === null || !('role' in message) || typeof message.role !== 'string') {
      throw dialect.missingRole(message);
    }
    return 'content' in message ? contentText(message.content) : '';
  });
  const promptTokens = contents.reduce((sum, content) => sum + tokenize(content).length + tokensPerMessage, 0);
  return { prompt: contents.join('\n'), promptTokens };
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) =>
      typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string' ? part.text : '',
    )
    .join('');
}

/** llama.cpp reads -1 as no limit; elsewhere it is refused with everything else below 1. */
function positiveInteger(body: Readonly<Record<string, unknown>>, field: string, dialect: Dialect): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw dialect.wrongType(field, 'integer', value);
  if (value === -1 && dialect.clipsToContext) return undefined;
  if (value < 1) throw dialect.badRequest(`${field} must be at least 1, got ${value}.`, field);
  return value;
}
