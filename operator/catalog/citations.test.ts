import { expect, test } from '@jest/globals';
import * as catalog from './index.ts';

/** Every citation of the catalogue, with where it stands. */
function citations(value: unknown, path = ''): [path: string, citation: string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]: [string, unknown]) =>
    key === 'sources'
      ? Object.entries(member as Record<string, string>).map(([of, said]): [string, string] => [`${path}.${of}`, said])
      : citations(member, `${path}.${key}`),
  );
}

const all = citations(catalog);

test('there are citations', () => {
  expect(all.length).toBeGreaterThan(100);
});

test('no citation points at what readers do not have', () => {
  expect(all.filter(([, said]) => /\breference\b[^.]*:/.test(said))).toEqual([]);
});
