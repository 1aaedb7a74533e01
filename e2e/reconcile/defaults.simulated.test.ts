import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultsReader } from '../../operator/controller/defaults-reader.ts';
import { testCluster } from '../support/index.ts';
import { operatorBench, writesOf } from './harness.ts';
import { BRIEF, endRollout } from './rollouts.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const SPEC = { model: { name: 'deepseek-r1-distill-qwen-1.5b' }, accelerator: { type: 'T4' }, replicas: 1, ...BRIEF };

let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'defaults-'))));
afterAll(() => rm(dir, { recursive: true }));

const log = { info: () => undefined, warn: () => undefined } as never;
const write = (content: string) => writeFile(join(dir, 'defaults.yaml'), content);
const start = () => bench().startOperator({ defaults: new DefaultsReader({ path: join(dir, 'defaults.yaml'), log }) });

/** What one pod took over from the defaults. */
async function podsOf(name: string) {
  return (await bench().pods(name)).map(({ metadata, spec }) => ({
    uid: metadata.uid,
    image: spec?.containers[0]?.image?.split(':')[0],
    secrets: spec?.imagePullSecrets?.map((secret) => secret.name),
    hub: spec?.containers[0]?.env?.find((variable) => variable.name === 'HF_ENDPOINT')?.value,
  }));
}

it('changes no pod that runs, with the operator running or started anew, and is what the next version gets', async () => {
  await write('registryMirrors: {docker.io: registry.example/a}\nimagePullSecrets: [{name: a}]\n');
  await bench().stopOperator();
  await start();
  await bench().create('chat', SPEC);
  await bench().condition('chat', 'Ready', 'True');
  const before = await podsOf('chat');
  expect(before).toEqual([
    { uid: expect.any(String), image: 'registry.example/a/vllm/vllm-openai', secrets: ['a'], hub: undefined },
  ]);

  await write('registryMirrors: {docker.io: registry.example/b}\nhuggingFaceEndpoint: http://hub.internal\n');
  await bench().rest();
  const written = writesOf(await bench().requests()).length;
  await bench().edit('chat', { metadata: { labels: { touched: 'yes' } }, spec: { minReadySeconds: 0 } });
  await bench().stopOperator();
  await start();
  await bench().rest();
  expect(
    writesOf(await bench().requests())
      .slice(written)
      .filter((write) => /deployments |revisions/.test(write)),
  ).toEqual([]);
  expect(await podsOf('chat')).toEqual(before);

  await bench().edit('chat', { spec: { engine: { env: [{ name: 'NEXT', value: '1' }] } } });
  await endRollout(bench(), 'chat');
  expect(await podsOf('chat')).toContainEqual(
    expect.objectContaining({
      image: 'registry.example/b/vllm/vllm-openai',
      secrets: undefined,
      hub: 'http://hub.internal',
    }),
  );
}, 180_000);

it('says what is wrong with them, makes no version meanwhile, and goes on when they are corrected', async () => {
  await write('runtimeClass: nvidia\n');
  await bench().stopOperator();
  await start();
  await bench().create('other', SPEC);
  expect(await bench().condition('other', 'Ready', 'False', 'DefaultsInvalid')).toContain('runtimeClass');
  expect(await bench().deployments('other')).toEqual([]);
  await write('imagePullSecrets: [{name: registry}]\n');
  bench().advance(16_000);
  await bench().condition('other', 'Ready', 'True');
  expect((await podsOf('other')).map(({ secrets }) => secrets)).toEqual([['registry']]);
}, 180_000);
