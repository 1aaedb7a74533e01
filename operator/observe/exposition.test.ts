import { describe, expect, it, test } from '@jest/globals';
import { parseSample } from './exposition.ts';

describe('a line of the text format', () => {
  it.each<[string, string, Record<string, string>, number]>([
    ['up 1', 'up', {}, 1],
    ['up\t0.5', 'up', {}, 0.5],
    ['a:b_c{} 3', 'a:b_c', {}, 3],
    ['x{a="1",b="two"} 4', 'x', { a: '1', b: 'two' }, 4],
    ['x { a = "1" , b = "2" , } 4', 'x', { a: '1', b: '2' }, 4],
    ['x{a="}{,\\"\\\\\\n"} 4', 'x', { a: '}{,"\\\n' }, 4],
    ['x{le="+Inf"} 1e+06', 'x', { le: '+Inf' }, 1_000_000],
    ['x 1 1395066363000', 'x', {}, 1],
    ['x -1.5E-3 -5', 'x', {}, -0.0015],
    ['x{a="1"} 2 # {trace_id="7"} 0.67 1.5', 'x', { a: '1' }, 2],
    ['x +Inf', 'x', {}, Infinity],
    ['x -Inf', 'x', {}, -Infinity],
    ['x .5', 'x', {}, 0.5],
  ])('%s', (line, name, labels, value) => {
    expect(parseSample(line)).toEqual({ name, labels, value });
  });

  it('has NaN where the line says so', () => {
    expect(parseSample('x NaN')?.value).toBeNaN();
  });

  it.each([
    '',
    '   ',
    '# HELP x y',
    '# EOF',
    'x',
    'x{a="1"}',
    'x {',
    'x{a="1" 2',
    'x{a=1} 2',
    'x{a="1" b="2"} 2',
    'x{a="1\\"} 2',
    'x 1 2 3',
    'x 0x1f',
    'x 1_000',
    'x one',
    '9x 1',
    'x1',
    '{"quoted name"} 1',
    '\ufffd 1',
    'x{="1"} 2',
  ])('%j is none', (line) => {
    expect(parseSample(line)).toBeUndefined();
  });
});

test('a line of 60,000 characters that is almost a sample takes no more than its length', () => {
  const almost = [`x{${'a="b",'.repeat(10_000)}`, `x{a="${'\\"'.repeat(30_000)}`, `x${' '.repeat(60_000)}y`];
  expect(almost.map((line) => parseSample(line))).toEqual([undefined, undefined, undefined]);
});
