import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { resources } from '../../operator/kube/resources.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { PROGRAMMING_MS, untilPhase } from '../reconcile/rollouts.ts';
import { revisionRule } from '../simulator/index.ts';
import { testCluster } from '../support/index.ts';
import { FIRST, SECOND } from '../rollouts/ways.ts';
import { kubectl } from '../install/ways.ts';
import { testPlugin } from '../kubectl-deepseek/plugin.ts';
import { KINDS } from './kinds.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const plugin = testPlugin(cluster);

/** As such tokens look; nobody's. */
const HUB_TOKEN = `hf_${'PlantedTokenOfTheHub'.padEnd(34, 'x')}`;
const API_KEY = 'planted-api-key-9c1f6e0b7d';
const NOWHERE = [HUB_TOKEN, API_KEY].flatMap((token) => [token, Buffer.from(token).toString('base64')]);

/** All that is in the archive that people send to those who help them. */
async function bundle(): Promise<string> {
  const file = join(cluster().dir, `bundle-${bench().namespace}.tar.gz`);
  const made = await plugin.run('bundle', 'chat', '-n', bench().namespace, '-o', file);
  expect(made).toMatchObject({ status: 0 });
  return (await promisify(execFile)('tar', ['-xzOf', file], { maxBuffer: 1 << 26 })).stdout;
}

it('leaves tokens in their Secret: none in an object, an event, an argument, a log line, a metric or an address', async () => {
  const { client, namespace, signal } = bench();
  const secret = { metadata: { name: 'keys', namespace }, stringData: { hub: HUB_TOKEN, api: API_KEY } };
  await client.create(resources.secrets, { apiVersion: 'v1', kind: 'Secret', ...secret }, { signal });
  const pool = await bench().pool({ accelerator: 'A100-80GB', nodes: 1, gpusPerNode: 2 });
  const huggingFace = { repository: 'bank/distilled', tokenSecretRef: { name: 'keys', key: 'hub' } };
  const telemetry = await bench().telemetry();
  await bench().create('chat', {
    model: { name: FIRST, source: { huggingFace } },
    engine: { apiKeySecretRef: { name: 'keys', key: 'api' } },
    accelerator: pool.accelerator,
    replicas: 1,
    termination: { preStopDelay: '1s', drainDeadline: '5s', rollbackDrain: '5s' },
    rollout: { proof: { warmUpRequests: 1, pairedRequests: 2 } },
  });
  await bench().condition('chat', 'Ready', 'True');
  const old = (await bench().status('chat')).serving?.revision ?? '';
  // It answers nobody without the key, so whoever proves a version has sent it.
  const [pod] = await bench().simulator.pods();
  const asked = await fetch(`http://${pod?.address ?? ''}/v1/models`, { signal });
  expect(asked.status).toBe(401);

  await bench().edit('chat', { spec: { model: { name: SECOND } } });
  await untilPhase(bench(), 'chat', 'Switching');
  bench().advance(PROGRAMMING_MS);
  await untilPhase(bench(), 'chat', 'Watching');
  const bad = (await bench().status('chat')).serving?.revision ?? '';
  expect(bad).not.toBe(old);
  // An engine that says in its last words what it knows.
  const message = `ValueError: 401 for https://user:${API_KEY}@hub/api with "Authorization: Bearer ${HUB_TOKEN}", api_key='${API_KEY}'`;
  await bench().simulator.setRule(revisionRule('chat', bad, { failure: 'crash', message }));
  await untilPhase(bench(), 'chat', 'RollingBack', 'Held');
  bench().advance(6_000);
  await untilPhase(bench(), 'chat', 'Held');
  await bench().rest();

  const status = JSON.stringify((await bench().get('chat')).status);
  expect(status).toContain('ValueError: 401 for https://user:***@hub/api');
  const places = {
    objects: await kubectl(cluster(), 'get', KINDS, '-n', namespace, '-o', 'yaml', '--show-managed-fields'),
    log: JSON.stringify(bench().log),
    metrics: await (await fetch(`http://${telemetry}/metrics`, { signal })).text(),
    'audit log': await readFile(cluster().auditLog, 'utf8'),
    bundle: await bundle(),
  };
  // The places are full of what happened, so that a token would be among it.
  for (const text of Object.values(places)) expect(text).toContain(namespace);
  const of = await client.get(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'chat' }, { signal });
  expect(places.objects).toContain(of.metadata.uid);
  const found = Object.entries(places).flatMap(([place, text]) =>
    NOWHERE.filter((token) => text.includes(token)).map((token) => `${token} in ${place}`),
  );
  expect(found).toEqual([]);
}, 120_000);

it('gives SGLang its key by a file that is in no object', async () => {
  const { client, namespace, signal } = bench();
  const secret = { metadata: { name: 'keys', namespace }, stringData: { api: API_KEY } };
  await client.create(resources.secrets, { apiVersion: 'v1', kind: 'Secret', ...secret }, { signal });
  const pool = await bench().pool({ accelerator: 'A100-80GB', nodes: 1, gpusPerNode: 1 });
  await bench().create('chat', {
    model: { name: FIRST },
    engine: { type: 'SGLang', apiKeySecretRef: { name: 'keys', key: 'api' } },
    accelerator: pool.accelerator,
    replicas: 1,
  });
  // Whoever has proven it has sent the key.
  await bench().condition('chat', 'Ready', 'True');
  const [pod] = await bench().simulator.pods();
  const ask = async (key: string) => {
    const headers = { authorization: `Bearer ${key}` };
    return (await fetch(`http://${pod?.address ?? ''}/v1/models`, { headers, signal })).status;
  };
  expect([await ask('none'), await ask(API_KEY)]).toEqual([401, 200]);
  const objects = await kubectl(cluster(), 'get', KINDS, '-n', namespace, '-o', 'yaml');
  expect(objects).toContain('/etc/sglang/settings.yaml');
  expect(objects).not.toContain(API_KEY);
}, 60_000);

/**
 * Of the engines, vLLM 0.32.0 logs its key as ***, llama.cpp 0.7.0 at most its last four characters, and SGLang 0.5.23 logs it with all its settings when it starts, unless its
 * module is told to be quiet. The simulator plays that; the end of its log is in the status of the pod.
 */
it('keeps the key of SGLang out of its log', async () => {
  const { client, namespace, signal } = bench();
  const secret = { metadata: { name: 'keys', namespace }, stringData: { api: API_KEY } };
  await client.create(resources.secrets, { apiVersion: 'v1', kind: 'Secret', ...secret }, { signal });
  const pool = await bench().pool({ accelerator: 'A100-80GB', nodes: 1, gpusPerNode: 1 });
  await bench().simulator.setRule({ name: 'ends', match: {}, behaviour: { failure: 'crash' } });
  await bench().create('chat', {
    model: { name: FIRST },
    engine: { type: 'SGLang', apiKeySecretRef: { name: 'keys', key: 'api' } },
    accelerator: pool.accelerator,
    replicas: 1,
  });
  await bench().condition('chat', 'Ready', 'False', 'CrashLoop');
  const objects = await kubectl(cluster(), 'get', KINDS, '-n', namespace, '-o', 'yaml');
  expect(objects).toContain('RuntimeError: the simulator was told to crash');
  expect(objects).not.toContain(API_KEY);
}, 60_000);
