import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PARTS } from './parts.ts';
import { percentOf, scoreOf, sumOf } from './score.ts';

const file = (...statuses: readonly string[]) => ({ mutants: statuses.map((status) => ({ status })) });

describe('the score of a report', () => {
  it('counts hung tests as caught, changes that no test reaches as missed, and those that cannot run nowhere', () => {
    const files = {
      'a.ts': file('Killed', 'Timeout', 'Survived'),
      'b.ts': file('NoCoverage', 'CompileError', 'RuntimeError', 'Ignored'),
    };
    expect(scoreOf({ files })).toEqual({ caught: 2, missed: 2, ignored: 1 });
  });

  it('weighs parts by their changes', () => {
    const parts = [
      { caught: 9, missed: 1, ignored: 0 },
      { caught: 0, missed: 90, ignored: 2 },
    ];
    expect(sumOf(parts)).toEqual({ caught: 9, missed: 91, ignored: 2 });
    expect(percentOf(sumOf(parts))).toBe(9);
    expect(percentOf({ caught: 0, missed: 0, ignored: 3 })).toBe(0);
  });
});

describe('the parts', () => {
  const root = join(import.meta.dirname, '../..');

  it('are folders and files that are there', () => {
    const paths = Object.values(PARTS).flat();
    const fixed = paths.map((path) => path.replace(/^!/, '').replace(/\/\*.*$/, ''));
    expect(fixed.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('are those that make mutants runs', () => {
    const [, listed = ''] = /^MUTANTS := (.*)$/m.exec(readFileSync(join(root, 'Makefile'), 'utf8')) ?? [];
    expect(listed.split(' ').sort()).toEqual(Object.keys(PARTS).sort());
  });
});
