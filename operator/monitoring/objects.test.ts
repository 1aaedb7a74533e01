import { describe, expect, it, test } from '@jest/globals';
import type { MonitoringSpec } from '../api/index.ts';
import { plan } from '../planner/index.ts';
import { deploymentWith } from '../resources/test-support.ts';
import {
  dashboardConfigMap,
  FLEET_DASHBOARD,
  metricsIn,
  MODEL_DASHBOARD,
  monitoredRevision,
  OPERATOR_DASHBOARD,
  podMonitor,
  prometheusRule,
  queriesOf,
  scrapeAnnotations,
  scrapeConfig,
  scrapeWay,
  thresholdsOf,
} from './index.ts';

const owner = deploymentWith({
  monitoring: {
    thresholds: { queueDepth: 3, timeToFirstTokenP95: '250ms', kvCacheUtilizationPercent: 80 },
    tls: { caSecretRef: { name: 'ca', key: 'ca.crt' }, serverName: 'chat' },
    bearerTokenSecretRef: { name: 'scrape', key: 'token' },
  },
});
const planned = plan(owner.spec);
if (!planned.accepted) throw new Error(planned.message);
const revision = monitoredRevision('x7k2m', planned.plan);

test('a revision is what its plan says', () => {
  expect(revision).toMatchObject({
    revision: 'x7k2m',
    engine: 'vLLM',
    port: 8000,
    metricsPath: '/metrics',
    maxNumSeqs: planned.plan.maxNumSeqs,
  });
  expect(revision.gpuMemoryFraction).toBeGreaterThan(0.5);
  expect(revision.gpuMemoryFraction).toBeLessThanOrEqual(1);
});

test.each<[MonitoringSpec['scrape'] | undefined, object, string]>([
  [undefined, {}, 'Annotations'],
  ['Auto', { PodMonitor: true, ScrapeConfig: true }, 'PodMonitor'],
  ['Auto', { ScrapeConfig: true }, 'ScrapeConfig'],
  ['ScrapeConfig', { PodMonitor: true }, 'ScrapeConfig'],
  ['None', { PodMonitor: true }, 'None'],
])('scrape %s in a cluster with %j is %s', (scrape, has, way) => {
  expect(scrapeWay({ rules: true, dashboard: true, ...owner.spec.monitoring, scrape: scrape ?? 'Auto' }, has)).toBe(
    way,
  );
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
    'deepseek-operator.io/model': planned.plan.model.name,
    'deepseek-operator.io/quantization': planned.plan.quantization,
    'deepseek-operator.io/accelerator': planned.plan.accelerator.type,
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
    for (const object of [podMonitor(owner, [revision]), scrapeConfig(owner)]) {
      expect(object.metadata.name).toBe(owner.metadata.name);
      expect(object.metadata.ownerReferences).toHaveLength(1);
    }
  });
});

test('the rules carry the thresholds of the spec', () => {
  const rule = prometheusRule(owner, [revision]);
  expect(rule.metadata.name).toBe(`${owner.metadata.name}-rules`);
  const text = JSON.stringify(rule.spec);
  expect(text).toContain(' > 3"');
  expect(text).toContain(' > 0.25"');
  expect(text).toContain(' > 0.8"');
  expect(thresholdsOf(undefined)).toMatchObject({ queueDepth: 10, errorRatio: 0.05 });
});

describe('dashboards', () => {
  it('show at least 20 metrics', () => {
    const metrics = [FLEET_DASHBOARD, MODEL_DASHBOARD, OPERATOR_DASHBOARD].flatMap((dashboard) =>
      queriesOf(dashboard).flatMap(({ expr }) => metricsIn(expr)),
    );
    expect(new Set(metrics).size).toBeGreaterThanOrEqual(20);
  });

  it('need nothing of kube-state-metrics', () => {
    const text = JSON.stringify([FLEET_DASHBOARD, MODEL_DASHBOARD, OPERATOR_DASHBOARD]);
    expect(text).not.toMatch(/\bkube_/);
  });

  it('of one DeepSeekDeployment have its name in their queries, and the label of the sidecar', () => {
    const { metadata, data } = dashboardConfigMap(owner);
    expect(metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    const [text = ''] = Object.values(data ?? {});
    const dashboard = JSON.parse(text) as { uid: string; panels: readonly object[] };
    expect(dashboard.uid.length).toBeLessThanOrEqual(40);
    expect(text).toContain(`deepseekdeployment=\\"${owner.metadata.name}\\"`);
    expect(text).not.toMatch(/\$(namespace|deployment)/);
  });
});
