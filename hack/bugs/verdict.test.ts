import { expect, it } from '@jest/globals';
import { verdictOf } from './verdict.ts';

const FAILED = 'FAIL unit x.test.ts\n  ● the queue › hands out a key once\n\n    expect(received)\n';
const NOT_LOADED = 'FAIL unit x.test.ts\n  ● Test suite failed to run\n\n    SyntaxError: Unexpected token\n';

it.each([
  ['a test that fails', 1, FAILED, { outcome: 'caught', by: 'the queue › hands out a key once' }],
  ['tests that hang', null, '', { outcome: 'caught', by: 'the tests hang' }],
  ['tests that pass', 0, '', { outcome: 'missed', by: 'no test' }],
  ['a file that cannot be loaded', 1, NOT_LOADED, { outcome: 'invalid', by: 'Test suite failed to run' }],
  [
    'the same beside a test that fails',
    1,
    NOT_LOADED + FAILED,
    { outcome: 'caught', by: 'the queue › hands out a key once' },
  ],
  [
    'what a test prints',
    1,
    '  ● Console\n\n    console.log\n' + FAILED,
    { outcome: 'caught', by: 'the queue › hands out a key once' },
  ],
  ['a jest that did not start', 1, 'Error: no such file\n', { outcome: 'invalid', by: 'Error: no such file' }],
] as const)('%s', (_, code, printed, verdict) => {
  expect(verdictOf(code, printed)).toEqual(verdict);
});
