import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { commandCheck } from '../support/command-check.ts';
import { commandsOf } from '../support/shell-words.ts';
import { allBlocks, type Block, blocksOf, inAllPages, programsOf, ROOT, WAYS } from './blocks.ts';

const blocks = await allBlocks();
const programs = await inAllPages((page, text) => programsOf(text).map((program) => [page, program] as const));
const check = commandCheck();
const named = (all: readonly Block[]) => all.map((block) => [`${block.page}:${block.line}`, block] as const);

it('finds the blocks of a page, in lists too', () => {
  const page =
    '```sh offline\na\n```\n1. x\n\n   ```sh not-run it waits\n   b\n     c\n   ```\n```yaml\nd\n```\n```sh\ne\n```\n```sh cluster exit=1\nf\n```\n';
  expect(blocksOf('p', page).map(({ line, script, way, exit }) => [line, script, way, exit])).toEqual([
    [1, 'a', 'offline', 0],
    [6, 'b\n  c', 'not-run', 0],
    [13, 'e', undefined, 0],
    [16, 'f', 'cluster', 1],
  ]);
});

it('finds those of this repository', () => {
  expect(blocks.length).toBeGreaterThan(30);
  for (const way of WAYS) expect(blocks.some((block) => block.way === way)).toBe(true);
});

describe.each(named(blocks))('the block %s', (_, block) => {
  it('says how it is run', () => {
    expect(WAYS).toContain(block.way);
    if (block.way === 'not-run') expect(block.reason).not.toBe('');
  });

  it('is a script that bash reads', () => {
    if (/\[--|\bFILE\b/.test(block.script)) return; // A synopsis.
    expect(() => execFileSync('bash', ['-n'], { input: block.script })).not.toThrow();
  });

  it('names files, targets and scripts that are there', () => {
    const { script, way } = block;
    const paths = [...script.matchAll(/(?<![\w./])(?:manifests|crds|docs|hack|e2e|cli)\/[\w./-]*\w/g)].map(
      ([path]) => path,
    );
    for (const path of paths) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
    expect(way === 'helm' || way === 'not-run' || !script.includes('helm ')).toBe(true);
  });

  it('has commands of ours, with options that they have', () => {
    expect(commandsOf(block.script).flatMap(check)).toEqual([]);
  }, 30_000);
});

/** What the compiler says of a program that lies in the root, with the settings of this repository. */
function complaints(program: string): string[] {
  const file = join(ROOT, 'program-of-a-page.ts');
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(
    { ...(config as object), files: [file], include: [] },
    ts.sys,
    ROOT,
  );
  const host = ts.createCompilerHost(options);
  const withProgram: ts.CompilerHost = {
    ...host,
    fileExists: (path) => path === file || host.fileExists(path),
    readFile: (path) => (path === file ? program : host.readFile(path)),
    getSourceFile: (path, version, ...rest) =>
      path === file ? ts.createSourceFile(path, program, version) : host.getSourceFile(path, version, ...rest),
  };
  const compiled = ts.createProgram([file], { ...options, incremental: false }, withProgram);
  return ts
    .getPreEmitDiagnostics(compiled)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('the programs of the pages', () => {
  it('are found, and pieces of some are not', () => {
    expect(programs.map(([page]) => page)).toContain('docs/install.md');
    expect(programsOf("```ts\nimport 'a';\n```\n```ts\nawait b();\n```\n")).toEqual(["import 'a';"]);
  });

  it('are not taken for right when they are wrong', () => {
    const wrong = "import { DeepSeekOperator } from './cdk8s/install/install.ts';\nnew DeepSeekOperator(1);\n";
    expect(complaints(wrong)).not.toEqual([]);
  }, 120_000);

  it.each(programs)('of %s are compiled', (_, program) => expect(complaints(program)).toEqual([]), 120_000);
});
