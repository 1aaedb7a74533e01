import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { findTool, type PrometheusServer, startPrometheus } from '../../hack/cluster/index.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { PrometheusClient } from '../../operator/observe/index.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { revisionRule } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { NO_PROOF, TrialBench } from './trial.ts';

/** The first time Prometheus is compiled. */
const BUILD_MS = 20 * 60_000;

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const trials = new TrialBench(bench);
let prometheus: PrometheusServer | undefined;
let client: PrometheusClient | undefined;

beforeAll(async () => {
  await findTool('prometheus', { signal: AbortSignal.timeout(BUILD_MS) });
}, BUILD_MS);

afterEach(async () => {
  await client?.close();
  await prometheus?.stop();
}, 30_000);

/** The operator begins anew, with a Prometheus that scrapes the engines of this test. */
async function withPrometheus(): Promise<void> {
  const { namespace, enginePort } = bench();
  const kubeconfig = await cluster().kubeconfig('prometheus');
  const engines = {
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
      { source_labels: ['__meta_kubernetes_pod_label_deepseek_operator_io_revision'], target_label: 'revision' },
    ],
  };
  prometheus = await startPrometheus(cluster(), {
    config: { global: { scrape_interval: '500ms', scrape_timeout: '500ms' }, scrape_configs: [engines] },
    signal: AbortSignal.timeout(60_000),
  });
  client = new PrometheusClient({ url: prometheus.url, clock: systemClock });
  await bench().stopOperator();
  await bench().startOperator({ prometheus: client });
}

const GATE = {
  metric: 'Query',
  name: 'open-requests',
  query: 'max(vllm:num_requests_running{revision="{{revision}}"})',
  max: '3',
};

it('takes a version back whose query exceeds its limit after the switch', async () => {
  await withPrometheus();
  const trial = await trials.begin({ proof: NO_PROOF, gates: [GATE] });
  await trials.change(trial.old);
  const next = await trials.watching();
  await eventually(async () => {
    const verdict = await client?.query(GATE.query.replace('{{revision}}', next), bench().signal);
    expect(verdict).toMatchObject({ kind: 'Value', value: 0 });
  }, PATIENCE);
  expect(await trials.serving()).toBe(next);
  await bench().simulator.setRule(revisionRule('chat', next, { hang: 'tokens' }));
  await bench().load('chat', { rps: 0, streams: 6 });
  await eventually(async () => {
    const found = await client?.query(GATE.query.replace('{{revision}}', next), bench().signal);
    expect(found).toMatchObject({ kind: 'Value', value: 6 });
  }, PATIENCE);
  expect(await trials.held(trial)).toMatchObject({
    revision: next,
    reason: 'GateFailed',
    message: expect.stringContaining('exceeds the limit of 3'),
  });
});

it('has no data without a Prometheus, and says so', async () => {
  const { old } = await trials.begin({ proof: NO_PROOF, gates: [GATE], watch: { duration: '30s' } });
  await trials.change(old);
  const next = await trials.watching();
  await bench().condition('chat', 'Ready', 'True');
  const { serving, rollout } = await bench().status('chat');
  expect(serving).toMatchObject({ revision: next, proven: false });
  expect(rollout?.verdicts).toContainEqual(
    expect.objectContaining({
      gate: 'open-requests',
      verdict: 'NoData',
      message: expect.stringContaining('--prometheus-url'),
    }),
  );
});
