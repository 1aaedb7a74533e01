import { describe, expect, it } from '@jest/globals';
import { atMost } from './figure.ts';

const limited = { name: 'x', title: 'X', limit: 1.5 };

describe('atMost', () => {
  it.each([
    [1.4, 'pass'],
    [1.5, 'pass'],
    [1.500001, 'miss'],
    [Number.NaN, 'miss'],
  ] as const)('%d within 1.5 is a %s, whatever is shown', (value, verdict) => {
    expect(atMost({ ...limited, value, decimals: 1 }).verdict).toBe(verdict);
  });

  it('shows the unit on both sides, and the note', () => {
    expect(atMost({ ...limited, value: 1.234, unit: ' s', decimals: 2, note: '1.0 to 1.4' })).toMatchObject({
      limit: '<= 1.5 s',
      measured: '1.23 s (1.0 to 1.4)',
    });
  });

  it('asks for none, not for at most none', () => {
    expect(atMost({ ...limited, limit: 0, value: 3 })).toMatchObject({ limit: '0', measured: '3', verdict: 'miss' });
  });

  it('keeps the exact numbers and what explains them for the report', () => {
    expect(atMost({ ...limited, value: 1.234, details: { ratios: [1.234] } }).details).toEqual({
      value: 1.234,
      limit: 1.5,
      ratios: [1.234],
    });
  });
});
