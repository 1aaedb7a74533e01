/**
 * Loaded before a program (`node --import`), counts its timers that have neither fired nor been cleared, those that hold no
 * process included, which `process.getActiveResourcesInfo()` leaves out. The count is written to a file, each second.
 */
import { writeFileSync } from 'node:fs';

const FILE = 'BENCH_TIMERS_FILE';

/** Environment, beside that of the program, that has its timers counted into `file`. `module`: this module in JavaScript. */
export function countTimersEnv(
  file: string,
  env: Readonly<Record<string, string>>,
  module = import.meta.url,
): Readonly<Record<string, string>> {
  return { ...env, NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} --import=${module}`.trim(), [FILE]: file };
}

const file = process.env[FILE];
if (file !== undefined) {
  const { setTimeout: set, clearTimeout: clear, setInterval: every } = globalThis;
  const live = new Set<unknown>();
  const counted = (callback: (...values: unknown[]) => void, ms?: number, ...values: unknown[]): NodeJS.Timeout => {
    const timer = set(() => {
      live.delete(timer);
      callback(...values);
    }, ms);
    live.add(timer);
    return timer;
  };
  globalThis.setTimeout = Object.assign(counted, { __promisify__: set.__promisify__ }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    live.delete(timer);
    clear(timer);
  };
  every(() => writeFileSync(file, String(live.size)), 1_000).unref();
}
