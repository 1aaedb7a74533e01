import { expect, it, test } from '@jest/globals';
import { compilePattern } from './pattern.ts';

it.each([
  ['4', 'it is 4.', true],
  ['^\\s*4\\.?$', ' 4.', true],
  ['^4$', '14', false],
  ['(?i)\\bparis\\b', 'It is Paris!', true],
  ['\\p{Han}{2}', '巴黎', true],
])('%s in %j: %j', (expression, text, found) => {
  const pattern = compilePattern(expression);
  expect(pattern.ok && pattern.test(text)).toBe(found);
});

it.each([
  ['(', 'missing closing )'],
  ['(?=4)', 'invalid or unsupported Perl syntax'],
  ['(a)\\1', 'invalid escape sequence'],
  ['((a{1,1000}){1,1000})', 'expression too large'],
  ['a'.repeat(257), 'longer than 256 characters'],
])('%s is refused with the reason', (expression, words) => {
  expect(compilePattern(expression)).toEqual({ ok: false, message: expect.stringContaining(words) });
});

// With V8's own engine the first would take longer than the universe is old, and the test time out.
test.each(['(a+)+$', '^(a|a)*$', '(x+x+)+y', '(.*)(.*)(.*)(.*)z', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
  '%s does not hang on a long answer',
  (expression) => {
    const pattern = compilePattern(expression);
    expect(pattern.ok && pattern.test(`${'a'.repeat(16_000)}!`)).toBe(false);
  },
);
