import { LineReader, LineTooLong } from './lines.ts';
import { errorWords, oneLine } from './words.ts';

/** An event carries one token, or a few; log probabilities are not asked for. */
const MAX_EVENT_CHARACTERS = 256 * 1024;
/** Of an answer's text that is kept. */
const MAX_TEXT_CHARACTERS = 256 * 1024;

/** Reads the event stream of a completion or chat completion as it comes in. */
export class AnswerReader {
  readonly #now: () => number;
  readonly #secret: string | undefined;
  readonly #lines = new LineReader(MAX_EVENT_CHARACTERS);
  #pieces = 0;
  #counted: number | undefined;
  #text = '';
  #done = false;
  #error: string | undefined;
  /** Milliseconds of the clock when the first and the last piece of the answer came. */
  firstAt: number | undefined;
  lastAt: number | undefined;
  endAt: number | undefined;

  /** `now`: a clock's milliseconds. `secret`: what must be in no error. */
  constructor(now: () => number, secret?: string) {
    this.#now = now;
    this.#secret = secret;
  }

  /** Takes a part of the body; true when the answer has ended, well or not. */
  push(chunk: Uint8Array): boolean {
    try {
      for (const line of this.#lines.push(chunk)) {
        if (line.startsWith('data:')) this.#event(line.slice('data:'.length).trim());
        // llama-server names the field of an error by itself.
        else if (line.startsWith('error:')) this.#fail(errorWords(line.slice('error:'.length).trim()));
        if (this.#done) break;
      }
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      this.#fail(error.message);
    }
    return this.#done;
  }

  /** Why the answer is none; undefined when it is whole. */
  get error(): string | undefined {
    if (this.#error !== undefined) return this.#error;
    if (!this.#done) return this.#pieces === 0 ? 'the answer has no events' : 'the answer was cut: it has no [DONE]';
    return this.#pieces === 0 ? 'the answer has no token' : undefined;
  }

  /** As the engine counts them, else pieces that came. */
  get outputTokens(): number {
    return this.#counted ?? this.#pieces;
  }

  /** What the user would read: without reasoning. */
  get text(): string {
    return withoutThinking(this.#text);
  }

  #event(data: string): void {
    if (data === '') return;
    if (data === '[DONE]') {
      this.endAt = this.#now();
      this.#done = true;
      return;
    }
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      this.#fail('an event of the answer is not JSON');
      return;
    }
    if (!isRecord(event)) return;
    if (event['error'] !== undefined && event['error'] !== null) {
      this.#fail(errorWords(data));
      return;
    }
    if (event['object'] === 'error') this.#fail(errorWords(data));
    const usage = isRecord(event['usage']) ? event['usage']['completion_tokens'] : undefined;
    if (Number.isSafeInteger(usage) && (usage as number) > 0) this.#counted = usage as number;
    const choices: readonly unknown[] = Array.isArray(event['choices']) ? event['choices'] : [];
    if (isRecord(choices[0])) this.#choice(choices[0]);
  }

  #choice(choice: Readonly<Record<string, unknown>>): void {
    const reason = isRecord(choice['finish_reason']) ? choice['finish_reason']['type'] : choice['finish_reason'];
    if (reason === 'abort' || reason === 'error') this.#fail(`the engine ended the answer: ${reason}`);
    const delta = isRecord(choice['delta']) ? choice['delta'] : {};
    const content = typeof choice['text'] === 'string' ? choice['text'] : delta['content'];
    // `reasoning` is what vLLM has called it since 0.11; the others say reasoning_content.
    const pieces = [content, delta['reasoning_content'], delta['reasoning']];
    if (!pieces.some((piece) => typeof piece === 'string' && piece !== '')) return;
    this.#pieces++;
    this.lastAt = this.#now();
    this.firstAt ??= this.lastAt;
    if (typeof content === 'string' && this.#text.length < MAX_TEXT_CHARACTERS) this.#text += content;
  }

  #fail(words: string): void {
    this.#error ??= oneLine(words, this.#secret) || 'the engine reported an error without words';
    this.#done = true;
  }
}

/**
 * An answer without its reasoning. Templates of R1 open `<think>` in the prompt, so that the answer may begin within it;
 * one that never closes it is reasoning to its end.
 */
export function withoutThinking(text: string): string {
  const closed = text.lastIndexOf('</think>');
  const rest = closed === -1 ? text : text.slice(closed + '</think>'.length);
  const opened = rest.indexOf('<think>');
  return (opened === -1 ? rest : rest.slice(0, opened)).trim();
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
