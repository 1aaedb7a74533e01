import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultsReader } from './defaults-reader.ts';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'defaults-'));
  path = join(dir, 'defaults.yaml');
});
afterEach(() => rm(dir, { recursive: true }));

function reader() {
  const told: string[] = [];
  const record = (level: string) => (message: string, fields?: object) =>
    void told.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log = { info: record('info'), warn: record('warn') } as never;
  return { told, subject: new DefaultsReader({ path, log }) };
}

it('are none while there is no file, and those of the file once it is there', async () => {
  const { subject } = reader();
  expect(await subject.read()).toEqual({ value: {} });
  await writeFile(path, 'runtimeClassName: nvidia\n');
  expect(await subject.read()).toEqual({ value: { runtimeClassName: 'nvidia' } });
  await rm(path);
  expect(await subject.read()).toEqual({ value: {} });
});

it('stay the last valid ones while the file is not valid, which the log says once', async () => {
  const { subject, told } = reader();
  await writeFile(path, 'runtimeClassName: nvidia\n');
  await subject.read();
  await writeFile(path, 'runtimeClass: nvidia\ntolerations: [{operator: Equal}]\n');
  const reading = await subject.read();
  await subject.read();
  expect(reading.value).toEqual({ runtimeClassName: 'nvidia' });
  expect(reading.problem).toMatch(/tolerations.0: a toleration without key needs operator Exists.*runtimeClass/);
  expect(told.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  await writeFile(path, '{}');
  expect(await subject.read()).toEqual({ value: {} });
});

it.each([
  ['a: [', /flow|expected/i],
  ['a: 1\na: 2\n', /unique/],
  ['[]', /expected object/],
  ['registryMirrors: {"https://docker.io": x}', /registryMirrors/],
  ['huggingFaceEndpoint: hub.internal', /huggingFaceEndpoint: should be an http/],
])('have no value when the first file that is read is %j', async (content, problem) => {
  const { subject } = reader();
  await writeFile(path, content);
  const reading = await subject.read();
  expect(reading.value).toBeUndefined();
  expect(reading.problem).toMatch(problem);
});

it('say what cannot be read', async () => {
  const { subject } = reader();
  await mkdir(path);
  expect((await subject.read()).problem).toMatch(/cannot read the file.*EISDIR/);
});
