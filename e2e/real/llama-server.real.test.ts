import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import type { PrometheusServer } from '../../hack/cluster/index.ts';
import { tinyGguf } from '../../hack/engine-check/index.ts';
import { OPERATOR } from '../install/ways.ts';
import { queryOf } from '../prometheus/query.ts';
import { eventually, testCluster } from '../support/index.ts';
import { describeLosses, Load } from './load.ts';
import { startShippedPrometheus } from './prometheus.ts';
import { OPERATOR_NAMESPACE, PATIENCE, testStage } from './stage.ts';

const NAMESPACE = 'llama';
const NAME = 'lightweight';
const LIMIT_MS = 300_000;

/** The sample for CPUs (manifests/samples/cpu-7b-gguf.yaml), with weights that are there and fit a small machine. */
const model = (weights: string) => ({
  model: {
    name: 'deepseek-r1-distill-qwen-1.5b',
    maxModelLen: 2048,
    source: { persistentVolumeClaim: { claimName: 'weights', path: weights } },
  },
  quantization: { type: 'GGUF', ggufType: 'Q4_K_M' },
  accelerator: { type: 'CPU' },
  resources: { cpu: '200m', memory: '3Gi', sharedMemory: '16Mi' },
  replicas: 1,
  termination: { preStopDelay: '8s', drainDeadline: '30s', rollbackDrain: '30s' },
});

/** Seconds for each token that users were given: llama.cpp counts neither failures nor buckets of latencies, so that its gates are queries. */
const SECONDS_PER_TOKEN = ['seconds_total', 'total']
  .map(
    (suffix) => `sum(rate(llamacpp:tokens_predicted_${suffix}{namespace="${NAMESPACE}",revision="{{revision}}"}[5s]))`,
  )
  .join(' / ');
const GATE = { metric: 'Query', name: 'seconds-per-token', query: SECONDS_PER_TOKEN, max: '0.5' } as const;

const spec = (weights: string): object => ({
  ...model(weights),
  traffic: { service: { type: 'NodePort' } },
  rollout: {
    proof: { warmUpRequests: 1, pairedRequests: 4 },
    gates: [GATE],
    watch: { duration: '10s' },
    rollbackWindow: '120s',
  },
});

/** A folder of this machine as a volume of the node, and a namespace's claim to it. */
function volume(path: string, namespace: string): readonly object[] {
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'local' };
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `weights-${namespace}` },
      spec: { ...common, capacity: { storage: '1Gi' }, hostPath: { path } },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'weights', namespace },
      spec: { ...common, volumeName: `weights-${namespace}`, resources: { requests: { storage: '1Gi' } } },
    },
  ];
}

describe('the real llama-server in a pod', () => {
  const cluster = testCluster('real');
  let prometheus: PrometheusServer;
  beforeAll(async () => {
    prometheus = await startShippedPrometheus(cluster(), AbortSignal.timeout(LIMIT_MS));
  }, LIMIT_MS);
  afterAll(() => prometheus.stop(), 30_000);
  const asked = (): readonly string[] => ['--set', `prometheusUrl=${prometheus.url}`];
  const stage = testStage(cluster, asked);
  let folder = '';
  let client: OpenAI;
  let url = '';

  const ask = async (): Promise<string> => {
    const { choices } = await client.completions.create({
      model: NAME,
      prompt: 'river',
      max_tokens: 24,
      temperature: 0,
    });
    return choices[0]?.text ?? '';
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weights-'));
    await chmod(folder, 0o755);
    for (const seed of [1, 50]) await writeFile(join(folder, `seed-${seed}.gguf`), tinyGguf(seed));
    await stage.kubectl(['create', 'namespace', NAMESPACE]);
    await stage.apply(...volume(folder, NAMESPACE), ...volume(folder, OPERATOR_NAMESPACE));
    await stage.declare(NAMESPACE, NAME, spec('seed-1.gguf'));
    await stage.ready(NAMESPACE, NAME);
    url = await stage.url(NAMESPACE, NAME);
    client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  }, LIMIT_MS);

  afterAll(async () => {
    await stage.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
    await stage.kubectl(['delete', 'pods', '-n', NAMESPACE, '--all', '--force', '--grace-period=0']);
    await stage.kubectl(['delete', 'persistentvolumeclaim', '-n', OPERATOR_NAMESPACE, 'weights', '--wait=false']);
    const volumes = [NAMESPACE, OPERATOR_NAMESPACE].map((namespace) => `weights-${namespace}`);
    await stage.kubectl(['delete', 'persistentvolume', ...volumes, '--wait=false']);
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it(
    'answers, streams, goes to another version through proof, gate and watch, and comes back by an order',
    async () => {
      const first = await ask();
      const stream = await client.completions.create({
        model: NAME,
        prompt: 'river',
        max_tokens: 24,
        temperature: 0,
        stream: true,
      });
      const pieces: string[] = [];
      for await (const { choices } of stream) pieces.push(choices[0]?.text ?? '');
      expect(pieces.join('')).toBe(first);
      expect(pieces.length).toBeGreaterThan(10);

      const before = (await stage.model(NAMESPACE, NAME)).status?.serving?.revision ?? '';
      const load = new Load({
        url,
        model: NAME,
        callers: 2,
        pooled: 2,
        streams: 2,
        streamTokens: 200,
        anyAnswer: true,
      });
      const begun = performance.now();
      const events: string[] = [];
      const note = (what: string): void =>
        void events.push(`${what} after ${Math.round(performance.now() - begun)} ms`);
      try {
        await stage.declare(NAMESPACE, NAME, spec('seed-50.gguf'));
        await stage.ready(NAMESPACE, NAME, before);
        // By real traffic, not for want of it: the gate has had its answer.
        const { serving, rollout } = (await stage.model(NAMESPACE, NAME)).status ?? {};
        const verdicts = rollout?.verdicts?.filter(({ stage: when }) => when === 'Watch');
        expect(verdicts).toEqual([expect.objectContaining({ gate: GATE.name, verdict: 'Pass', samples: 1 })]);
        expect(serving?.proven).toBe(true);
        const second = await ask();
        expect(second).not.toBe(first);

        note('proven');
        await stage.order(NAMESPACE, NAME, 'rollback', before);
        note('ordered back');
        await stage.until(
          NAMESPACE,
          NAME,
          'back',
          ({ serving: now, rollout: held }) => now?.revision === before && held?.phase === 'Held',
        );
        note('held');
        await load.more(20, AbortSignal.timeout(PATIENCE.timeoutMs));
      } finally {
        await load.stop();
      }
      const { sent, losses } = load.sofar();
      process.stderr.write(
        `\nThe real llama-server, switched and taken back: ${losses.length} lost of ${JSON.stringify(sent)} (${events.join(', ')})\n`,
      );
      expect(describeLosses(losses)).toEqual([]);
      expect(sent.stream).toBeGreaterThanOrEqual(20);
      expect(await ask()).toBe(first);
    },
    LIMIT_MS,
  );

  it('is scraped by a Prometheus with the configuration that is shipped: the counters of its own, of each version', async () => {
    const of = `namespace="${NAMESPACE}",deepseekdeployment="${NAME}"`;
    const tokens = `sum by (revision) (max_over_time(llamacpp:tokens_predicted_total{${of}}[10m]))`;
    const versions = await queryOf(prometheus, tokens);
    expect(versions).toHaveLength(2);
    for (const { value } of versions) expect(Number(value[1])).toBeGreaterThan(1_000);
    const names = await queryOf(prometheus, `count by (__name__) ({__name__=~"llamacpp:.+",${of}})`);
    expect(names.map(({ metric }) => metric['__name__'])).toEqual(
      expect.arrayContaining([
        'llamacpp:prompt_tokens_total',
        'llamacpp:tokens_predicted_seconds_total',
        'llamacpp:requests_processing',
        'llamacpp:requests_deferred',
      ]),
    );
  });

  it(
    'is what `helm test` serves',
    async () => {
      // Weights that are there, as where nothing can be downloaded.
      const values = join(folder, 'values.json');
      await writeFile(values, JSON.stringify({ test: { spec: model('seed-1.gguf'), timeout: '2m' } }));
      await stage.install(undefined, '--values', values, ...asked());
      const tested = await stage.helm('test', OPERATOR.name, '--namespace', OPERATOR_NAMESPACE, '--timeout', '170s');
      expect(tested).toMatch(/^TEST SUITE: +deepseek-operator-test\n(.+\n)+Phase: +Succeeded$/m);
      // What it made goes with it.
      await eventually(async () => {
        const left = await stage.kubectl(['get', 'dsd,pods', '-n', OPERATOR_NAMESPACE, '-o', 'name']);
        expect(left.split('\n').filter((name) => name.includes('-test'))).toEqual([]);
      }, PATIENCE);
    },
    LIMIT_MS,
  );
});
