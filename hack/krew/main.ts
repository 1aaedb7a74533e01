/**
 * `npm run -s krew -- --base-url URL [--homepage URL]`: packs dist/kubectl-deepseek.mjs (of `npm run build`) for krew, twice the same
 * bytes, and writes dist/deepseek.yaml, the manifest with its checksum. Nothing is published. Needs GNU tar. Exit status: 0 done,
 * 1 there is nothing to pack, or krew would refuse it, 2 usage.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { stringify } from 'yaml';
import { gzipSync } from 'node:zlib';
import { krewManifest, krewProblems } from './manifest.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** Bytes that depend on nothing but the content of the files. */
export async function pack(files: readonly { readonly folder: string; readonly name: string }[]): Promise<Buffer> {
  const fixed = ['--format=ustar', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
  const names = files.flatMap(({ folder, name }) => ['-C', folder, name]);
  const { stdout } = await run('tar', ['-c', ...fixed, ...names], { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 });
  return gzipSync(stdout, { level: 9 });
}

const USAGE = 'usage: npm run -s krew -- --base-url URL [--homepage URL]   (URL: where the archive will lie)';

async function main(): Promise<number> {
  let values: { readonly 'base-url'?: string; readonly homepage?: string };
  try {
    ({ values } = parseArgs({ options: { 'base-url': { type: 'string' }, homepage: { type: 'string' } } }));
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const { 'base-url': baseUrl, homepage = baseUrl } = values;
  if (baseUrl === undefined || homepage === undefined) {
    console.error(USAGE);
    return 2;
  }
  if (!existsSync(`${root}/dist/kubectl-deepseek.mjs`)) {
    console.error('There is no dist/kubectl-deepseek.mjs: `make build` makes it.');
    return 1;
  }
  const { version } = JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as { version: string };
  const bytes = await pack([
    { folder: `${root}/dist`, name: 'kubectl-deepseek.mjs' },
    { folder: root, name: 'LICENSE' },
    { folder: `${root}/dist`, name: 'third-party-licenses.txt' },
  ]);
  const archive = `kubectl-deepseek-v${version}.tar.gz`;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const manifest = krewManifest({ version, baseUrl, homepage, archive, sha256 });
  const problems = krewProblems(manifest);
  if (problems.length > 0) {
    console.error(`krew would refuse the manifest: ${problems.join(', ')}`);
    return 1;
  }
  await writeFile(`${root}/dist/${archive}`, bytes);
  await writeFile(`${root}/dist/deepseek.yaml`, stringify(manifest, { lineWidth: 0 }));
  console.log(`dist/${archive}  ${(bytes.length / 1e6).toFixed(1)} MB  sha256 ${sha256}\ndist/deepseek.yaml`);
  return 0;
}

if (import.meta.main) process.exitCode = await main();
