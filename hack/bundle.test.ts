import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { bundleOptions, BUNDLES } from './bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a bundle on a Node.js that says it is of this version; the real one where there is none. */
async function started(file: string, version?: string) {
  const preload = join(folder, 'preload.mjs');
  const versions = JSON.stringify({ node: version });
  await writeFile(
    preload,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, ...${versions} } });`,
  );
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, ['--import', preload, file, '--help'], { timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

describe.each(BUNDLES)('the bundle of $program', (bundle) => {
  const file = () => join(folder, `${bundle.program}.mjs`);
  beforeAll(() => build({ ...bundleOptions(bundle, root, '1.2.3'), outfile: file(), sourcemap: false }), 60_000);

  test('has no clients of generated kinds in it', async () => {
    expect(await readFile(file(), 'utf8')).not.toContain('ObjectSerializer');
  });

  test.each(['20.20.2', '22.21.0', '8.17.0'])('ends with one sentence on Node.js %s', async (version) => {
    const { code, stdout, stderr } = await started(file(), version);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: .* needs Node\.js 24 or later, this is [0-9.]+; .*\n$/);
    expect(stderr).toContain(`${bundle.program} needs Node.js 24 or later, this is ${version};`);
  });

  test.each(['24.0.0', '100.1.0'])('runs on Node.js %s', async (version) => {
    const { code, stdout, stderr } = await started(file(), version);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('--');
  });
});
