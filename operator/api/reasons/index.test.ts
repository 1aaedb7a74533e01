import { describe, expect, it, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { CONDITION_TYPES } from '../conditions.ts';
import { isReason, REASON_GROUPS, REASONS } from './index.ts';

const groups = Object.values(REASON_GROUPS).map((group) => Object.keys(group));

describe('the catalogue of reasons', () => {
  it('has each reason once', () => {
    const all = groups.flat();
    expect(all).toHaveLength(new Set(all).size);
    expect(Object.keys(REASONS).sort()).toEqual(all.sort());
  });

  test.each(Object.entries(REASONS))(
    '%s is a CamelCase word on known conditions, explained in sentences',
    (reason, entry) => {
      expect(reason).toMatch(/^[A-Z][A-Za-z]{2,62}$/);
      expect(entry.on.length).toBeGreaterThan(0);
      for (const type of entry.on) expect(CONDITION_TYPES).toContain(type);
      for (const text of [entry.meaning, ...(entry.fix === undefined ? [] : [entry.fix])])
        expect(text).toMatch(/^\S.*\.$/s);
    },
  );

  test.each([...Object.keys(REASON_GROUPS.Planner), ...Object.keys(REASON_GROUPS.Failures)])(
    '%s says what to do when it is on Ready',
    (word) => {
      const entry = isReason(word) ? REASONS[word] : undefined;
      if (entry?.on.includes('Ready')) expect(entry.fix).toBeDefined();
    },
  );

  it('tells reasons from other words', () => {
    expect(isReason('ImageNotFound')).toBe(true);
    expect(isReason('toString')).toBe(false);
  });

  it('has no reason that no code gives', async () => {
    const code = await sourcesOfOperator();
    // As a word, or before a message: the mark of a revision holds both.
    const isGiven = (reason: string) => code.includes(`'${reason}'`) || new RegExp(`['\`]${reason}: `).test(code);
    expect(Object.keys(REASONS).filter((reason) => !isGiven(reason))).toEqual([]);
  });
});

/** All code of the operator but the API itself and what is for tests alone. */
async function sourcesOfOperator(): Promise<string> {
  const root = new URL('../../', import.meta.url);
  const names = (await readdir(root, { recursive: true })).filter(
    (name) => name.endsWith('.ts') && !/^api\/|\.test\.ts$|test-support\.ts$|(?:^|\/)(?:testing|testdata)\//.test(name),
  );
  return (await Promise.all(names.map((name) => readFile(new URL(name, root), 'utf8')))).join('\n');
}
