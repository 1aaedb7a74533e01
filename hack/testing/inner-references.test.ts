import { expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = ['operator', 'cli', 'e2e', 'hack', 'docs', 'crds', 'manifests', 'cdk8s', 'charts'];
const TEXT = /\.(?:ts|mjs|md|yaml|sh)$/;

/** The files that people write, by path from the root. */
async function files(): Promise<string[]> {
  const below = await Promise.all(
    FOLDERS.map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  const top = await readdir(root);
  return [...top, ...below.flat()].filter((name) => TEXT.test(name) && !name.includes('node_modules'));
}

/** `docs/design.md, section 3`, and in Markdown `[docs/design.md](docs/design.md), section 3`. */
const REFERENCE = /\b(docs\/[\w./-]+\.md)\)?, section (\d+(?:\.\d+)*)/g;

test('every section that is pointed at exists', async () => {
  const broken: string[] = [];
  for (const name of await files()) {
    const text = await readFile(join(root, name), 'utf8');
    for (const [reference, document = '', section = ''] of text.matchAll(REFERENCE)) {
      const headings = await readFile(join(root, document), 'utf8');
      if (!new RegExp(`^#+ ${section.replaceAll('.', '\\.')}\\.? `, 'm').test(headings))
        broken.push(`${name}: ${reference}`);
    }
  }
  expect(broken).toEqual([]);
});
