import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { countTimersEnv } from './count-timers.ts';

/** Of seven timers two are cleared and three fire; one of those that are left holds no process. */
const PROGRAM = `
  const timers = Array.from({ length: 4 }, () => setTimeout(() => undefined, 60_000));
  for (let i = 0; i < 3; i++) setTimeout(() => undefined, 1);
  clearTimeout(timers[0]); clearTimeout(timers[1]); timers[2].unref();
  const look = setInterval(() => {
    try { if (require('node:fs').readFileSync(process.env.BENCH_TIMERS_FILE, 'utf8') !== '2') return; } catch { return; }
    clearInterval(look); clearTimeout(timers[3]);
  }, 20);
`;

it('counts the timers of a program that are still to fire', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'timers-'));
  try {
    const file = join(folder, 'count');
    const env = { ...process.env, ...countTimersEnv(file, { NODE_OPTIONS: '--no-warnings' }) };
    await promisify(execFile)(process.execPath, ['-e', PROGRAM], { env, timeout: 60_000 });
    expect(await readFile(file, 'utf8')).toBe('2');
  } finally {
    await rm(folder, { recursive: true });
  }
});
