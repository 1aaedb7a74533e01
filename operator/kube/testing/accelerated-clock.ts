import { systemClock } from '../clock.ts';
import type { Clock } from '../types.ts';

/** The machine's time, `factor` times as fast: limits of a minute pass in a second, in their right proportions. */
export function acceleratedClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * factor,
    setTimeout: (callback, ms) => systemClock.setTimeout(callback, ms / factor),
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}
