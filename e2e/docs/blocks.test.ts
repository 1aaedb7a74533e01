import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { allBlocks, type Block, blocksOf, inlineCommands, pages, programsOf, ROOT, WAYS } from './blocks.ts';

const blocks = await allBlocks();
const sentences = (
  await Promise.all(
    (await pages()).map(async (page) => [page, inlineCommands(await readFile(join(ROOT, page), 'utf8'))] as const),
  )
).filter(([, commands]) => commands.length > 0);
const programs = (
  await Promise.all(
    (await pages()).map(async (page) =>
      programsOf(await readFile(join(ROOT, page), 'utf8')).map((program) => [page, program] as const),
    ),
  )
).flat();
const named = (all: readonly Block[]) => all.map((block) => [`${block.page}:${block.line}`, block] as const);

/** Commands of our plugin in a script: subcommand and options, up to what ends a command. */
function pluginCommands(script: string): string[][] {
  const text = script.replaceAll(/\\\n\s*/g, ' ').replaceAll(/(^|\s)#.*$/gm, '');
  return [...text.matchAll(/kubectl deepseek ([^\n|;&>)`]*)/g)].map(([, words = '']) =>
    words
      .replaceAll(/'[^']*'|"[^"]*"/g, 'quoted')
      .trim()
      .split(/\s+/),
  );
}

/** What the plugin itself says may stand after these words, asked once. */
const completed = new Map<string, string[]>();
function completions(words: readonly string[]): string[] {
  const key = words.join(' ');
  const known = completed.get(key);
  if (known !== undefined) return known;
  const env = { ...process.env, KUBECONFIG: '/nowhere', HOME: '/nowhere' };
  const stdout = execFileSync(process.execPath, ['cli/main.ts', '__complete', ...words], { cwd: ROOT, env }).toString();
  const found = stdout.split('\n').map((line) => line.split('\t', 1)[0] ?? '');
  completed.set(key, found);
  return found;
}

/** Every command of the plugin in a text is one that it has, with options that it has. */
function expectPlugin(script: string): void {
  for (const words of pluginCommands(script)) {
    const [command = '', second = ''] = words;
    if (/^[A-Z]/.test(command)) continue;
    expect(completions([''])).toContain(command);
    const path = command === 'model' ? [command, second] : [command];
    const options = words
      .filter((word) => /^\[?--/.test(word))
      .map((word) => word.replace('[', '').split('=', 1)[0] ?? '');
    if (options.length > 0) expect(completions([...path, '--'])).toEqual(expect.arrayContaining(options));
  }
}

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
    const makefile = readFileSync(join(ROOT, 'Makefile'), 'utf8');
    for (const [, target = ''] of script.matchAll(/^make ([\w-]+)/gm))
      expect(makefile).toMatch(new RegExp(`^${target}:`, 'm'));
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const [, name = ''] of script.matchAll(/npm run (?:-s )?([\w-]+)/g))
      expect(Object.keys(scripts)).toContain(name);
    expect(way === 'helm' || way === 'not-run' || !script.includes('helm ')).toBe(true);
  });

  it('calls the plugin as it is', () => expectPlugin(block.script), 30_000);
});

describe('the sentences', () => {
  it('are looked at without the blocks between them', () => {
    expect(
      inlineCommands('a `kubectl deepseek get x` b\n```sh\n`kubectl deepseek y`\n```\n`kubectl get pods`'),
    ).toEqual(['kubectl deepseek get x']);
  });

  it.each(sentences)(
    'of %s name commands that the plugin has',
    (_, commands) => expectPlugin(commands.join('\n')),
    60_000,
  );
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
