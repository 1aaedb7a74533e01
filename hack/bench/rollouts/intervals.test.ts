import { expect, it } from '@jest/globals';
import { covered } from './intervals.ts';

const within = { from: 10, until: 20 };
const span = (from: number, until: number) => ({ from, until });

it.each([
  ['nothing', [], 0],
  ['one in it', [span(12, 15)], 3],
  ['what two share, once', [span(14, 18), span(12, 15)], 6],
  ['one in another', [span(11, 19), span(13, 14), span(18, 20)], 9],
  ['of what begins before and ends after it, its own', [span(0, 12), span(19, 40)], 3],
  ['nothing of what is outside', [span(0, 10), span(20, 30)], 0],
])('counts %s', (_, intervals, expected) => {
  expect(covered(intervals, within)).toBe(expected);
});
