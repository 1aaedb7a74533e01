import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { ApiError } from '../../operator/kube/errors.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { ANNOTATION } from '../../operator/api/index.ts';
import { deploymentObject, ready } from '../get/test-support.ts';
import type { ClusterConnection } from '../support/cluster.ts';
import { bundleCommand } from './command.ts';
import { tar } from './tar.ts';

let dir: string;
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'bundle-'))));
afterEach(() => rm(dir, { recursive: true }));

const TOKEN = 'planted-token-7f3c9a1b';
const META = { namespace: 'ai', name: 'chat-7f3c9a1b2c', labels: {} };

/** A cluster with a token in every place where people put one. Kinds that are asked for are in `asked`. */
function cluster(token: string, logged: string) {
  const asked: string[] = [];
  const env = [{ name: 'HF_TOKEN', value: token }];
  const spec = { engine: { env } } as never;
  const denied = new ApiError(403, { reason: 'Forbidden', message: `secret ${token} is not yours` });
  const pod = {
    metadata: { ...META, name: 'chat-7f3c9a1b2c-0', managedFields: [{ manager: token }] },
    spec: { containers: [{ name: 'engine', env, args: ['--api-key', token] }] },
    status: { containerStatuses: [{ name: 'engine', restartCount: 1, state: { running: {} } }] },
  };
  const lists: Readonly<Record<string, readonly unknown[]>> = {
    deepseekdeployments: [
      deploymentObject({ observedGeneration: 3, conditions: [ready('True', 'Available', `key ${token}`)] }, spec),
    ],
    deployments: [
      { metadata: { ...META, annotations: { [ANNOTATION.record]: JSON.stringify({ spec: { engine: { env } } }) } } },
    ],
    controllerrevisions: [{ metadata: META, revision: 1, data: { template: { spec: pod.spec } } }],
    pods: [pod],
    events: [
      {
        type: 'Warning',
        reason: 'Failed',
        eventTime: '2026-11-21T11:00:00Z',
        regarding: { kind: 'Pod', name: pod.metadata.name },
        note: `refused ${token}`,
      },
      {
        type: 'Warning',
        reason: 'Other',
        eventTime: '2026-11-21T11:00:00Z',
        regarding: { kind: 'Pod', name: 'another' },
        note: 'no',
      },
    ],
  };
  const client = {
    serverVersion: async () => ({ gitVersion: 'v1.36.1' }),
    apiResources: async () => Promise.reject(new ApiError(404, {})),
    create: async () => ({ status: { allowed: true } }),
    text: async () => '',
    podLog: async (_: unknown, { previous }: { previous: boolean }) => (previous ? Promise.reject(denied) : logged),
    get: async ({ plural }: { plural: string }, { name }: { name: string }) => {
      asked.push(plural);
      return plural === 'deepseekdeployments' && name === 'chat'
        ? lists[plural]?.[0]
        : Promise.reject(new ApiError(404, { reason: 'NotFound' }));
    },
    list: async ({ plural }: { plural: string }, { labelSelector }: { labelSelector?: string } = {}) => {
      asked.push(plural);
      const isOperators = labelSelector?.startsWith('app.kubernetes.io/name=') === true;
      if (lists[plural] === undefined) throw new ApiError(404, {});
      return { items: isOperators ? [] : lists[plural], resourceVersion: '1' };
    },
  };
  const connection = { client, namespace: 'ai', close: async () => undefined } as unknown as ClusterConnection;
  return { asked, connect: async () => connection };
}

async function run(argv: readonly string[], token = TOKEN, log = `loading with ${token}\nBearer 0123456789abcdef\n`) {
  const { asked, connect } = cluster(token, log);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context = { stdout, stderr, env: {}, clock: systemClock, signal: new AbortController().signal };
  let status: number | undefined;
  const command = bundleCommand(context, (ended) => (status = ended), '1.2.3', connect);
  await command.parseAsync([...argv], { from: 'user' });
  return { asked, status, stdout: (stdout.read() as Buffer | null) ?? '', stderr: String(stderr.read()) };
}

/** What is in an archive, by the names of the files. */
async function unpacked(archive: string): Promise<ReadonlyMap<string, string>> {
  const into = await mkdtemp(join(dir, 'unpacked-'));
  execFileSync('tar', ['xzf', archive, '-C', into]);
  const files = (await readdir(into, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return new Map(
    await Promise.all(
      files.map(async ({ parentPath, name }) => [name, await readFile(join(parentPath, name), 'utf8')] as const),
    ),
  );
}

it('has what helps, and none of the secrets, not even their names’ values elsewhere', async () => {
  const file = join(dir, 'b.tar.gz');
  const { asked, status, stdout, stderr } = await run(['chat', '-o', file]);
  expect(status).toBe(0);
  expect(String(stdout)).toMatch(/b\.tar\.gz: \d+ files, \d+ KiB, 1 value masked/);
  expect(stderr).toContain('gathering ai/chat');
  expect(asked).not.toContain('secrets');
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const contents = await unpacked(file);
  expect([...contents.keys()]).toEqual(
    expect.arrayContaining([
      'about.txt',
      'doctor.txt',
      'deepseekdeployment.yaml',
      'status.txt',
      'plan.txt',
      'history.txt',
      'events.txt',
      'pod.yaml',
      'engine.log',
    ]),
  );
  for (const [name, content] of contents) expect([name, content.includes(TOKEN)]).toEqual([name, false]);
  expect(contents.get('engine.log')).toBe('loading with [masked]\nBearer [redacted]\n');
  expect(contents.get('events.txt')).toBe(
    '2026-11-21T11:00:00Z  Warning  Failed  Pod/chat-7f3c9a1b2c-0  refused [masked]\n',
  );
  expect(contents.get('about.txt')).toMatch(/Missing:\n.*engine\.previous\.log: you may not see it/);
});

it.each([
  ['is longer than a line', 'planted0'.repeat(30)],
  ['has words', 'planted1 planted2 planted3 '.repeat(10).trim()],
])('has no part of a secret that %s, where pages are laid out', async (_, token) => {
  const file = join(dir, 'b.tar.gz');
  await run(['chat', '-o', file], token);
  const contents = await unpacked(file);
  expect(contents.get('status.txt')).toContain('key [masked]');
  for (const [name, content] of contents) expect([name, /planted\d/.exec(content)]).toEqual([name, null]);
});

it('ends a log that is too long with a whole line: half a secret would not be found', async () => {
  const file = join(dir, 'b.tar.gz');
  const whole = 'loading\n'.repeat(64 * 1024);
  await run(['chat', '-o', file], TOKEN, `${whole}key ${TOKEN.slice(0, -2)}`);
  expect((await unpacked(file)).get('engine.log')).toBe(whole);
});

it('takes a file that others may read from them', async () => {
  const file = join(dir, 'b.tar.gz');
  await writeFile(file, 'of another time, and longer than nothing');
  await chmod(file, 0o644);
  await run(['chat', '-o', file]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect([...(await unpacked(file)).keys()]).toContain('about.txt');
});

it('is written to standard output with -o -, where nothing else goes', async () => {
  const { stdout, stderr } = await run(['chat', '-o', '-']);
  expect(stderr).toMatch(/gathering ai\/chat\n[^]*\d+ files, \d+ KiB, 1 value masked\n$/);
  const file = join(dir, 'b.tar.gz');
  await writeFile(file, stdout);
  expect([...(await unpacked(file)).keys()]).toContain('about.txt');
  expect(await readdir('.')).not.toContain('-');
});

it('says that a file cannot be written', async () => {
  await expect(run(['chat', '-o', join(dir, 'no', 'b')])).rejects.toMatchObject({
    exitStatus: 2,
    message: expect.stringMatching(/^cannot write .*: ENOENT/),
  });
});

it('says of which name there is none', async () => {
  await expect(run(['other', '-o', join(dir, 'b')])).rejects.toThrow(/there is no DeepSeekDeployment other/);
});

it('is read by tar, with long paths, and is the same for the same content', () => {
  const long = `${'folder/'.repeat(20)}${'n'.repeat(90)}.yaml`;
  const files = [
    { path: 'a.txt', content: 'ä\n' },
    { path: long, content: 'x'.repeat(1024) },
    { path: 'empty', content: '' },
  ];
  const archive = gzipSync(tar(files, 1_700_000_000));
  expect(execFileSync('tar', ['tzf', '-'], { input: archive }).toString().split('\n')).toEqual([
    'a.txt',
    long,
    'empty',
    '',
  ]);
  expect(execFileSync('tar', ['xzOf', '-', 'a.txt'], { input: archive }).toString()).toBe('ä\n');
  expect(gzipSync(tar(files, 1_700_000_000)).equals(archive)).toBe(true);
  expect(() => tar([{ path: 'n'.repeat(101), content: '' }], 0)).toThrow(/too long/);
});
