import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { krewManifest, krewProblems } from './manifest.ts';
import { pack } from './main.ts';

let dir: string;
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'krew-'))));
afterEach(() => rm(dir, { recursive: true }));

const OPTIONS = {
  version: '1.2.3',
  baseUrl: 'https://example.com/releases/v1.2.3/',
  homepage: 'https://example.com',
  archive: 'kubectl-deepseek-v1.2.3.tar.gz',
  sha256: 'a'.repeat(64),
};

it('packs the same bytes whenever it packs, with a program that can be run', async () => {
  const file = join(dir, 'kubectl-deepseek.mjs');
  await writeFile(file, '#!/usr/bin/env node\n', { mode: 0o700 });
  const first = await pack([{ folder: dir, name: 'kubectl-deepseek.mjs' }]);
  await utimes(file, 1_000, 1_000);
  const second = await pack([{ folder: dir, name: 'kubectl-deepseek.mjs' }]);
  expect(second.equals(first)).toBe(true);
  expect(execFileSync('tar', ['tvzf', '-'], { input: first }).toString()).toMatch(
    /^-rwxr-xr-x 0\/0 .* kubectl-deepseek.mjs\n$/,
  );
});

it('writes a manifest that krew takes', () => {
  const manifest = krewManifest(OPTIONS);
  expect(krewProblems(manifest)).toEqual([]);
  expect(manifest.spec.platforms[0]?.uri).toBe('https://example.com/releases/v1.2.3/kubectl-deepseek-v1.2.3.tar.gz');
});

it.each([
  [{ version: '1.2' }, 'spec.version is no semantic version with v'],
  [{ sha256: 'abc' }, 'spec.platforms[0].sha256'],
  [{ archive: 'plugin.mjs' }, 'spec.platforms[0].uri'],
  [{ homepage: 'nowhere' }, 'spec.homepage'],
])('sees that krew would refuse %j', (change, problem) => {
  expect(krewProblems(krewManifest({ ...OPTIONS, ...change }))).toEqual([problem]);
});

it.each([
  ['nothing', []],
  ['an option that there is not', ['--nothing']],
])(
  'says how it is used when it is given %s',
  (_, argv) => {
    const main = join(import.meta.dirname, 'main.ts');
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/usage: npm run -s krew -- --base-url URL/);
    expect(stderr).not.toMatch(/^ +at /m);
  },
  60_000,
);
