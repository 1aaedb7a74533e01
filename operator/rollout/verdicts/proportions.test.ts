import { describe, expect, it } from '@jest/globals';
import { incompleteBeta } from './distributions.ts';
import { isProvenAbove, logEvidence, lowerBound, lowerBoundAnytime, upperBound } from './proportions.ts';
import { random } from './test-support.ts';

describe('Clopper-Pearson', () => {
  it.each([
    // R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17, 1998, table I: 95 %, method 5.
    [81, 263, 0.975, 0.2527, 0.3676],
    [15, 148, 0.975, 0.0578, 0.1617],
    [0, 20, 0.975, 0, 0.1684],
    [1, 29, 0.975, 0.0009, 0.1776],
    // The rule of three, exactly: 1 - 0.05^(1/n).
    [0, 300, 0.95, 0, 1 - 0.05 ** (1 / 300)],
    [0, 20, 0.95, 0, 1 - 0.05 ** (1 / 20)],
  ])('%d of %d at %d', (count, total, confidence, lower, upper) => {
    expect(lowerBound(count, total, confidence)).toBeCloseTo(lower, 4);
    expect(upperBound(count, total, confidence)).toBeCloseTo(upper, 4);
  });

  it('all of them', () => {
    expect(lowerBound(20, 20, 0.95)).toBeCloseTo(0.05 ** (1 / 20), 10);
    expect(upperBound(20, 20, 0.95)).toBe(1);
  });
});

describe('evidence for a share above a limit', () => {
  it('expects no gain at the limit from one request more: what makes repeated looks safe', () => {
    for (const [count, total, limit] of [
      [0, 10, 0.01],
      [3, 50, 0.01],
      [30, 400, 0.05],
    ] as const) {
      const now = Math.exp(logEvidence(count, total, limit));
      const next =
        limit * Math.exp(logEvidence(count + 1, total + 1, limit)) +
        (1 - limit) * Math.exp(logEvidence(count, total + 1, limit));
      expect(next / now).toBeCloseTo(1, 8);
    }
  });

  it('begins with none', () => {
    expect(logEvidence(0, 0, 0.01)).toBeCloseTo(0, 10);
  });

  it('bounds the share from below, lower than a single look would', () => {
    for (const [count, total] of [
      [12, 300],
      [300, 300],
      [5, 5],
      [1000, 100_000],
    ] as const) {
      const bound = lowerBoundAnytime(count, total, 0.01);
      expect(bound).toBeLessThan(lowerBound(count, total, 0.99));
      expect(isProvenAbove(count, total, bound * 0.999, 0.01)).toBe(true);
      expect(isProvenAbove(count, total, bound * 1.001, 0.01)).toBe(false);
    }
  });

  it('proves nothing from none, nor a share that is not above', () => {
    expect(isProvenAbove(0, 0, 0.01, 0.01)).toBe(false);
    expect(isProvenAbove(10, 1000, 0.01, 0.01)).toBe(false);
    expect(isProvenAbove(10, 10, 1, 0.01)).toBe(false);
  });

  /** Shares of 1,000 runs in which some look at a growing count proves the share to be above the limit. */
  function alarms(share: number, judge: (count: number, total: number) => boolean, seed = 1): number {
    const uniform = random(seed);
    let proven = 0;
    for (let run = 0; run < 1000; run++) {
      let count = 0;
      // Ten minutes, a look every 5 seconds, 5 requests between two looks.
      for (let look = 1; look <= 120; look++) {
        for (let request = 0; request < 5; request++) count += uniform() < share ? 1 : 0;
        if (judge(count, look * 5)) {
          proven++;
          break;
        }
      }
    }
    return proven;
  }

  it.each([
    ['half of the limit', 0.005, 0.01],
    ['the limit itself', 0.01, 0.01],
    ['half of what a P95 leaves', 0.025, 0.05],
    ['what a P95 leaves', 0.05, 0.05],
  ])('a true share of %s is alarmed at in at most 1 %% of the runs', (_, share, limit) => {
    expect(alarms(share, (count, total) => isProvenAbove(count, total, limit, 0.01))).toBeLessThanOrEqual(10);
  });

  it('which a bound for one look, repeated, does not keep', () => {
    // The lower bound is above 5 % where so many, or more, come by chance in less than 1 % (Clopper and Pearson's own words).
    const once = (count: number, total: number): boolean =>
      count > 0.05 * total && incompleteBeta(0.05, count, total - count + 1) < 0.01;
    const repeated = alarms(0.05, once);
    expect(repeated).toBeGreaterThan(20);
  });

  it.each([
    ['1 % allowed, 5 % fail', 0.05, 0.01],
    ['5 % allowed, 15 % slow', 0.15, 0.05],
  ])('%s: found in 99 %% of the runs', (_, share, limit) => {
    expect(alarms(share, (count, total) => isProvenAbove(count, total, limit, 0.01))).toBeGreaterThanOrEqual(990);
  });
});
