import { describe, expect, it } from '@jest/globals';
import { simulateProofGate } from './verdicts.ts';

const PROMISED = { versions: 1000, pairs: 40, sigma: 0.2 };

describe('the gate on paired prompts, +20 % allowed', () => {
  it.each([1, 2])('fails at most 1 %% of 1,000 good versions (seed %d)', (seed) => {
    expect(simulateProofGate({ ...PROMISED, slowdown: 1, seed }).failed).toBeLessThanOrEqual(10);
  });

  it.each([1, 2])('fails at least 95 %% of 1,000 versions that are 30 %% slower (seed %d)', (seed) => {
    expect(simulateProofGate({ ...PROMISED, slowdown: 1.3, seed }).failed).toBeGreaterThanOrEqual(950);
  });

  it('lets a version go on that is within what is allowed, mostly', () => {
    expect(simulateProofGate({ ...PROMISED, slowdown: 1.1, seed: 1 }).failed).toBeLessThanOrEqual(10);
  });

  it('gives the same count for the same seed, and another for another', () => {
    const blurred = { versions: 200, pairs: 40, sigma: 0.5, slowdown: 1.2 };
    const first = simulateProofGate({ ...blurred, seed: 1 });
    expect(simulateProofGate({ ...blurred, seed: 1 })).toEqual(first);
    expect(simulateProofGate({ ...blurred, seed: 2 })).not.toEqual(first);
  });
});
