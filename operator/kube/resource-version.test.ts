import { expect, test } from '@jest/globals';
import { compareResourceVersions, isNewer } from './resource-version.ts';

test.each([
  ['9', '10', -1],
  ['10', '9', 1],
  ['123', '123', 0],
  ['9007199254740992', '9007199254740993', -1],
  ['99999999999999999999', '100000000000000000000', -1],
])('compares %s with %s as numbers of any length', (a, b, sign) => {
  expect(Math.sign(compareResourceVersions(a, b))).toBe(sign);
});

test('anything is newer than nothing, and nothing is newer than anything', () => {
  expect(isNewer('1', undefined)).toBe(true);
  expect(isNewer(undefined, '1')).toBe(false);
  expect(isNewer(undefined, undefined)).toBe(false);
  expect(isNewer('5', '5')).toBe(false);
});
