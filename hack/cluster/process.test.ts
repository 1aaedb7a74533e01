import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { identify, isAlive, killAll, parseProcStat } from './process.ts';

async function sleeper(): Promise<number> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  return child.pid!;
}

describe('processes', () => {
  it('knows a running process, and not one that has ended', async () => {
    const pid = await sleeper();
    const identity = identify(pid)!;
    expect(isAlive(identity)).toBe(true);
    await killAll([identity]);
    expect(isAlive(identity)).toBe(false);
    expect(identify(pid)).toBeUndefined();
  });

  it('does not take a later process with a recycled pid for an earlier one, and does not kill it', async () => {
    const identity = identify(await sleeper())!;
    const earlier = { pid: identity.pid, startTime: `${identity.startTime}0` };
    expect(isAlive(earlier)).toBe(false);
    await killAll([earlier]);
    expect(isAlive(identity)).toBe(true);
    await killAll([identity]);
  });

  it.each([
    [
      'a plain name',
      '4242 (etcd) S 1 4242 4242 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 9 0 987654 11838 41976',
      'S',
      '987654',
    ],
    ['a name with blanks and brackets', '7 (a) R (b) Z 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 9 0 55 1 1', 'Z', '55'],
  ])('reads state and start time after %s', (_, stat, state, startTime) => {
    expect(parseProcStat(stat)).toEqual({ state, startTime });
  });
});
