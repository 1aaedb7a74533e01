import { describe, expect, test } from '@jest/globals';
import { durationSeconds } from './durations.ts';

describe('durationSeconds', () => {
  test.each([
    ['0s', 0],
    ['500ms', 0.5],
    ['90s', 90],
    ['10m', 600],
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['1h0m1s', 3601],
  ])('%s is %d s', (text, seconds) => expect(durationSeconds(text)).toBe(seconds));

  test.each(['', '10', '1d', '-1s', '1h 30m', 's', '1.h', 'x1s'])('refuses "%s"', (text) =>
    expect(() => durationSeconds(text)).toThrow(RangeError),
  );
});
