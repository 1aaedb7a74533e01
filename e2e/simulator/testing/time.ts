import type { FakeClock } from '../../../operator/kube/testing/fake-clock.ts';

/** Nothing in these tests takes more simulated time. */
const limitMilliseconds = 24 * 3600 * 1000;

/** Lets simulated time pass, in steps that leave room for real sockets, until `condition` holds. */
export async function passTimeUntil(clock: FakeClock, condition: () => boolean, stepMilliseconds = 20): Promise<void> {
  for (let passed = 0; !condition(); passed += stepMilliseconds) {
    if (passed > limitMilliseconds) throw new Error('the condition did not come true in a day of simulated time');
    await clock.advance(stepMilliseconds);
  }
}

/** Lets simulated time pass until `promise` settles. */
export async function passTime<T>(clock: FakeClock, promise: Promise<T>, stepMilliseconds = 20): Promise<T> {
  const progress = { settled: false };
  const settle = (): void => {
    progress.settled = true;
  };
  promise.then(settle, settle);
  await passTimeUntil(clock, () => progress.settled, stepMilliseconds);
  return promise;
}
