import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { GeneratedFile } from './file.ts';
import { staleFiles, writeFiles } from './write.ts';

const files: readonly GeneratedFile[] = [
  { path: 'a.md', render: () => 'a\n' },
  { path: 'deep/er/b.yaml', render: () => Promise.resolve('b: 1\n') },
];

describe('generated files', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'generate-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('are written where they are missing or differ, and nowhere else', async () => {
    expect(await writeFiles(files, root)).toEqual(['a.md', 'deep/er/b.yaml']);
    expect(await readFile(join(root, 'deep/er/b.yaml'), 'utf8')).toBe('b: 1\n');

    await writeFile(join(root, 'a.md'), 'edited by hand\n');
    const { mtimeMs } = await stat(join(root, 'deep/er/b.yaml'));
    expect(await writeFiles(files, root)).toEqual(['a.md']);
    expect((await stat(join(root, 'deep/er/b.yaml'))).mtimeMs).toBe(mtimeMs);
  });

  it('may be made of those before them', async () => {
    const copy = { path: 'copy.md', render: () => readFile(join(root, 'a.md'), 'utf8') };
    expect(await writeFiles([...files, copy], root)).toEqual(['a.md', 'deep/er/b.yaml', 'copy.md']);
    expect(await readFile(join(root, 'copy.md'), 'utf8')).toBe('a\n');
  });

  it('are found stale without being touched', async () => {
    await writeFile(join(root, 'a.md'), 'old\n');
    expect(await staleFiles(files, root)).toEqual(['a.md', 'deep/er/b.yaml']);
    expect(await readFile(join(root, 'a.md'), 'utf8')).toBe('old\n');
  });
});
