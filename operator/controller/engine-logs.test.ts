import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import { EngineLogs, type LogClient } from './engine-logs.ts';
import type { LivePod } from './snapshot.ts';

const signal = new AbortController().signal;

function pod(name: string, restartCount: number): LivePod {
  const state = { waiting: { reason: 'CrashLoopBackOff' } };
  const engine = { name: 'engine', restartCount, state, image: '', imageID: '', ready: false };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ai', uid: `uid-${name}` },
    status: { containerStatuses: [engine] },
  };
}

function client(answer: (name: string) => string): LogClient & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    podLog: async ({ name }, { previous }) => {
      asked.push(`${name}${previous === true ? ' before' : ''}`);
      return answer(name);
    },
  };
}

describe('EngineLogs', () => {
  it('reads the log of each run once, that of the run before the waiting one', async () => {
    const source = client(() => 'CUDA out of memory');
    const logs = new EngineLogs(source);
    expect(await logs.read([pod('a', 1)], signal)).toBe(true);
    expect(await logs.read([pod('a', 1)], signal)).toBe(false);
    expect(source.asked).toEqual(['a before']);
    expect(logs.known([pod('a', 1), pod('b', 1)])).toEqual(new Map([['a', 'CUDA out of memory']]));
    await logs.read([pod('a', 2)], signal);
    expect(source.asked).toHaveLength(2);
  });

  it('does without a log that cannot be had, and does not ask for it again', async () => {
    const source = client(() => {
      throw new ApiError(403, { message: 'no', reason: 'Forbidden' });
    });
    const logs = new EngineLogs(source);
    expect(await logs.read([pod('a', 1)], signal)).toBe(false);
    expect(await logs.read([pod('a', 1)], signal)).toBe(false);
    expect(source.asked).toHaveLength(1);
    expect(logs.known([pod('a', 1)]).size).toBe(0);
  });

  it('remembers a bounded number of runs', async () => {
    const source = client(() => 'x');
    const logs = new EngineLogs(source);
    for (let run = 0; run < 300; run++) await logs.read([pod('a', run)], signal);
    expect(logs.known([pod('a', 0)]).size).toBe(0);
    expect(logs.known([pod('a', 299)]).size).toBe(1);
  });
});
