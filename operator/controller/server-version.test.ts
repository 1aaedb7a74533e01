import { expect, it } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import { ServerVersionReader } from './server-version.ts';

const { signal } = new AbortController();
const VERSION = { major: '1', minor: '36', gitVersion: 'v1.36.1' };

function reader(...answers: (typeof VERSION | Error)[]) {
  let asked = 0;
  const serverVersion = async () => {
    asked++;
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked too often');
    return Promise.resolve(answer);
  };
  const subject = new ServerVersionReader({ serverVersion });
  return { read: () => subject.read(signal), asked: () => asked };
}

it('asks once', async () => {
  const { read, asked } = reader(VERSION);
  expect(await read()).toEqual(VERSION);
  expect(await read()).toEqual(VERSION);
  expect(asked()).toBe(1);
});

it('takes it that nobody is told', async () => {
  const { read, asked } = reader(new ApiError(403, { reason: 'Forbidden' }));
  expect(await read()).toBeUndefined();
  expect(await read()).toBeUndefined();
  expect(asked()).toBe(1);
});

it('asks again after a failure', async () => {
  const { read } = reader(new ApiError(503, {}), VERSION);
  await expect(read()).rejects.toThrow();
  expect(await read()).toEqual(VERSION);
});
