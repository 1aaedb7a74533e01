import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { access, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/index.ts';

const LIMIT_MS = 240_000;
const OWNER = join(import.meta.dirname, 'owner.ts');

/** Processes, by their number, for which `holds`; one that ends meanwhile is none. */
async function processes(holds: (pid: string) => Promise<boolean>): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const kept = await Promise.all(pids.map(async (pid) => ((await holds(pid).catch(() => false)) ? [pid] : [])));
  return kept.flat();
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Branches of the cgroup hierarchies with this name. */
async function branches(name: string): Promise<string[]> {
  const root = '/sys/fs/cgroup';
  const places = [root, ...(await readdir(root)).map((hierarchy) => join(root, hierarchy))];
  const found = await Promise.all(places.map(async (place) => ((await exists(join(place, name))) ? [place] : [])));
  return found.flat();
}

describe('a real node whose owner is killed', () => {
  it(
    'leaves no process, no network, no mount, no cgroup and no file',
    async () => {
      const parent = await mkdtemp(join(tmpdir(), 'owner-'));
      const dir = join(parent, 'cluster');
      const inside = [
        'sh',
        '-c',
        'ip link set lo up && exec "$@"',
        'inside',
        process.execPath,
        '--no-warnings',
        OWNER,
        dir,
      ];
      const owner = spawn('unshare', ['--net', ...inside], { stdio: ['ignore', 'pipe', 'pipe'] });
      let printed = '';
      for (const stream of [owner.stdout, owner.stderr])
        stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      try {
        await eventually(() => expect(printed).toContain('ready\n'), { timeoutMs: LIMIT_MS, intervalMs: 250 });
        const network = await readlink(`/proc/${owner.pid ?? 0}/ns/net`);
        const inNetwork = () => processes(async (pid) => (await readlink(`/proc/${pid}/ns/net`)) === network);
        const named = () => processes(async (pid) => (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes(dir));
        const cgroup = await readFile(join(dir, 'node', 'cgroup'), 'utf8');
        // It is all there: else nothing is shown by its going.
        expect((await inNetwork()).length).toBeGreaterThan(7);
        expect((await named()).length).toBeGreaterThan(5);
        expect(await branches(cgroup)).not.toEqual([]);

        owner.kill('SIGKILL');
        await eventually(
          async () => {
            expect(await exists(dir)).toBe(false);
            expect(await inNetwork()).toEqual([]);
            expect(await named()).toEqual([]);
            expect(await branches(cgroup)).toEqual([]);
          },
          { timeoutMs: 60_000, intervalMs: 250 },
        );
        expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(dir);
      } finally {
        owner.kill('SIGKILL');
        await rm(parent, { recursive: true, force: true });
      }
    },
    LIMIT_MS,
  );
});
