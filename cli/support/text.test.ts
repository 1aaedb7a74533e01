import { describe, expect, it } from '@jest/globals';
import { cut, cutMiddle, printable, toAscii, wrap } from './text.ts';

describe('wrap', () => {
  it.each([
    ['breaks at spaces', 'one two three', 7, ['one two', 'three']],
    ['breaks a word that is longer than the line', 'abcdefgh ij', 3, ['abc', 'def', 'gh', 'ij']],
    ['keeps line breaks', 'a\nb c', 10, ['a', 'b c']],
    ['counts wide characters twice', '模型 加载', 5, ['模型', '加载']],
    ['gives an empty line for an empty text', '', 5, ['']],
  ])('%s', (_, text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });
});

describe('cut', () => {
  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdefgh', 6, 'abcde…'],
    ['模型加载', 6, '模型…'],
  ])('keeps the start of %s in %i columns', (text, width, expected) => {
    expect(cut(text, width, '…')).toBe(expected);
  });

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdefghijkl', 8, 'ab…hijkl'],
  ])('keeps both ends of %s in %i columns', (text, width, expected) => {
    expect(cutMiddle(text, width, '…')).toBe(expected);
  });
});

describe('what comes from elsewhere', () => {
  it.each([
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['a window title', '\u001b]0;owned\u0007text', 'text'],
    ['a carriage return that hides the line', 'good\rbad', 'goodbad'],
    ['line breaks, which stay', 'a\r\nb\nc', 'a\nb\nc'],
    ['a change of the writing direction', 'a\u202eb', 'ab'],
  ])('loses %s', (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('becomes ASCII, with a question mark for what has no likeness', () => {
    expect(toAscii('don’t “load” 2 × 3 … 模')).toBe(`don't "load" 2 x 3 ... ?`);
  });
});
