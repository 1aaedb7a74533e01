import { expect, it, test } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { ServerVersionReader } from './server-version.ts';

const { signal } = new AbortController();
const VERSION = { major: '1', minor: '32', gitVersion: 'v1.32.1' };
const NEWER = { major: '1', minor: '36', gitVersion: 'v1.36.1' };
const TEN_MINUTES = 600_000;

function reader(...answers: (typeof VERSION | Error | 'Hangs')[]) {
  let asked = 0;
  const clock = new FakeClock();
  const serverVersion = async ({ signal: limited }: { readonly signal: AbortSignal }) => {
    asked++;
    const answer = answers.shift();
    if (answer === 'Hangs')
      return new Promise<never>((_, reject) =>
        limited.addEventListener('abort', () => reject(limited.reason as Error), { once: true }),
      );
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked too often');
    return Promise.resolve(answer);
  };
  const subject = new ServerVersionReader({ client: { serverVersion }, clock });
  return { read: () => subject.read(signal), asked: () => asked, clock };
}

it('asks once in ten minutes, and learns that the cluster was upgraded', async () => {
  const { read, asked, clock } = reader(VERSION, NEWER);
  expect(await read()).toEqual(VERSION);
  await clock.advance(TEN_MINUTES - 1);
  expect(await read()).toEqual(VERSION);
  expect(asked()).toBe(1);
  await clock.advance(1);
  expect(await Promise.all([read(), read()])).toContainEqual(NEWER);
  expect(await read()).toEqual(NEWER);
  expect(asked()).toBe(2);
});

it('takes it that nobody is told, and asks again after ten minutes', async () => {
  const { read, asked, clock } = reader(new ApiError(403, { reason: 'Forbidden' }), VERSION);
  expect(await read()).toBeUndefined();
  expect(await read()).toBeUndefined();
  expect(asked()).toBe(1);
  await clock.advance(TEN_MINUTES);
  expect(await read()).toEqual(VERSION);
});

it('asks again after a failure', async () => {
  const { read } = reader(new ApiError(503, {}), VERSION);
  await expect(read()).rejects.toThrow();
  expect(await read()).toEqual(VERSION);
});

test.each<[string, Error | 'Hangs']>([
  ['fails', new ApiError(503, {})],
  ['hangs', 'Hangs'],
])('goes by the older answer where the server %s, and holds nobody for more than 2 s', async (_, answer) => {
  const { read, asked, clock } = reader(VERSION, answer, NEWER);
  await read();
  await clock.advance(TEN_MINUTES);
  const reading = read();
  await clock.advance(2_000);
  expect(await reading).toEqual(VERSION);
  expect(await read()).toEqual(VERSION);
  expect(asked()).toBe(2);
  await clock.advance(TEN_MINUTES);
  expect(await read()).toEqual(NEWER);
  expect(clock.pendingTimers).toBe(0);
});
