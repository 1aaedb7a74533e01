import { describe, expect, test } from '@jest/globals';
import { badObjects } from './fixtures/bad/index.ts';
import { mergePatch, smallest } from './fixtures/objects.ts';
import { parseDeepSeekDeployment } from './parse.ts';

/** Field of the API server's error, as we write it. */
const fieldOf = (error: string): string => {
  const unknown = /unknown field "(.*)"/.exec(error)?.[1];
  if (unknown !== undefined) return unknown;
  const field = error.slice(0, error.indexOf(': ')).replaceAll(/\[([a-z]+)\]/g, '.$1');
  return error.includes(': Duplicate value') ? field.replace(/\[\d+\]$/, '') : field;
};

/** The API server's own words: about types, bounds and the scale subresource. What is in none of them is a rule of ours. */
const OWN_WORDS = / in body |Required value|Unsupported value|Too (long|many)|Duplicate value|unknown field|^\./;

// The API server's side of the same table: crd.integration.test.ts.
describe('the operator refuses what the API server refuses', () => {
  test.each(badObjects)('$title', ({ patch, errors }) => {
    const parsed = parseDeepSeekDeployment(mergePatch(smallest, patch), { unknownFields: 'refuse' });
    if (parsed.ok) throw new Error('accepted');

    // The scale subresource adds errors of its own about .spec.replicas.
    const fields = errors.filter((error) => !error.startsWith('.')).map(fieldOf);
    expect(new Set(parsed.issues.map(({ path }) => path))).toEqual(new Set(fields));
    for (const error of errors.filter((text) => !OWN_WORDS.test(text))) {
      const words = parsed.issues.filter(({ path }) => path === fieldOf(error)).map(({ message }) => message);
      expect(words.filter((message) => error.endsWith(`: ${message}`))).toHaveLength(1);
    }
  });
});
