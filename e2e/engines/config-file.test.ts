import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configFile } from '../../operator/engines/config-file.ts';
import { withConfigFile } from '../simulator/engines/sglang/config-file.ts';
import { writtenFiles } from '../simulator/pods/files.ts';
import type { Container } from '../simulator/pods/types.ts';

/** The shell that the init container has, and what it wrote. */
describe('the file with the key of an engine', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-file-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const rendered = () =>
    configFile({
      ...{ image: 'engine', folder, name: 'logging.json', lines: ['{"a": "$HOME"}', 'b'] },
      secret: { name: 'settings.yaml', setting: 'api-key', variable: { name: 'KEY' } },
    });

  const write = (key: string) => {
    const [writer] = rendered().initContainers;
    const [shell = '', ...command] = [...(writer?.command ?? []), ...(writer?.args ?? [])];
    // No program is found: a key given to one would be in the list of processes.
    return spawnSync(shell, command, { env: { KEY: key, PATH: '/nowhere' }, encoding: 'utf8', timeout: 10_000 });
  };
  const path = () => join(folder, 'settings.yaml');

  it.each([
    'sk-1',
    `a'b"c`,
    '$HOME $(id) `id` ${KEY}',
    String.raw`\n\t\\ %s %d`,
    'a: b #c',
    '--'.padStart(3, 'x'),
    '#x',
    '|2-',
    '123',
    '0x1F',
    'true',
    '~',
    '[a',
    '{a: b}',
    '&a',
    '*a',
    '!!str a',
    'k'.repeat(100),
  ])('gives SGLang the key %j, to its own user alone', async (key) => {
    expect(write(key)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const text = await readFile(path(), 'utf8');
    expect(withConfigFile(['--config', path()], [], new Map([[path(), text]]))).toEqual(['--api-key', key]);
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, 'logging.json'), 'utf8')).toBe('{"a": "$HOME"}\nb\n');
  });

  it('is what the simulated kubelet takes it for', async () => {
    write('a%sb');
    const { initContainers, volumeMounts } = rendered();
    const engine = { name: 'engine', volumeMounts } as Container;
    const [writer] = initContainers as unknown as readonly Container[];
    const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'api' } } }];
    const pod = {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod' } },
      spec: { containers: [engine], initContainers: [{ ...writer!, env }] },
    };
    const files = await writtenFiles(pod, engine, () => Promise.resolve('a%sb'));
    expect(files.size).toBe(2);
    for (const [name, text] of files) expect(await readFile(name, 'utf8')).toBe(text);
  });

  it.each([
    '',
    '-a',
    '--enable-metrics',
    ' a',
    'a ',
    ' ',
    'a\n',
    'a\ntrust-remote-code: true',
    'a\tb',
    'é',
    'a\u2028b',
    '\x7f',
  ])('is not written of %j, and the pod says why without saying it', async (key) => {
    await rm(path(), { force: true });
    const { status, stderr } = write(key);
    expect(status).toBe(1);
    expect(stderr).toBe(
      'What the Secret says for api-key is empty, begins with "-", begins or ends with a space, ' +
        'or is not of printable ASCII alone: is there a line break at its end?\n',
    );
    await expect(stat(path())).rejects.toThrow('ENOENT');
  });
});
