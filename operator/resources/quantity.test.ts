import { describe, expect, it, test } from '@jest/globals';
import { gib, parseQuantity, sameQuantity } from './quantity.ts';

describe('parseQuantity', () => {
  test.each<[string | number, bigint]>([
    ['1', 1_000_000_000n],
    [1, 1_000_000_000n],
    [0.5, 500_000_000n],
    ['0', 0n],
    ['500m', 500_000_000n],
    ['.5', 500_000_000n],
    ['5.', 5_000_000_000n],
    ['+2', 2_000_000_000n],
    ['-1', -1_000_000_000n],
    ['1k', 1_000_000_000_000n],
    ['1Ki', 1_024_000_000_000n],
    ['1.5Gi', 1_610_612_736_000_000_000n],
    ['1e3', 1_000_000_000_000n],
    ['12E-1', 1_200_000_000n],
    ['1E', 1_000_000_000_000_000_000_000_000_000n],
    ['1n', 1n],
    // Finer than 10^-9: rounded up, as the API server does.
    ['0.1n', 1n],
  ])('%p is %p x 10^-9', (quantity, nano) => {
    expect(parseQuantity(quantity)).toBe(nano);
  });

  test.each(['', '.', 'Gi', '1 Gi', '1GiB', '1g', 'abc', '1e', '--1', '1.2.3', '0x10', '１'])(
    '%p is no quantity',
    (text) => {
      expect(parseQuantity(text)).toBeUndefined();
    },
  );
});

describe('sameQuantity', () => {
  test.each([
    ['1024Mi', '1Gi'],
    ['0.5', '500m'],
    ['1.5Gi', '1536Mi'],
    ['1e3', '1k'],
    [8, '8'],
  ])('%p is %p', (a, b) => expect(sameQuantity(a, b)).toBe(true));

  test.each([
    ['1G', '1Gi'],
    ['1', '1m'],
    ['x', 'x'],
  ])('%p is not %p', (a, b) => expect(sameQuantity(a, b)).toBe(false));
});

describe('gib', () => {
  it('writes whole GiB as such and rounds fractions up to MiB', () => {
    expect([gib(32), gib(1.5), gib(0.0001)]).toEqual(['32Gi', '1536Mi', '1Mi']);
  });
});
