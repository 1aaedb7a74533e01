import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUGS } from './bugs.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('a seeded bug', () => {
  it.each(BUGS.map((bug) => [bug.name, bug] as const))('%s: stands where it is put', (_, { file, from, to, tests }) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    expect(text.split(from)).toHaveLength(2);
    expect(to).not.toBe(from);
    for (const pattern of tests)
      expect([pattern, `${pattern}.test.ts`].some((path) => existsSync(join(ROOT, path)))).toBe(true);
  });

  it('has a name of its own, and there are at least thirty', () => {
    expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
    expect(BUGS.length).toBeGreaterThanOrEqual(30);
  });
});
