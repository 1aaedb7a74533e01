import { expect, test } from '@jest/globals';
import { durationSeconds } from './duration.ts';

test.each([
  ['90s', 90],
  ['1h30m', 5400],
  ['500ms', 0.5],
  ['1.5m', 90],
])('%s is %d seconds', (text, seconds) => expect(durationSeconds(text)).toBe(seconds));

test.each(['', '10', 'm', '10 m'])('%j is refused', (text) => expect(() => durationSeconds(text)).toThrow(RangeError));
