import { describe, expect, it } from '@jest/globals';
import { answerTokens, tokenize } from './text.ts';

const question = { seed: 1, model: 'm', prompt: 'Hello', wrong: false };
const text = (changes: Partial<typeof question> = {}) => answerTokens({ ...question, ...changes }).join('');

describe('answerTokens', () => {
  it('answers the same question alike, and another one, model or seed otherwise', () => {
    expect(text()).toBe(text());
    expect(
      new Set([text(), text({ prompt: 'Bye' }), text({ model: 'n' }), text({ seed: 2 }), text({ wrong: true })]).size,
    ).toBe(5);
  });

  it.each([
    ['2+2=', '4'],
    ['What is 12 * 3?', '36'],
    ['7 - 9 =', '-2'],
  ])('knows that %s%s', (prompt, result) => {
    expect(text({ prompt })).toBe(` ${result}.`);
    expect(text({ prompt, wrong: true })).not.toContain(result);
  });
});

describe('tokenize', () => {
  it.each(['', 'Hello, world!', '  two  blanks ', 'zwölf Boxkämpfer\n'])('loses nothing of %j', (whole) => {
    expect(tokenize(whole).join('')).toBe(whole);
  });
});
