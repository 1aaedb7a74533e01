import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command, Option } from 'commander';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectl } from '../testing.ts';
import { cobraLines, complete, type NameFlags } from './complete.ts';
import { SCRIPTS } from './scripts.ts';

const program = new Command('kubectl deepseek');
program.addCommand(
  new Command('get')
    .description('show\n\nmore of it')
    .argument('[name]')
    .option('-n, --namespace <namespace>', 'where')
    .option('-w, --watch', 'live')
    .option('-f, --filename <file>', 'what')
    .addOption(new Option('-o, --output <format>', 'how').choices(['json', 'yaml'])),
);
program.addCommand(new Command('bundle').argument('[names...]'));
program.addCommand(new Command('model').addCommand(new Command('import').argument('<file>')));

const asked: NameFlags[] = [];
const NAMES = {
  models: async (flags: NameFlags) => {
    asked.push(flags);
    return ['chat', 'code'];
  },
  namespaces: async () => ['ai', 'default'],
};

describe('what may come next', () => {
  it.each<[string, string[], boolean]>([
    ['', ['get', 'bundle', 'model'], false],
    ['g', ['get'], false],
    ['get ', ['chat', 'code'], false],
    ['get co', ['code'], false],
    ['get chat ', [], false],
    ['bundle chat ', ['code'], false],
    ['get --o', ['--output'], false],
    ['get -o ', ['json', 'yaml'], false],
    ['get --output=j', ['--output=json'], false],
    ['get -n ', ['ai', 'default'], false],
    ['get -w ', ['chat', 'code'], false],
    ['get -f ', [], true],
    ['model ', ['import'], false],
    ['model import ', [], true],
    ['nothing ', [], false],
  ])('after %j', async (line, values, files) => {
    const completion = await complete(program, line.split(' '), NAMES);
    expect(completion.values.map(({ value }) => value)).toEqual(values);
    expect(completion.files).toBe(files);
  });

  it('is looked for where the line says', async () => {
    asked.length = 0;
    await complete(program, ['get', '-n', 'ai', '--watch', ''], NAMES);
    expect(asked).toEqual([{ namespace: 'ai' }]);
  });

  it('is told as cobra tells it', async () => {
    expect(cobraLines(await complete(program, ['ge'], NAMES))).toBe('get\tshow\n:4\n');
    expect(cobraLines(await complete(program, ['get', '-f', ''], NAMES))).toBe(':0\n');
  });
});

it('says nothing of models where there is no cluster', async () => {
  const env = { KUBECONFIG: '/nowhere', HOME: '/nowhere' };
  expect(await kubectl(['__complete', 'get', ''], { env })).toEqual({ status: 0, stdout: ':4\n', stderr: '' });
});

it('knows every command of the plugin', async () => {
  const { stdout } = await kubectl(['__complete', '']);
  for (const command of ['plan', 'get', 'doctor', 'bundle', 'completion'])
    expect(stdout).toMatch(new RegExp(`^${command}\t`, 'm'));
});

describe('the script', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'completion-'));
    const fake = `#!/bin/sh\nshift; last=; for word; do last=$word; done\n[ "$last" = "fi" ] && { echo :0; exit; }\nprintf 'chat\\tit serves\\ncode\\n:4\\n' | grep "^$last\\|^:"\n`;
    await writeFile(join(dir, 'kubectl-deepseek'), fake);
    await chmod(join(dir, 'kubectl-deepseek'), 0o755);
    await writeFile(join(dir, 'kubectl_complete-deepseek'), SCRIPTS.kubectl);
    await chmod(join(dir, 'kubectl_complete-deepseek'), 0o755);
  });
  afterAll(() => rm(dir, { recursive: true }));
  const env = () => ({ PATH: `${dir}:${process.env['PATH'] ?? ''}` });

  it.each([
    ['', 'chat code'],
    ['co', 'code'],
  ])('of bash completes %j', (word, expected) => {
    const ask = `${SCRIPTS.bash}\nCOMP_WORDS=(kubectl-deepseek get '${word}'); COMP_CWORD=2; _kubectl_deepseek; echo "\${COMPREPLY[*]}"`;
    expect(execFileSync('bash', ['-c', ask], { env: env() }).toString().trim()).toBe(expected);
  });

  describe.each(['bash', 'zsh', 'fish'] as const)('of %s', (shell) => {
    const isInstalled = spawnSync(shell, ['--version']).error === undefined;
    (isInstalled ? it : it.skip)('can be read by it', async () => {
      const file = join(dir, `script.${shell}`);
      await writeFile(file, SCRIPTS[shell]);
      expect(spawnSync(shell, ['-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    });
  });

  const fish = spawnSync('fish', ['--version']).error === undefined ? it : it.skip;
  fish.each([
    ['get ', 'chat\tit serves\ncode\n'],
    ['get co', 'code\n'],
    ['plan -f fi', 'file.yaml\n'],
  ])('of fish completes %j', async (words, expected) => {
    await writeFile(join(dir, 'file.yaml'), '');
    const ask = `${SCRIPTS.fish}\ncomplete -C 'kubectl-deepseek ${words}'`;
    expect(execFileSync('fish', ['-N', '-c', ask], { cwd: dir, env: { ...env(), HOME: dir } }).toString()).toBe(
      expected,
    );
  });

  it('of kubectl hands on what kubectl gives it', () => {
    const answer = execFileSync(join(dir, 'kubectl_complete-deepseek'), ['get', 'co'], { env: env() }).toString();
    expect(answer).toBe('code\n:4\n');
  });

  it('is printed for each shell', async () => {
    expect((await kubectl(['completion', 'fish'])).stdout).toBe(SCRIPTS.fish);
    expect((await kubectl(['completion', 'tcsh'])).status).toBe(2);
  });
});
