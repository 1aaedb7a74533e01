import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { findTool, openApi, type PrometheusServer, startPrometheus } from '../../hack/cluster/index.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { PrometheusClient, renderQuery } from '../../operator/observe/prometheus.ts';
import type { QueryResult } from '../../operator/rollout/measurements.ts';
import { testSimulator } from '../simulator/testing/test-simulator.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { enginePod } from './engine-pod.ts';
import { type Exporter, startExporter } from './exporter.ts';

const PATIENCE = { timeoutMs: 60_000 } as const;
/** The first time Prometheus is compiled. */
const BUILD_MS = 20 * 60_000;
const signal = () => AbortSignal.timeout(60_000);

/** Pods of one namespace. Their engines listen on loopback, each on the address of its pod. */
function scrapePods(kubeconfig: string, namespace: string, enginePort: number): object {
  return {
    job_name: 'engines',
    kubernetes_sd_configs: [{ role: 'pod', kubeconfig_file: kubeconfig, namespaces: { names: [namespace] } }],
    relabel_configs: [
      { source_labels: ['__meta_kubernetes_pod_ready'], regex: 'true', action: 'keep' },
      {
        source_labels: ['__meta_kubernetes_pod_ip'],
        regex: '10\\.(.+)',
        target_label: '__address__',
        replacement: `127.$1:${enginePort}`,
      },
      { source_labels: ['__meta_kubernetes_pod_label_revision'], target_label: 'revision' },
      { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
    ],
  };
}

describe('queries of a real Prometheus', () => {
  const cluster = testCluster('simulated');
  const namespace = testNamespace(cluster);
  const simulator = testSimulator(cluster, namespace, { timeScale: 0.001 });
  let prometheus: PrometheusServer;
  let client: PrometheusClient;
  let exporter: Exporter;

  beforeAll(async () => {
    await findTool('prometheus', { signal: AbortSignal.timeout(BUILD_MS) });
  }, BUILD_MS);

  beforeEach(async () => {
    exporter = await startExporter({ sample_of_a_minute_ago: 60_000, sample_of_three_minutes_ago: 180_000 });
    prometheus = await startPrometheus(cluster(), {
      config: {
        global: { scrape_interval: '500ms', scrape_timeout: '500ms' },
        scrape_configs: [
          scrapePods(await cluster().kubeconfig('prometheus'), namespace(), simulator().enginePort),
          { job_name: 'exporter', static_configs: [{ targets: [exporter.address] }] },
        ],
      },
      signal: signal(),
    });
    client = new PrometheusClient({ url: prometheus.url, clock: systemClock });
  }, 90_000);

  afterEach(async () => {
    await client.close();
    await prometheus.stop();
    await exporter[Symbol.asyncDispose]();
  }, 30_000);

  const query = (promql: string) => client.query(promql, signal());
  const eventuallyYields = (promql: string, expected: Partial<QueryResult>) =>
    eventually(async () => expect(await query(promql)).toMatchObject(expected), PATIENCE);

  /** Creates the pods, by name, of these revisions, and gives the addresses of their engines when they are scraped. */
  async function startPods(revisions: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
    const api = await openApi(cluster(), 'prometheus-test');
    try {
      for (const [name, revision] of Object.entries(revisions))
        await api.post(`/api/v1/namespaces/${namespace()}/pods`, enginePod(name, revision), signal());
    } finally {
      await api.close();
    }
    const count = Object.keys(revisions).length;
    await eventuallyYields('sum(up{job="engines"})', { kind: 'Value', value: count });
    const records = await simulator().control.pods();
    return Object.fromEntries(records.map(({ name, address = '' }) => [name, address]));
  }

  async function complete(address: string): Promise<void> {
    const response = await fetch(`http://${address}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'chat', prompt: '2+2=', max_tokens: 4 }),
      signal: signal(),
    });
    expect(response.status).toBe(200);
    await response.text();
  }

  it('reads the numbers of one revision from engines that it has found by itself', async () => {
    const addresses = await startPods({ old: 'a', 'new-0': 'b', 'new-1': 'b' });
    for (const name of ['old', 'new-0', 'new-0', 'new-1']) await complete(addresses[name] ?? '');
    const served = 'sum(vllm:request_success_total{revision="{{revision}}"})';
    const begun = Date.now();
    await eventuallyYields(renderQuery(served, 'a'), { kind: 'Value', value: 1 });
    await eventuallyYields(renderQuery(served, 'b'), { kind: 'Value', value: 3 });
    expect(await query(renderQuery(served, 'c'))).toEqual({ kind: 'NoData', message: 'the query yields no series' });
    const result = await query('count(up{job="engines"})');
    expect(result).toMatchObject({ kind: 'Value', value: 3 });
    expect(result.kind === 'Value' ? result.at : 0).toBeGreaterThanOrEqual(begun);
    expect(await query('up{job="engines"}')).toEqual({
      kind: 'Error',
      message: 'the query yields 3 series: it has to yield one, for example with sum(...)',
    });
  });

  it('has no data of an engine that is gone, however recently it answered', async () => {
    await startPods({ only: 'a' });
    const waiting = 'vllm:num_requests_waiting{revision="a"}';
    await eventuallyYields(waiting, { kind: 'Value', value: 0 });
    await simulator().control.setRule({ name: 'gone', match: {}, behaviour: { failure: 'crash' } });
    await eventuallyYields(waiting, { kind: 'NoData', message: 'the query yields no series' });
  });

  it('takes no sample that is older than two minutes, though Prometheus would', async () => {
    await eventuallyYields('sample_of_a_minute_ago', { kind: 'Value', value: 1 });
    expect(await query('sample_of_three_minutes_ago')).toEqual({
      kind: 'NoData',
      message: 'the query yields no series',
    });
    const response = await fetch(`${prometheus.url}/api/v1/query?query=sample_of_three_minutes_ago`, {
      signal: signal(),
    });
    expect(await response.json()).toMatchObject({ data: { result: [{ value: [expect.any(Number), '1'] }] } });
  });

  it('tells numbers from what is none, and refused queries from both', async () => {
    const noData = (message: string) => ({ kind: 'NoData', message });
    const error = (message: unknown) => ({ kind: 'Error', message });
    const expected: Readonly<Record<string, object>> = {
      '41 + 1': { kind: 'Value', value: 42, at: expect.any(Number) },
      'vector(0.5)': { kind: 'Value', value: 0.5, at: expect.any(Number) },
      '0 / 0': noData('the query yields NaN, no number'),
      'vector(0) / vector(0)': noData('the query yields NaN, no number'),
      '-1 / 0': noData('the query yields -Inf, no number'),
      no_such_metric: noData('the query yields no series'),
      'sum(rate(no_such_metric[1m]))': noData('the query yields no series'),
      'up[1m]': error(expect.stringContaining('the query yields matrix')),
      '"text"': error(expect.stringContaining('the query yields string')),
      'sum(': error(expect.stringMatching(/^Prometheus: .*parse error/)),
      'rate(up)': error(expect.stringMatching(/^Prometheus: .*expected type range vector/)),
    };
    const results = await Promise.all(
      Object.keys(expected).map(async (promql) => [promql, await query(promql)] as const),
    );
    expect(Object.fromEntries(results)).toEqual(expected);
  });

  it('says that Prometheus is gone', async () => {
    expect(await query('1')).toMatchObject({ kind: 'Value' });
    await prometheus.stop();
    expect(await query('1')).toMatchObject({ kind: 'Error', message: expect.stringMatching(/^Prometheus: /) });
  });
});
