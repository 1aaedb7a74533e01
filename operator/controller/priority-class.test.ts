import { expect, it } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { PriorityClassReader } from './priority-class.ts';

const { signal } = new AbortController();

function reader(...answers: (number | Error)[]) {
  const clock = new FakeClock();
  let asked = 0;
  const get = () => {
    asked++;
    const answer = answers.shift() ?? new Error('asked too often');
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ value: answer } as never);
  };
  const subject = new PriorityClassReader({ client: { get }, clock });
  return { clock, asked: () => asked, value: (name = 'deepseek-serving') => subject.value(name, signal) };
}

it('asks once for a while, for each class', async () => {
  const { value, asked, clock } = reader(1000, 7, 2000);
  expect(await value()).toBe(1000);
  expect(await value()).toBe(1000);
  expect(await value('other')).toBe(7);
  expect(asked()).toBe(2);
  await clock.advance(60_000);
  expect(await value()).toBe(2000);
});

it.each([404, 403])('takes it that there is none (%i)', async (status) => {
  const { value, asked } = reader(new ApiError(status, {}));
  expect(await value()).toBeUndefined();
  expect(await value()).toBeUndefined();
  expect(asked()).toBe(1);
});

it('asks again after a failure', async () => {
  const { value } = reader(new ApiError(503, {}), 1000);
  await expect(value()).rejects.toThrow();
  expect(await value()).toBe(1000);
});
