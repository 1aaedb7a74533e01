import { describe, expect, it } from '@jest/globals';
import { betaQuantile, incompleteBeta, logGamma, studentQuantile } from './distributions.ts';

describe('logGamma', () => {
  it.each([
    [0.5, Math.log(Math.sqrt(Math.PI))],
    [1, 0],
    [5, Math.log(24)],
    [11, Math.log(3_628_800)],
    [101, 363.739_375_555_563_5], // ln 100!
  ])('of %d', (x, expected) => {
    expect(logGamma(x)).toBeCloseTo(expected, 10);
  });
});

describe('incompleteBeta', () => {
  it.each([
    // Closed forms: I_x(1, b) = 1 - (1 - x)^b, I_x(a, 1) = x^a.
    [0.3, 1, 4, 1 - 0.7 ** 4],
    [0.3, 4, 1, 0.3 ** 4],
    [0.5, 7, 7, 0.5],
    // A binomial tail by hand: 8 or more heads of 10.
    [0.5, 8, 3, (45 + 10 + 1) / 1024],
    [0, 2, 3, 0],
    [1, 2, 3, 1],
  ])('I_%d(%d, %d)', (x, a, b, expected) => {
    expect(incompleteBeta(x, a, b)).toBeCloseTo(expected, 12);
  });

  it('is the sum of the binomial tail that it stands for, small and large', () => {
    for (const [k, n, p] of [
      [3, 80, 0.01],
      [12, 300, 0.02],
      [60, 1000, 0.05],
    ] as const) {
      let tail = 0;
      for (let i = k; i <= n; i++) {
        tail += Math.exp(
          logGamma(n + 1) - logGamma(i + 1) - logGamma(n - i + 1) + i * Math.log(p) + (n - i) * Math.log1p(-p),
        );
      }
      expect(incompleteBeta(p, k, n - k + 1)).toBeCloseTo(tail, 10);
    }
  });

  it('holds for millions of requests', () => {
    // The mean of a Beta(a, b) of so many is its median, nearly.
    expect(incompleteBeta(0.01, 100_000, 9_900_000)).toBeCloseTo(0.5, 3);
  });
});

describe('betaQuantile', () => {
  it.each([
    [0.05, 3, 78],
    [0.5, 0.5, 0.5],
    [0.995, 200, 20],
  ])('of %d is undone by incompleteBeta', (p, a, b) => {
    expect(incompleteBeta(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 10);
  });
});

describe('studentQuantile', () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
  it.each([
    [0.95, 1, 6.314],
    [0.95, 2, 2.92],
    [0.95, 4, 2.132],
    [0.95, 10, 1.812],
    [0.95, 30, 1.697],
    [0.95, 79, 1.664],
    [0.95, 100, 1.66],
    [0.9, 5, 1.476],
    [0.975, 10, 2.228],
    [0.99, 20, 2.528],
    [0.999, 60, 3.232],
  ])('%d with %d degrees of freedom', (p, degrees, table) => {
    expect(studentQuantile(p, degrees)).toBeCloseTo(table, 3);
  });
});
