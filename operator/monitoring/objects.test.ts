import { describe, expect, it, test } from '@jest/globals';
import type { MonitoringSpec } from '../api/index.ts';
import { deploymentWith } from '../resources/test-support.ts';
import {
  type MonitoredRevision,
  podMonitor,
  prometheusRule,
  scrapeAnnotations,
  scrapeConfig,
  scrapeWay,
  thresholdsOf,
} from './index.ts';

const owner = deploymentWith({
  monitoring: {
    thresholds: {
      queueDepth: 3,
      timeToFirstTokenP95: '250ms',
      kvCacheUtilizationPercent: 80,
      gpuTemperatureCelsius: 70,
    },
    tls: { caSecretRef: { name: 'ca', key: 'ca.crt' }, serverName: 'chat' },
    bearerTokenSecretRef: { name: 'scrape', key: 'token' },
  },
});
const revision: MonitoredRevision = {
  ...{ revision: 'x7k2m', engine: 'vLLM', model: 'deepseek-r1-distill-qwen-7b', accelerator: 'A100-80GB' },
  ...{ quantization: 'BF16', port: 8000, metricsPath: '/metrics', maxNumSeqs: 256, gpuMemoryFraction: 0.9 },
};

test.each<[MonitoringSpec['scrape'] | undefined, object, string]>([
  [undefined, {}, 'Annotations'],
  ['Auto', { PodMonitor: true, ScrapeConfig: true }, 'PodMonitor'],
  ['Auto', { ScrapeConfig: true }, 'ScrapeConfig'],
  ['ScrapeConfig', { PodMonitor: true }, 'ScrapeConfig'],
  ['None', { PodMonitor: true }, 'None'],
])('scrape %s in a cluster with %j is %s', (scrape, has, way) => {
  expect(scrapeWay({ rules: true, ...owner.spec.monitoring, scrape: scrape ?? 'Auto' }, has)).toBe(way);
});

test('without monitoring in the spec it is as with Auto', () => {
  expect(scrapeWay(undefined, { PodMonitor: true })).toBe('PodMonitor');
});

test('the annotations of a Service say where, and what', () => {
  expect(scrapeAnnotations(revision, owner.spec.monitoring)).toEqual({
    'prometheus.io/scrape': 'true',
    'prometheus.io/path': '/metrics',
    'prometheus.io/port': '8000',
    'prometheus.io/scheme': 'https',
    'deepseek-operator.io/model': revision.model,
    'deepseek-operator.io/quantization': revision.quantization,
    'deepseek-operator.io/accelerator': revision.accelerator,
  });
});

describe('a PodMonitor', () => {
  const other = { ...revision, revision: 'b', metricsPath: '/prometheus/metrics', quantization: 'FP8' };
  const endpoints = podMonitor(owner, [revision, other]).spec['podMetricsEndpoints'];

  it('says of each revision where its metrics are and what it is', () => {
    const ofB = { sourceLabels: ['__meta_kubernetes_pod_label_deepseek_operator_io_revision'], regex: 'b' };
    expect(endpoints).toMatchObject([
      {
        port: 'http',
        interval: '10s',
        scheme: 'https',
        authorization: { type: 'Bearer', credentials: { name: 'scrape', key: 'token' } },
        tlsConfig: { ca: { secret: { name: 'ca', key: 'ca.crt' } }, serverName: 'chat' },
        relabelings: expect.arrayContaining([
          { ...ofB, targetLabel: '__metrics_path__', replacement: '/prometheus/metrics' },
          { ...ofB, targetLabel: 'quantization', replacement: 'FP8' },
        ]) as unknown,
      },
    ]);
  });

  it('and a ScrapeConfig are owned, and named after their DeepSeekDeployment', () => {
    for (const object of [podMonitor(owner, [revision]), scrapeConfig(owner, [revision])]) {
      expect(object.metadata.name).toBe(owner.metadata.name);
      expect(object.metadata.ownerReferences).toHaveLength(1);
    }
  });
});

test('a ScrapeConfig says of each revision where its metrics are, and wants no annotation that is not there', () => {
  const relabelings = scrapeConfig(owner, [
    revision,
    { ...revision, revision: 'b', metricsPath: '/prometheus/metrics' },
  ]).spec['relabelings'];
  expect(relabelings).toEqual(
    expect.arrayContaining([
      {
        sourceLabels: ['__meta_kubernetes_service_label_deepseek_operator_io_revision'],
        regex: 'b',
        targetLabel: '__metrics_path__',
        replacement: '/prometheus/metrics',
      },
    ]),
  );
  expect(JSON.stringify(relabelings)).not.toContain('prometheus_io');
});

test('labels by which a Prometheus selects are those of the spec, else those of the operator, beside our own', () => {
  const of = (labels: Record<string, string> | undefined, fallback: Record<string, string>) => {
    const deployment = deploymentWith({ monitoring: { ...(labels && { labels }) } });
    return [
      podMonitor(deployment, [revision], fallback),
      scrapeConfig(deployment, [revision], fallback),
      prometheusRule(deployment, [revision], { labels: fallback }),
    ].map(({ metadata }) => metadata.labels);
  };
  const ours = podMonitor(owner, [revision]).metadata.labels;
  for (const found of of(undefined, { release: 'stack' })) expect(found).toEqual({ ...ours, release: 'stack' });
  for (const found of of({ team: 'ml' }, { release: 'stack' })) expect(found).toEqual({ ...ours, team: 'ml' });
  const [stolen] = of({ 'app.kubernetes.io/managed-by': 'me' }, {});
  expect(stolen).toEqual(ours);
});

test('the rules carry the thresholds of the spec', () => {
  const rule = prometheusRule(owner, [revision]);
  expect(rule.metadata.name).toBe(`${owner.metadata.name}-rules`);
  const text = JSON.stringify(rule.spec);
  expect(text).toContain(' > 3"');
  expect(text).toContain(' > 0.25"');
  expect(text).toContain(' > 0.8"');
  expect(text).toContain(' > 70"');
  expect(thresholdsOf({ gpuMemoryPercent: 75 })).toMatchObject({ gpuMemory: 0.75, gpuTemperature: 80 });
  expect(thresholdsOf(undefined)).toMatchObject({ queueDepth: 10, errorRatio: 0.05 });
});
