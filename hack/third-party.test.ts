import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { bundleOptions, BUNDLES } from './bundle.ts';
import { licencesText, packageFolders, thirdParties } from './third-party.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
let root: string;

/** Writes a package into `root`. */
async function place(folder: string, about: object, files: Readonly<Record<string, string>> = {}): Promise<void> {
  const all = { ...files, 'package.json': JSON.stringify(about) };
  for (const [path, text] of Object.entries(all)) {
    const file = join(root, folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'third-party-'));
  await place(
    'node_modules/a',
    { name: 'a', version: '1.0.0', license: 'Apache-2.0' },
    { LICENSE: 'the text\r\nof a\n', 'NOTICE.txt': 'made by A', 'index.js': '1', 'licensed.js': '2' },
  );
  await place('node_modules/@s/b', { name: '@s/b', version: '2.0.0', license: 'MIT' });
  await place('node_modules/c/node_modules/@s/b', { name: '@s/b', version: '2.0.0', license: 'MIT' });
  await place('node_modules/unknown', { name: 'unknown', version: '1.0.0' });
});
afterAll(() => rm(root, { recursive: true }));

describe('the packages of a bundle', () => {
  it('are those that it has code of, wherever they lie', () => {
    const inputs = (paths: Readonly<Record<string, number>>) => ({
      ...{ bytes: 1, imports: [], exports: [] },
      inputs: Object.fromEntries(Object.entries(paths).map(([path, bytesInOutput]) => [path, { bytesInOutput }])),
    });
    expect(
      packageFolders({
        'dist/one.mjs': inputs({
          'operator/main.ts': 5,
          'node_modules/a/lib/x.js': 7,
          'node_modules/left-out/x.js': 0,
        }),
        'dist/two.mjs': inputs({ 'node_modules/a/y.js': 7, 'node_modules/c/node_modules/@s/b/lib/esm/x.js': 3 }),
        'dist/two.mjs.map': inputs({}),
      }),
    ).toEqual(['node_modules/a', 'node_modules/c/node_modules/@s/b']);
  });

  it('are told with their licences and notices, each once, in one order', async () => {
    const folders = ['node_modules/c/node_modules/@s/b', 'node_modules/a', 'node_modules/@s/b'];
    const text = licencesText(await thirdParties(root, folders));
    expect(text).toBe(licencesText(await thirdParties(root, folders.toReversed())));
    expect(text).toMatch(/@s\/b 2\.0\.0\nLicence: MIT\n\n\(The package brings no text of it\.\)\n\n=+\na 1\.0\.0\n/);
    expect(text.match(/@s\/b/g)).toHaveLength(1);
    expect(text).toContain('a 1.0.0\nLicence: Apache-2.0\n\nthe text\nof a\n\nmade by A\n');
  });

  it('have a licence', async () => {
    await expect(thirdParties(root, ['node_modules/unknown'])).rejects.toThrow(/by which licence/);
  });
});

describe('the bundles of this repository', () => {
  it('have packages whose licences are all there as texts, those that the operator imports among them', async () => {
    const built = await Promise.all(
      BUNDLES.map((bundle) => build({ ...bundleOptions(bundle, repository, '1.2.3'), metafile: true, write: false })),
    );
    const packages = await thirdParties(
      repository,
      built.flatMap(({ metafile }) => packageFolders(metafile.outputs)),
    );
    expect(packages.filter(({ texts }) => texts.length === 0).map(({ name }) => name)).toEqual([]);
    const text = licencesText(packages);
    for (const name of ['@kubernetes/client-node', 'commander', 'prom-client', 'undici', 'zod']) {
      const file = await readFile(join(repository, 'node_modules', name, 'LICENSE'), 'utf8');
      expect([name, text.includes(file.replaceAll('\r\n', '\n').trim())]).toEqual([name, true]);
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+`, 'm'));
    }
  }, 60_000);
});
