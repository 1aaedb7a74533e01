import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cacheRoot, findBinaries } from './binaries.ts';
import { formatElapsed, isGoRecent } from './build.ts';

describe('findBinaries with KUBEBUILDER_ASSETS', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'assets-'));
  });
  afterEach(async () => rm(dir, { recursive: true }));
  const provide = async (...names: string[]) => {
    for (const name of names) {
      await writeFile(join(dir, name), '');
      await chmod(join(dir, name), 0o755);
    }
  };
  const find = async () =>
    findBinaries('control-plane', { env: { KUBEBUILDER_ASSETS: dir }, signal: new AbortController().signal });

  it('uses a complete folder', async () => {
    await provide('etcd', 'kube-apiserver', 'kubectl');
    expect(await find()).toBe(dir);
  });

  it('says what an incomplete one lacks', async () => {
    await provide('etcd', 'kubectl');
    await expect(find()).rejects.toMatchObject({
      code: 'BINARIES_MISSING',
      message: `KUBEBUILDER_ASSETS=${dir} lacks kube-apiserver. Complete it, or unset the variable to build them.`,
    });
  });
});

it.each([
  ['/x', '/x/deepseek-operator/bin'],
  ['', /^\/.+\/\.cache\/deepseek-operator\/bin$/],
  [undefined, /^\/.+\/\.cache\/deepseek-operator\/bin$/],
])('puts the cache under XDG_CACHE_HOME=%j', (value, expected) => {
  expect(cacheRoot({ XDG_CACHE_HOME: value })).toEqual(
    typeof expected === 'string' ? expected : expect.stringMatching(expected),
  );
});

it.each([
  ['go version go1.26.0 linux/amd64', true],
  ['go version go1.27.3 darwin/arm64', true],
  ['go version go2.0 linux/amd64', true],
  ['go version go1.25.9 linux/amd64', false],
  ['go version go1.9.7 linux/amd64', false],
  ['go version devel +abc linux/amd64', true],
])('judges "%s"', (output, recent) => {
  expect(isGoRecent(output)).toBe(recent);
});

it.each([
  [400, '0 s'],
  [59_499, '59 s'],
  [59_600, '1 min 0 s'],
  [406_000, '6 min 46 s'],
])('writes %d ms as %s', (ms, text) => {
  expect(formatElapsed(ms)).toBe(text);
});
