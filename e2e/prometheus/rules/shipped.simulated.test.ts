import { beforeAll, describe, expect, it, jest, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTool } from '../../../hack/cluster/index.ts';
import { FLEET, podMonitor, recordingRules } from '../../../operator/monitoring/index.ts';
import { type MonitoredRevision, scrapeConfig, scrapeJobs } from '../../../operator/monitoring/index.ts';
import { deploymentWith } from '../../../operator/resources/test-support.ts';
import { relabellingOf } from '../objects.ts';
import { promtool, testRules } from './promtool.ts';
import { counter, gauge, histogram, POD } from './series.ts';

const MANIFESTS = join(import.meta.dirname, '../../../manifests/prometheus');
const RULE_FILES = ['deepseek-rules.yaml', 'deepseek-operator-rules.yaml'] as const;
const TEST_MS = 60_000;
jest.setTimeout(TEST_MS);
const BUILD_MS = 20 * 60_000;
const signal = () => AbortSignal.timeout(TEST_MS);
const shipped = (name: string) => readFile(join(MANIFESTS, name), 'utf8');

beforeAll(async () => {
  await findTool('promtool', { signal: AbortSignal.timeout(BUILD_MS) });
}, BUILD_MS);

describe('promtool accepts', () => {
  const passes = { status: 0, output: expect.not.stringMatching(/FAILED|lint/) };

  it.each(RULE_FILES)('%s', async (name) => {
    expect(await promtool(['check', 'rules', name], { [name]: await shipped(name) }, signal())).toEqual(passes);
  });

  it('prometheus.yaml with its rules', async () => {
    const files = Object.fromEntries(
      await Promise.all(['prometheus.yaml', ...RULE_FILES].map(async (name) => [name, await shipped(name)] as const)),
    );
    expect(await promtool(['check', 'config', 'prometheus.yaml'], files, signal())).toEqual(passes);
  });

  it('scrape jobs with all options, as kubectl deepseek scrape-config prints them', async () => {
    const security = { bearerTokenFile: 'token', caFile: 'ca.crt', serverName: 'chat', insecureSkipVerify: true };
    const jobs = { scrape_configs: scrapeJobs({ namespaces: ['ai', 'research'], ...security }) };
    const files = { 'scrape.json': JSON.stringify(jobs), token: 'x', 'ca.crt': '' };
    expect(await promtool(['check', 'config', '--syntax-only', 'scrape.json'], files, signal())).toEqual(passes);
  });

  // There is no prometheus-operator here; what it hands on to Prometheus is the relabelling.
  it.each(['PodMonitor', 'ScrapeConfig'] as const)('the relabelling of a %s', async (kind) => {
    const owner = deploymentWith({});
    const revision: MonitoredRevision = {
      ...{ revision: 'a', engine: 'vLLM', model: 'deepseek-r1-distill-qwen-7b', accelerator: 'A100-80GB' },
      ...{ quantization: 'BF16', port: 8000, metricsPath: '/metrics' },
    };
    const object = kind === 'PodMonitor' ? podMonitor(owner, [revision]) : scrapeConfig(owner, [revision]);
    const job = { job_name: 'x', ...relabellingOf(object) };
    const files = { 'scrape.json': JSON.stringify({ scrape_configs: [job] }) };
    expect(await promtool(['check', 'config', 'scrape.json'], files, signal())).toEqual(passes);
  });
});

test('four engines that do the same are told in the same words', async () => {
  const pod = (name: string) => POD.replaceAll('chat', name);
  const seconds = { '0.1': 10, '1.0': 50, '2.0': 80, '4.0': 100, '+Inf': 100 };
  const series = [
    gauge(`vllm:num_requests_waiting{${pod('v')},engine="0"}`, [20, 3]),
    gauge(`vllm:num_requests_waiting{${pod('v')},engine="1"}`, [20, 4]),
    gauge(`sglang:num_queue_reqs{${pod('s')}}`, [20, 7]),
    gauge(`trtllm_num_requests_waiting{${pod('t')}}`, [20, 7]),
    gauge(`llamacpp:requests_deferred{${pod('l')}}`, [20, 7]),
    counter(`vllm:generation_tokens_total{${pod('v')}}`, [20, 60]),
    counter(`sglang:generation_tokens_total{${pod('s')},is_streaming="true"}`, [20, 60]),
    counter(`trtllm_generation_tokens_total{${pod('t')}}`, [20, 60]),
    counter(`llamacpp:tokens_predicted_total{${pod('l')}}`, [20, 60]),
    counter(`vllm:request_success_total{${pod('v')},finished_reason="stop"}`, [20, 54]),
    counter(`vllm:request_success_total{${pod('v')},finished_reason="error"}`, [20, 6]),
    // The same failures, seen by the web server.
    counter(`http_requests_total{${pod('v')},handler="/v1/completions",status="5xx"}`, [20, 6]),
    counter(`sglang:num_requests_total{${pod('s')},is_streaming="true"}`, [20, 54]),
    counter(`sglang:num_aborted_requests_total{${pod('s')}}`, [20, 6]),
    counter(`trtllm_request_success_total{${pod('t')},finished_reason="stop"}`, [20, 54]),
    counter(`trtllm_request_error_total{${pod('t')},http_code="500"}`, [20, 6]),
    counter(`trtllm_request_error_total{${pod('t')},http_code="400"}`, [20, 30]),
    ...histogram('sglang:e2e_request_latency_seconds', pod('s'), {
      ...Object.fromEntries(Object.entries(seconds).map(([le, count]) => [le, [[20, count]] as const])),
    }),
  ];
  const each = (value: number, ...names: string[]) =>
    names.map((name) => ({ labels: `{deepseekdeployment="${name}"}`, value }));
  const by = (series2: string) => `round(sum by (deepseekdeployment) (${series2}), 0.001)`;
  const expectations = [
    [by('deepseek:queue_depth'), each(7, 'v', 's', 't', 'l')],
    [by('deepseek:token_rate:5m{type="generation"}'), each(1, 'v', 's', 't', 'l')],
    [by('deepseek:request_rate:5m'), each(1, 'v', 's', 't')],
    [by('deepseek:error_ratio:5m'), each(0.1, 'v', 's', 't')],
    // Of SGLang's 100 requests a minute 80 took at most 2 s and 100 at most 4 s: 85 at most 2.5 s.
    [by('rate(deepseek_api_duration_seconds_bucket{le="2.5"}[5m]) * 60'), each(85, 's')],
    [by('rate(deepseek_api_duration_seconds_bucket{le="1.0"}[5m]) * 60'), each(50, 's')],
  ] as const;
  const { status, output } = await testRules(
    recordingRules(FLEET),
    [{ name: 'same', series, expect: expectations.map(([query, samples]) => ({ minute: 15, query, samples })) }],
    signal(),
  );
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
});
