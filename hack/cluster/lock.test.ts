import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withLock } from './lock.ts';

describe('withLock', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lock-'));
  });
  afterEach(async () => rm(dir, { recursive: true }));
  const options = { timeoutMs: 10_000, signal: new AbortController().signal };

  it('lets one in at a time, and says whom the other waits for', async () => {
    const path = join(dir, 'lock');
    const log: string[] = [];
    const waitedFor: number[] = [];
    const waits = Promise.withResolvers<undefined>();
    const onWait = ({ pid }: { readonly pid: number }) => {
      waitedFor.push(pid);
      waits.resolve(undefined);
    };
    const enter = async (name: string) =>
      withLock(path, { ...options, onWait }, async () => {
        log.push(`${name} in`);
        // The first stays until the second has met it.
        await waits.promise;
        log.push(`${name} out`);
      });
    await Promise.all([enter('a'), enter('b')]);
    const first = log[0]!.slice(0, 1);
    const second = first === 'a' ? 'b' : 'a';
    expect(log).toEqual([`${first} in`, `${first} out`, `${second} in`, `${second} out`]);
    expect(waitedFor).toEqual([process.pid]);
  });

  it.each([
    ['died', JSON.stringify({ pid: process.pid, startTime: 'never' })],
    ['died while writing it', '{"pid":'],
  ])('breaks a lock whose holder %s', async (_, content) => {
    const path = join(dir, 'lock');
    await writeFile(path, content);
    expect(await withLock(path, options, async () => 'in')).toBe('in');
  });

  it('releases when the work fails', async () => {
    const failing = withLock(join(dir, 'lock'), options, async () => {
      throw new Error('no compiler');
    });
    await expect(failing).rejects.toThrow('no compiler');
    expect(await readdir(dir)).toEqual([]);
  });
});
