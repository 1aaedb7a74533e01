import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool, openApi, type PrometheusServer, startPrometheus } from '../../hack/cluster/index.ts';
import type { EngineType } from '../../operator/api/index.ts';
import type { MonitoredRevision } from '../../operator/monitoring/index.ts';
import { type DcgmExporter, startDcgmExporter } from '../simulator/index.ts';
import { testSimulator } from '../simulator/testing/test-simulator.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { modelObjects, MODELS, REVISION } from './models.ts';
import { startOperatorExporter } from './operator-exporter.ts';
import { queryOf, type Sample } from './query.ts';
import { exporterPods, type PanelQuery, shippedConfig, shippedQueries, shippedRules } from './shipped.ts';

/** The first time Prometheus is compiled. */
const BUILD_MS = 20 * 60_000;
const TEST_MS = 180_000;
const PATIENCE = { timeoutMs: 90_000 } as const;
const ENGINES = Object.keys(MODELS) as readonly EngineType[];
/** Two streams at once, so that something runs whenever Prometheus looks. */
const STREAMS = 2;

describe('what is shipped for a plain Prometheus, with a real one and all four engines', () => {
  const cluster = testCluster('simulated');
  const namespace = testNamespace(cluster);
  const latency = { timeToFirstToken: 0.2, interTokenLatency: 0.05 };
  const simulator = testSimulator(cluster, namespace, { timeScale: 0.001, latency });
  const cleanUp: AsyncDisposable[] = [];
  let prometheus: PrometheusServer;
  let gpus: DcgmExporter;
  let records: readonly string[];
  const models = new Map<string, MonitoredRevision>();

  beforeAll(async () => {
    await findTool('prometheus', { signal: AbortSignal.timeout(BUILD_MS) });
  }, BUILD_MS);

  beforeEach(async () => {
    const signal = AbortSignal.timeout(TEST_MS);
    const api = await openApi(cluster(), 'monitoring-test');
    cleanUp.push({ [Symbol.asyncDispose]: () => api.close() });
    for (const engine of ENGINES) {
      const { revision, objects } = await modelObjects(engine, namespace());
      models.set(MODELS[engine].name, revision);
      for (const [path, object] of objects) await api.post(path, object, signal);
    }
    for (const pod of exporterPods()) await api.post(`/api/v1/namespaces/${namespace()}/pods`, pod, signal);
    gpus = await startDcgmExporter(simulator().control);
    const operator = await startOperatorExporter(namespace(), models);
    const dir = await mkdtemp(join(tmpdir(), 'rules-'));
    cleanUp.push(gpus, operator, { [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) });
    const rules = await shippedRules(dir);
    records = rules.records;
    prometheus = await startPrometheus(cluster(), {
      config: await shippedConfig({
        kubeconfig: await cluster().kubeconfig('prometheus'),
        namespace: namespace(),
        enginePort: simulator().enginePort,
        gpus: gpus.address,
        operator: operator.address,
        rules: rules.files,
      }),
      signal,
    });
    cleanUp.push({ [Symbol.asyncDispose]: () => prometheus.stop() });
  }, TEST_MS);

  afterEach(async () => {
    for (const disposable of cleanUp.splice(0).reverse()) await disposable[Symbol.asyncDispose]();
  }, 60_000);

  const query = (promql: string) => queryOf(prometheus, promql);

  const hasNumber = (samples: readonly Sample[]) => samples.some(({ value }) => Number.isFinite(Number(value[1])));

  /** Asks every engine for answers, one after the other, until the signal aborts. */
  async function load(signal: AbortSignal): Promise<void> {
    const ask = async (pod: string, model: string): Promise<void> => {
      while (!signal.aborted) {
        const body = JSON.stringify({ model, prompt: 'Tell me a long story.', max_tokens: 40, stream: false });
        const headers = { 'content-type': 'application/json' };
        await fetch(`http://${pod}/v1/completions`, { method: 'POST', headers, body, signal })
          .then((response) => response.text())
          .catch(() => undefined);
      }
    };
    const pods = await readyPods();
    await Promise.all(
      pods.flatMap(({ address = '', labels }) =>
        Array.from({ length: STREAMS }, () => ask(address, labels['deepseek-operator.io/name'] ?? '')),
      ),
    );
  }

  async function readyPods() {
    return eventually(async () => {
      const pods = (await simulator().control.pods()).filter(({ state }) => state === 'ready');
      expect(pods).toHaveLength(ENGINES.length);
      return pods;
    }, PATIENCE);
  }

  /** Queries of a dashboard that have not yielded a number, with why. */
  async function withoutData(queries: readonly { readonly panel: string; readonly expr: string }[]) {
    const failing: string[] = [];
    for (const { panel, expr } of queries) {
      const samples = await query(expr);
      if (!hasNumber(samples)) failing.push(`${panel}: ${expr}`);
    }
    return failing;
  }

  const chosen = (queries: readonly PanelQuery[], where: string, deployment: string) =>
    queries.map(({ panel, expr }) => ({
      panel,
      expr: expr.replaceAll('$namespace', where).replaceAll('$deployment', deployment),
    }));

  it(
    'every rule records and every panel shows, for every engine what it tells',
    async () => {
      const stop = new AbortController();
      const loading = load(stop.signal);
      try {
        const panels = [
          ...chosen(await shippedQueries('deepseek-fleet'), '.+', '.+'),
          ...chosen(await shippedQueries('deepseek-model'), namespace(), MODELS.vLLM.name),
          ...(await shippedQueries('deepseek-operator')),
        ];
        expect(panels.length).toBeGreaterThan(60);
        await eventually(async () => {
          expect(await withoutData(records.map((name) => ({ panel: 'rule', expr: name })))).toEqual([]);
          expect(await withoutData(panels)).toEqual([]);
        }, PATIENCE);

        const perJob = await query('count by (job) (up{job!="deepseek-engines"})');
        expect(perJob.map(({ metric, value }) => [metric['job'], value[1]]).sort()).toEqual([
          ['deepseek-gpus', '1'],
          ['deepseek-operator', '1'],
        ]);
        const enginesWith = async (series: string) =>
          new Set((await query(series)).map(({ metric }) => metric['engine'])).size;
        for (const series of ['deepseek:queue_depth', 'deepseek:requests_running', 'deepseek:batch_utilization'])
          await eventually(async () => expect([series, await enginesWith(series)]).toEqual([series, 4]), PATIENCE);
        for (const series of ['deepseek_tokens_consumed_total', 'deepseek:inter_token_latency_seconds:mean5m'])
          await eventually(async () => expect([series, await enginesWith(series)]).toEqual([series, 4]), PATIENCE);
        // llama.cpp counts neither requests nor their latencies, and tells nothing of its cache.
        for (const series of ['deepseek_api_duration_seconds_bucket', 'deepseek:kv_cache_utilization'])
          await eventually(async () => expect([series, await enginesWith(series)]).toEqual([series, 3]), PATIENCE);

        for (const engine of ENGINES) {
          const { name } = MODELS[engine];
          const revision = models.get(name);
          const [sample] = await query(`deepseek:requests_running{deepseekdeployment="${name}"}`);
          expect(sample?.metric).toMatchObject({
            namespace: namespace(),
            revision: REVISION,
            engine,
            model: revision?.model,
            quantization: revision?.quantization,
            gpu: revision?.accelerator,
            pod: expect.stringContaining(`${name}-${REVISION}`),
          });
        }
        // Quantiles across engines: all have the same bounds.
        const bounds = await query('count by (le) (deepseek_api_duration_seconds_bucket)');
        expect(bounds.map(({ value }) => value[1])).toEqual(bounds.map(() => '3'));

        // What docs/monitoring.md says of the number of series.
        const perPod = await query(
          'max by (deepseekdeployment) (scrape_samples_post_metric_relabeling{deepseekdeployment!=""})',
        );
        const counts = new Map(perPod.map(({ metric, value }) => [metric['deepseekdeployment'], Number(value[1])]));
        expect(Math.max(...counts.values())).toBeLessThanOrEqual(SERIES_LIMIT);
        expect([...counts.keys()].sort()).toEqual([...models.keys()].sort());
      } finally {
        stop.abort();
        await loading;
      }
    },
    TEST_MS,
  );

  it(
    'an engine that starts again begins its counters anew, and no alert on load or latency comes of it',
    async () => {
      const stop = new AbortController();
      const loading = load(stop.signal);
      try {
        const of = (series: string) => `${series}{deepseekdeployment="chat"}`;
        await eventually(
          async () => expect(await query(`${of('deepseek:requests_total')} > 5`)).toHaveLength(1),
          PATIENCE,
        );
        const { control } = simulator();
        const match = { deployment: 'chat' };
        await control.setRule({ name: 'crash', match, behaviour: { failure: 'crash' } });
        await eventually(async () => expect(await query(`${of('deepseek:up')} == 1`)).toEqual([]), PATIENCE);
        await control.removeRule('crash');
        const looked = new Set<string>();
        await eventually(async () => {
          const alerts = await query('ALERTS{deepseekdeployment="chat"}');
          for (const { metric } of alerts) looked.add(metric['alertname'] ?? '');
          expect(await query(`resets(${of('deepseek:requests_total')}[1m]) > 0`)).toHaveLength(1);
          expect(await query(`${of('deepseek:requests_total')} > 5`)).toHaveLength(1);
        }, PATIENCE);
        expect([...looked].filter((name) => ON_LOAD.test(name))).toEqual([]);
        const [rate] = await query(`max_over_time(${of('deepseek:request_rate:5m')}[1m])`);
        expect(Number(rate?.value[1])).toBeLessThan(1_000);
      } finally {
        stop.abort();
        await loading;
      }
    },
    TEST_MS,
  );

  it(
    'a GPU that reports an error fires, one that is hot will, and a pod that has gone leaves no series',
    async () => {
      const pods = await readyPods();
      const { name = '' } = pods.find(({ labels }) => labels['deepseek-operator.io/name'] === 'chat') ?? {};
      gpus.set(name, { temperatureCelsius: 91 });
      const xid = `ALERTS{alertname="DeepSeekGPUXidError",alertstate="firing",deepseekdeployment="chat",pod="${name}"}`;
      await eventually(async () => expect(await query(`deepseek:gpu_xid{pod="${name}"}`)).toHaveLength(1), PATIENCE);
      expect(await query(xid)).toEqual([]);
      gpus.set(name, { temperatureCelsius: 91, xid: 79 });
      await eventually(async () => expect(await query(xid)).toHaveLength(1), PATIENCE);
      const pending = `ALERTS{alertname="DeepSeekGPUTemperatureHigh",deepseekdeployment="chat",pod="${name}"}`;
      await eventually(async () => expect(await query(pending)).toHaveLength(1), PATIENCE);
      await eventually(async () => expect(await query(`deepseek:up{pod="${name}"} == 1`)).toHaveLength(1), PATIENCE);
      const api = await openApi(cluster(), 'monitoring-test');
      cleanUp.push({ [Symbol.asyncDispose]: () => api.close() });
      await api.delete(
        `/apis/apps/v1/namespaces/${namespace()}/deployments/chat-${REVISION}`,
        AbortSignal.timeout(10_000),
      );
      await eventually(async () => {
        expect(await query(`{pod="${name}",__name__=~"vllm:.+|deepseek:.+|deepseek_.+|up"}`)).toEqual([]);
        expect(await query(pending)).toEqual([]);
        expect(await query(xid)).toEqual([]);
      }, PATIENCE);
      expect(await query('sum(deepseek:up)')).toMatchObject([{ value: [expect.any(Number), '3'] }]);
    },
    TEST_MS,
  );
});

/** Alerts that a jump of a counter would set off. */
const ON_LOAD = /Latency|FirstToken|ErrorRatio|Queue|KVCache/;
/** Of a pod that has been asked for everything; docs/monitoring.md says so. */
const SERIES_LIMIT = 130;
