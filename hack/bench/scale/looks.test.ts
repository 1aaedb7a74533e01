import { describe, expect, it } from '@jest/globals';
import { comparison, type Look } from './looks.ts';

const look = (rss: number, cpuSeconds: number): Look => ({ rss, cpuSeconds, anonymous: 0 });
const compare = (key: 'rss' | 'cpuSeconds', ...looks: readonly [Look, Look, Look]) =>
  comparison(key, looks, { name: 'x', title: 'X', note: 'N' });

describe('two looks before and one after', () => {
  it.each([
    ['rss', look(100, 0), look(101, 0), look(106.9, 0), '<= 6 MB', 'pass'],
    ['rss', look(100, 0), look(101, 0), look(107.1, 0), '<= 6 MB', 'miss'],
    // The machine itself is as restless as that.
    ['rss', look(109, 0), look(100, 0), look(108, 0), '<= 9 MB', 'pass'],
    ['cpuSeconds', look(0, 0.1), look(0, 0.2), look(0, 0.8), '<= 0.5 s', 'miss'],
    ['cpuSeconds', look(0, 1), look(0, 0.3), look(0, 0.9), '<= 0.7 s', 'pass'],
  ] as const)('%s: %j and %j, then %j', (key, first, second, third, limit, verdict) => {
    expect(compare(key, first, second, third)).toMatchObject({ limit, verdict });
  });

  it('tell all three', () => {
    expect(compare('rss', look(100, 0), look(101, 0), look(107, 0)).measured).toBe(
      '6.0 MB (100.0 and 101.0 before, 107.0 after; N)',
    );
  });
});
