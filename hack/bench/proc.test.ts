import { expect, it } from '@jest/globals';
import { parseCpuSeconds, parseMemory, readCpuSeconds, readMemory } from './proc.ts';

it('reads memory in megabytes of 10^6 bytes', () => {
  const status = [
    'Name:\tnode',
    'VmHWM:\t  250000 kB',
    'VmRSS:\t  100000 kB',
    'RssAnon:\t   50000 kB',
    'RssFile:\t   48000 kB',
    '',
  ].join('\n');
  expect(parseMemory(status)).toEqual({ rss: 102.4, anonymous: 51.2, file: 49.152, peak: 256 });
});

it('says which line is missing', () => {
  expect(() => parseMemory('VmRSS:\t1 kB\nRssAnon:\t1 kB\nRssFile:\t1 kB\n')).toThrow('VmHWM');
});

it('counts user and system time, whatever the process is called', () => {
  const stat = '7 (a (b) c) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 9 9 20 0 1 0 12345';
  expect(parseCpuSeconds(stat)).toBe(3);
});

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux('reads the process that it runs in', async () => {
  const { rss, anonymous, peak } = await readMemory(process.pid);
  expect(anonymous).toBeGreaterThan(1);
  expect(rss).toBeGreaterThan(anonymous);
  expect(peak).toBeGreaterThanOrEqual(rss);
  expect(await readCpuSeconds(process.pid)).toBeGreaterThan(0);
});
