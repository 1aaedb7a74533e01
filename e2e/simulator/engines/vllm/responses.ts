import type { Envelope, StreamEvents } from '../openai/dialect.ts';
import type { Generation } from '../openai/generation.ts';

interface Usage {
  readonly prompt_tokens: number;
  readonly total_tokens: number;
  readonly completion_tokens: number;
}

export function usage(generation: Generation, made: number): Usage {
  return {
    prompt_tokens: generation.promptTokens,
    total_tokens: generation.promptTokens + made,
    completion_tokens: made,
  };
}

/** The body of a request without `stream`. */
export function fullResponse(generation: Generation, { id, created }: Envelope): object {
  const { kind, model, tokens, reasoningTokens, finishReason } = generation;
  const text = tokens.slice(reasoningTokens).join('');
  const reasoning = reasoningTokens === 0 ? null : tokens.slice(0, reasoningTokens).join('');
  const common = { index: 0, logprobs: null, finish_reason: finishReason, stop_reason: null };
  const choice =
    kind === 'chat'
      ? { ...common, message: { role: 'assistant', content: text, refusal: null, tool_calls: [], reasoning } }
      : { ...common, text, prompt_logprobs: null };
  return {
    id,
    object: kind === 'chat' ? 'chat.completion' : 'text_completion',
    created,
    model,
    choices: [choice],
    usage: usage(generation, tokens.length),
  };
}

/** The events of a stream. The first chat event carries the role; the last token of a completion its finish reason. */
export function streamEvents(generation: Generation, { id, created }: Envelope): StreamEvents {
  const { kind, model, reasoningTokens, finishReason, tokens } = generation;
  const object = kind === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  const event = (choices: readonly object[], extra: object = {}): object => ({
    id,
    object,
    created,
    model,
    choices,
    ...extra,
  });
  const choice = (content: object, reason: string | null): object => ({
    index: 0,
    ...content,
    logprobs: null,
    finish_reason: reason,
    ...(kind === 'completion' && { stop_reason: null }),
  });
  return {
    first: (): object[] =>
      kind === 'chat' ? [event([choice({ delta: { role: 'assistant', content: '' } }, null)])] : [],
    token: (text: string, index: number): object[] => {
      const reason = index === tokens.length - 1 ? finishReason : null;
      if (kind === 'completion') return [event([choice({ text }, reason)])];
      return [event([choice({ delta: index < reasoningTokens ? { reasoning: text } : { content: text } }, reason)])];
    },
    end: () => (generation.includeUsage ? [event([], { usage: usage(generation, tokens.length) })] : []),
  };
}
