import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import type { PrometheusServer } from '../../hack/cluster/index.ts';
import { tinyGguf } from '../../hack/engine-check/index.ts';
import { LABEL } from '../../operator/api/index.ts';
import { OPERATOR } from '../install/ways.ts';
import { queryOf } from '../prometheus/query.ts';
import { eventually, testCluster } from '../support/index.ts';
import { cpuSample, cpuSpec, TERMINATION, weightsVolume } from './cpu-sample.ts';
import { type Departing, departure, describeGap } from './departure.ts';
import { describeLosses, Load } from './load.ts';
import { startShippedPrometheus } from './prometheus.ts';
import { OPERATOR_NAMESPACE, PATIENCE, testStage } from './stage.ts';
import { Streams } from './streams.ts';
import { metricsOf, tell } from './traffic.ts';

const NAMESPACE = 'llama';
const NAME = (await cpuSample()).metadata.name;
const LIMIT_MS = 300_000;
const CLIENTS = { callers: 2, pooled: 2, streams: 2, streamTokens: 200, anyAnswer: true } as const;
/** From when a pod is told to go until nobody has a connection to it any more. */
const MOST_DRAIN_SECONDS = TERMINATION.preStopDelay + TERMINATION.drainDeadline;
const SEEDS = [1, 50, 77];

/** Seconds for each token that users were given: llama.cpp counts neither failures nor buckets of latencies, so that its gates are queries. */
const SECONDS_PER_TOKEN = ['seconds_total', 'total']
  .map(
    (suffix) => `sum(rate(llamacpp:tokens_predicted_${suffix}{namespace="${NAMESPACE}",revision="{{revision}}"}[5s]))`,
  )
  .join(' / ');
const GATE = { metric: 'Query', name: 'seconds-per-token', query: SECONDS_PER_TOKEN, max: '0.5' } as const;
/** No processor is as fast. */
const NEVER = { ...GATE, max: '0.000000001' } as const;

interface Rollout {
  readonly gate?: typeof GATE | typeof NEVER;
  readonly rollbackWindow?: string;
}

/** The sample with these weights, and how it is rolled out. */
const spec = async (seed: number, { gate = GATE, rollbackWindow = '1s' }: Rollout = {}): Promise<object> => ({
  ...(await cpuSpec(`seed-${seed}.gguf`)),
  rollout: {
    proof: { warmUpRequests: 1, pairedRequests: 4 },
    gates: [gate],
    watch: { duration: '10s' },
    rollbackWindow,
  },
});

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
    for (const seed of SEEDS) await writeFile(join(folder, `seed-${seed}.gguf`), tinyGguf(seed));
    await stage.kubectl(['create', 'namespace', NAMESPACE]);
    await stage.apply(...weightsVolume(folder, NAMESPACE), ...weightsVolume(folder, OPERATOR_NAMESPACE));
    await stage.declare(NAMESPACE, NAME, await spec(1));
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

  const serving = async (): Promise<string> => (await stage.model(NAMESPACE, NAME)).status?.serving?.revision ?? '';

  /** Runs something under load, of which nothing may be lost. */
  const under = async (what: string, event: () => Promise<void>): Promise<void> => {
    const load = new Load({ url, model: NAME, ...CLIENTS });
    try {
      await event();
      await load.more(5, AbortSignal.timeout(PATIENCE.timeoutMs));
    } finally {
      await load.stop();
    }
    const { sent, losses } = load.sofar();
    tell(`the real llama-server, ${what}: ${losses.length} lost of ${JSON.stringify(sent)}`);
    expect(describeLosses(losses)).toEqual([]);
  };

  /** Follows a version that has lost the traffic, to its end. Gives how many connections stayed on it at first. */
  const leaves = async (what: string, revision: string): Promise<number> => {
    const model: Departing = {
      url,
      pods: (of) => stage.pods(NAMESPACE, `${LABEL.name}=${NAME},${LABEL.revision}=${of}`),
      // It counts no requests.
      requestsOf: async (podIP) => {
        const [running = 0] = await metricsOf(`${podIP}:8080`, ['llamacpp:requests_processing']);
        return { ended: 0, running };
      },
    };
    const left = await departure(model, revision);
    tell(
      `the real llama-server, ${what}: ${left.connections} connections stayed on it, the last until ${describeGap(left.told, left.lastConnection)} its pod ` +
        `was told to go (allowed: ${MOST_DRAIN_SECONDS} s); it was gone ${describeGap(left.told, left.gone)} that`,
    );
    expect((left.lastConnection - left.told) / 1000).toBeLessThanOrEqual(MOST_DRAIN_SECONDS);
    expect((left.gone - left.told) / 1000).toBeLessThanOrEqual(MOST_DRAIN_SECONDS);
    return left.connections;
  };

  it('answers and streams', async () => {
    const first = await ask();
    const streams = new Streams(client, NAME);
    expect(await streams.one(24)).toMatchObject({ text: first, tokens: 24, finish: 'length' });
  });

  it(
    'goes to another version through proof, gate and watch: what runs ends whole on the old one, which drains',
    async () => {
      const [before, old] = [await serving(), await ask()];
      await under('switched', async () => {
        const streams = new Streams(client, NAME);
        streams.start(4, 500);
        await stage.declare(NAMESPACE, NAME, await spec(50));
        await stage.until(NAMESPACE, NAME, 'switched', ({ serving: now }) => now?.revision !== before);
        const switched = performance.now();
        // Busy pools and streams do stay: else their end shows nothing.
        expect(await leaves('the old version', before)).toBeGreaterThan(0);
        const read = await streams.stop();
        expect(read.filter(({ finish, tokens }) => finish !== 'length' || tokens !== 500)).toEqual([]);
        const across = read.filter(({ text, ended }) => text.startsWith(old.slice(0, 8)) && ended > switched);
        const longest = Math.max(...across.map(({ ended }) => ended - switched)) / 1000;
        tell(
          `the real llama-server, switched: ${across.length} streams on the old version ended after the switch, up to ${longest.toFixed(1)} s later, and whole`,
        );
        expect(across.length).toBeGreaterThan(0);
        await stage.ready(NAMESPACE, NAME, before);
      });
      // By real traffic, not for want of it: the gate has had its answer.
      const { serving: now, rollout } = (await stage.model(NAMESPACE, NAME)).status ?? {};
      const verdicts = rollout?.verdicts?.filter(({ stage: when }) => when === 'Watch');
      expect(verdicts).toEqual([expect.objectContaining({ gate: GATE.name, verdict: 'Pass', samples: 1 })]);
      expect(now?.proven).toBe(true);
      expect(await ask()).not.toBe(old);
    },
    LIMIT_MS,
  );

  it(
    'takes a version back whose gate does not hold, by itself',
    async () => {
      const [before, answer] = [await serving(), await ask()];
      await under('taken back by its gate', async () => {
        await stage.declare(NAMESPACE, NAME, await spec(77, { gate: NEVER }));
        const { candidate: bad } = await stage.until(
          NAMESPACE,
          NAME,
          'made',
          ({ candidate }) => candidate?.revision !== undefined && candidate.revision !== before,
        );
        // That it had the traffic, for a moment that may be too short to be seen here, is in the verdicts below.
        await stage.until(
          NAMESPACE,
          NAME,
          'back',
          ({ serving: now, rollout }) =>
            now?.revision === before && ['RollingBack', 'Held'].includes(rollout?.phase ?? ''),
        );
        await leaves('the version that was taken back', bad?.revision ?? '');
        const { rollout } = await stage.until(NAMESPACE, NAME, 'held', (status) => status.rollout?.phase === 'Held');
        const failed = rollout?.verdicts?.filter(({ verdict }) => verdict === 'Fail');
        expect(failed).toEqual([expect.objectContaining({ gate: GATE.name, stage: 'Watch' })]);
      });
      expect(await ask()).toBe(answer);
    },
    LIMIT_MS,
  );

  it(
    'comes back from a proven version by an order',
    async () => {
      const [before, answer] = [await serving(), await ask()];
      await under('taken back by an order', async () => {
        await stage.declare(NAMESPACE, NAME, await spec(1, { rollbackWindow: '120s' }));
        const after = await stage.ready(NAMESPACE, NAME, before);
        await stage.order(NAMESPACE, NAME, 'rollback', before);
        await stage.until(NAMESPACE, NAME, 'back', ({ serving: now }) => now?.revision === before);
        await leaves('the version that was ordered back', after);
        await stage.until(NAMESPACE, NAME, 'held', ({ rollout }) => rollout?.phase === 'Held');
      });
      expect(await ask()).toBe(answer);
    },
    LIMIT_MS,
  );

  it('is scraped by a Prometheus with the configuration that is shipped: the counters of its own, of each version', async () => {
    const of = `namespace="${NAMESPACE}",deepseekdeployment="${NAME}"`;
    const tokens = `sum by (revision) (max_over_time(llamacpp:tokens_predicted_total{${of}}[10m]))`;
    const versions = await queryOf(prometheus, tokens);
    expect(versions).toHaveLength(SEEDS.length);
    for (const { value } of versions) expect(Number(value[1])).toBeGreaterThan(100);
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
      await writeFile(values, JSON.stringify({ test: { spec: await cpuSpec('seed-1.gguf'), timeout: '2m' } }));
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
