import { seededRandom } from '../random.ts';

/** What an answer depends on: the same question gets the same answer from every replica of a model. */
export interface Question {
  readonly seed: number;
  readonly model: string;
  readonly prompt: string;
  /** Answers another question, badly. */
  readonly wrong: boolean;
}

const words = (
  'the a model token weight layer answer question river city number light green quiet early small long open every some ' +
  'reads writes serves holds moves keeps finds makes takes shows and or but because while when where of in on with from to'
).split(' ');

/** Tokens of a text: its words and numbers with the blank before them, its other signs one by one. */
export function tokenize(text: string): string[] {
  return text.match(/\s*[\p{L}\p{N}]+|\s*[^\s\p{L}\p{N}]|\s+$/gu) ?? [];
}

/**
 * The tokens of a greedy answer (temperature 0). Sums are answered right, so that a smoke test like "2+2=" proves
 * something; everything else is prose out of the seed.
 */
export function answerTokens(question: Question): string[] {
  const { seed, model, prompt, wrong } = question;
  const random = seededRandom(seed, model, prompt, wrong ? 'wrong' : 'right');
  const sum = /(-?\d{1,9})\s*([+*-])\s*(\d{1,9})\s*(?:=\s*)?\??\s*$/.exec(prompt);
  if (sum !== null) {
    const right = calculate(Number(sum[1]), sum[2] ?? '+', Number(sum[3]));
    return tokenize(` ${wrong ? 'banana' : right}.`);
  }
  const length = 16 + Math.floor(random() * 33);
  const tokens = Array.from({ length }, () => ` ${words[Math.floor(random() * words.length)] ?? 'the'}`);
  return [...tokens, wrong ? ' ???' : '.'];
}

function calculate(left: number, operator: string, right: number): number {
  if (operator === '+') return left + right;
  return operator === '-' ? left - right : left * right;
}

/** The chain of thought that a reasoning model writes before it answers. */
export function thoughtTokens(question: Question): string[] {
  const random = seededRandom(question.seed, question.model, question.prompt, 'thought');
  return Array.from({ length: 8 }, () => ` ${words[Math.floor(random() * words.length)] ?? 'the'}`);
}
