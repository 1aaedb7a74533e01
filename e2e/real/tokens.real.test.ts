import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { tinyGguf } from '../../hack/engine-check/index.ts';
import { LABEL } from '../../operator/api/index.ts';
import { OPERATOR_IMAGE } from '../../hack/image/node-images.ts';
import { eventually, testCluster } from '../support/index.ts';
import { cpuSpec, weightsVolume } from './cpu-sample.ts';
import { OPERATOR_NAMESPACE, PATIENCE, type Pod, SMALL, Stage } from './stage.ts';
import { type QuotingPrometheus, startQuotingPrometheus } from './quoting-prometheus.ts';
import { commandLines, environmentsOf, found, operators, readablePlaces } from './token-places.ts';

const NAMESPACE = 'tokens';
const LIMIT_MS = 300_000;

const planted = (kind: string): string => `planted-${kind}-${crypto.randomUUID().slice(0, 8)}`;
/** As such tokens look; nobody's. */
const KEYS = {
  hub: `hf_${crypto.randomUUID().replaceAll('-', '')}xx`,
  vllm: planted('vllm'),
  llama: planted('llama'),
  sglang: planted('sglang'),
} as const;
const STORAGE = {
  AWS_ACCESS_KEY_ID: `AKIA${crypto.randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase()}`,
  AWS_SECRET_ACCESS_KEY: planted('storage'),
} as const;
const PROMETHEUS = { prometheus: planted('prometheus') } as const;
const TOKENS = { ...KEYS, ...STORAGE, ...PROMETHEUS };

const secret = (namespace: string, name: string, stringData: object): object => ({
  ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData },
});
const keyed = (key: keyof typeof KEYS): object => ({ apiKeySecretRef: { name: 'keys', key } });

/** With weights in a bucket; its gate asks Prometheus. */
const stored = (version: number): object => ({
  ...SMALL,
  model: {
    ...SMALL.model,
    source: { objectStorage: { uri: 's3://bucket/r1-7b', credentialsSecretRef: { name: 'storage' } } },
  },
  engine: { env: [{ name: 'VERSION', value: String(version) }] },
  replicas: 1,
  rollout: {
    proof: { warmUpRequests: 1, pairedRequests: 0 },
    gates: [{ metric: 'Query', name: 'price', query: 'price{revision="{{revision}}"}', max: '1' }],
    watch: { duration: '5s', onNoData: 'AcceptUnproven' },
    rollbackWindow: '1s',
  },
});

describe('tokens on a real node', () => {
  const cluster = testCluster('real');
  const stage = new Stage(cluster);
  let prometheus: QuotingPrometheus;
  let folder = '';

  beforeAll(async () => {
    prometheus = await startQuotingPrometheus();
    folder = await mkdtemp(join(tmpdir(), 'tokens-'));
    await chmod(folder, 0o755);
    await writeFile(join(folder, 'seed-1.gguf'), tinyGguf(1));
    const values = join(folder, 'values.json');
    await writeFile(
      values,
      JSON.stringify({
        prometheusUrl: prometheus.url,
        extraArgs: ['--prometheus-token-file=/etc/prometheus/token'],
        extraVolumes: [{ name: 'prometheus', secret: { secretName: 'prometheus' } }],
        extraVolumeMounts: [{ name: 'prometheus', mountPath: '/etc/prometheus', readOnly: true }],
      }),
    );
    for (const name of [NAMESPACE, OPERATOR_NAMESPACE]) {
      await stage.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    await stage.apply(
      secret(OPERATOR_NAMESPACE, 'prometheus', { token: PROMETHEUS.prometheus }),
      secret(NAMESPACE, 'keys', KEYS),
      secret(NAMESPACE, 'storage', STORAGE),
      ...weightsVolume(folder, NAMESPACE),
    );
    await stage.install(OPERATOR_IMAGE, '--values', values);
    const huggingFace = { repository: 'bank/distilled', tokenSecretRef: { name: 'keys', key: 'hub' } };
    const models = {
      vllm: { ...SMALL, model: { ...SMALL.model, source: { huggingFace } }, engine: keyed('vllm'), replicas: 1 },
      sglang: { ...SMALL, engine: { type: 'SGLang', ...keyed('sglang') }, replicas: 1 },
      llama: { ...(await cpuSpec('seed-1.gguf')), engine: keyed('llama') },
      stored: stored(1),
    };
    for (const [name, spec] of Object.entries(models)) await stage.declare(NAMESPACE, name, spec);
    for (const name of Object.keys(models)) await stage.ready(NAMESPACE, name);
  }, LIMIT_MS);

  afterAll(async () => {
    await stage.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
    await stage.kubectl(['delete', 'pods', '-n', NAMESPACE, '--all', '--force', '--grace-period=0']);
    await stage.kubectl(['delete', 'persistentvolume', `weights-${NAMESPACE}`, '--wait=false']);
    await stage.kubectl(['delete', 'secret', '-n', OPERATOR_NAMESPACE, 'prometheus']);
    await prometheus[Symbol.asyncDispose]();
    await stage.close();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const podsOf = (name: string): Promise<Pod[]> => stage.pods(NAMESPACE, `${LABEL.name}=${name}`);

  it.each(['vllm', 'sglang', 'llama'] as const)(
    'are asked for by %s, whose key has reached it',
    async (name) => {
      const baseURL = `${await stage.url(NAMESPACE, name)}/v1`;
      const as = (apiKey: string) => new OpenAI({ baseURL, apiKey, maxRetries: 0 });
      const ask = (apiKey: string) => as(apiKey).completions.create({ model: name, prompt: '2+2=', max_tokens: 4 });
      await expect(ask('none')).rejects.toThrow('401');
      expect((await ask(KEYS[name])).choices).toHaveLength(1);
    },
    LIMIT_MS,
  );

  it(
    'go where they are needed: to the hub and to the storage by the environment, and to Prometheus with each query',
    async () => {
      const engines = await environmentsOf([...(await podsOf('vllm')), ...(await podsOf('stored'))]);
      for (const token of [KEYS.hub, ...Object.values(STORAGE)]) expect(engines).toContain(token);
      // SGLang reads its key from a file, which another container has written.
      expect(await environmentsOf(await podsOf('sglang'))).not.toContain(KEYS.sglang);
      const before = (await stage.model(NAMESPACE, 'stored')).status?.serving?.revision;
      await stage.declare(NAMESPACE, 'stored', stored(2));
      await stage.ready(NAMESPACE, 'stored', before);
      expect([...prometheus.sent]).toEqual([`Bearer ${PROMETHEUS.prometheus}`]);
    },
    LIMIT_MS,
  );

  it(
    'are in no command line, not even while llama.cpp drains',
    async () => {
      const [llama] = await podsOf('llama');
      await stage.kubectl(['delete', 'pod', '-n', NAMESPACE, llama?.metadata.name ?? '', '--wait=false']);
      const seen = new Set<string>();
      await eventually(
        async () => {
          for (const line of await commandLines()) seen.add(line);
          const uids = (await podsOf('llama')).map(({ metadata }) => metadata.uid);
          expect(uids).not.toContain(llama?.metadata.uid);
        },
        { ...PATIENCE, intervalMs: 10 },
      );
      // Those of the engines, of the operator, and of what llama.cpp does before it ends were among them.
      const lines = [...seen];
      for (const program of [/vllm.serve/, /llama-server/, /sglang/, /operator\.mjs/, /LLAMA_API_KEY/]) {
        expect(lines.some((line) => program.test(line))).toBe(true);
      }
      expect(found(TOKENS, Object.fromEntries(lines.map((line) => [line, line])))).toEqual([]);
    },
    LIMIT_MS,
  );

  it('are in no log, object, status, event, metric or request', async () => {
    const leading = await operators(stage);
    expect(leading.length).toBeGreaterThan(0);
    const places = await readablePlaces(stage, NAMESPACE);
    for (const [place, text] of Object.entries(places)) expect([place, text.trim()]).not.toEqual([place, '']);
    // They are full of what happened: the words in which the token was that Prometheus has been sent are in the status.
    expect(Object.values(places).join()).toContain('the token *** is of nobody');
    expect(found(TOKENS, places)).toEqual([]);
  });
});
