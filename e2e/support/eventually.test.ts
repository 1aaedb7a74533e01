import { describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.ts';

describe('eventually', () => {
  it('returns the value of the first attempt that does not fail', async () => {
    let attempts = 0;
    const value = await eventually(
      () => {
        attempts++;
        expect(attempts).toBeGreaterThan(2);
        return `attempt ${attempts}`;
      },
      { timeoutMs: 10_000, intervalMs: 1 },
    );
    expect(value).toBe('attempt 3');
  });

  it('fails with what failed last, how long and how often it was tried', async () => {
    let attempts = 0;
    const failing = eventually(() => expect(++attempts).toBe(-1), { timeoutMs: 20, intervalMs: 1 });
    const error = await failing.then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error?.message).toMatch(/^Still failing after 20 ms \(\d+ attempts\):\n/);
    expect(error?.cause).toMatchObject({ message: expect.stringContaining(String(attempts)) });
  });

  it('stops at once when it is aborted', async () => {
    const controller = new AbortController();
    const attempt = () => {
      controller.abort(new Error('the suite is over'));
      throw new Error('not yet');
    };
    await expect(eventually(attempt, { timeoutMs: 10_000, signal: controller.signal })).rejects.toThrow(
      'the suite is over',
    );
  });
});
