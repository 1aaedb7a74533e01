import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { moduleCrds, openApi } from '../../hack/cluster/index.ts';
import { deepSeekDeployment } from '../../operator/api/index.ts';
import { API_VERSION, KIND, MANAGER } from '../../operator/api/names.ts';
import { MONITORING_TYPES } from '../../operator/controller/monitoring-kinds.ts';
import type { KubeHttpClient } from '../../operator/kube/client.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeObject } from '../../operator/kube/types.ts';
import {
  type MonitoredRevision,
  MONITORING_KINDS,
  type MonitoringKind,
  podMonitor,
  prometheusRule,
  scrapeConfig,
} from '../../operator/monitoring/index.ts';
import { covers, type Owner } from '../../operator/resources/index.ts';
import { eventually, testClient, testCluster, testNamespace } from '../support/index.ts';

const cluster = testCluster('control-plane');
const namespace = testNamespace(cluster);
let client: KubeHttpClient;

beforeAll(async () => {
  client = await testClient(cluster(), 'monitoring-test');
  const signal = AbortSignal.timeout(100_000);
  for (const crd of await moduleCrds('prometheus-operator', signal))
    await client.apply(resources.customResourceDefinitions, crd, { fieldManager: 'test', signal });
  for (const kind of Object.keys(MONITORING_KINDS) as MonitoringKind[])
    await eventually(() => client.list(MONITORING_TYPES[kind], { signal }), { timeoutMs: 30_000, signal });
}, 120_000);

const revision: MonitoredRevision = {
  ...{ revision: 'x7k2m', engine: 'vLLM', model: 'deepseek-r1-distill-qwen-7b', accelerator: 'A100-80GB' },
  ...{ quantization: 'BF16', port: 8000, metricsPath: '/metrics', maxNumSeqs: 256, gpuMemoryFraction: 0.9 },
};
const SECURE = {
  tls: { caSecretRef: { name: 'ca', key: 'ca.crt' }, serverName: 'chat' },
  bearerTokenSecretRef: { name: 'scrape', key: 'token' },
};

describe('prometheus-operator’s own CRDs', () => {
  const objects = (owner: Owner) => ({
    PodMonitor: podMonitor(owner, [revision, { ...revision, revision: 'a1b2c', engine: 'SGLang' }]),
    ScrapeConfig: scrapeConfig(owner, [revision]),
    PrometheusRule: prometheusRule(owner, [revision]),
  });

  it.each(
    (Object.keys(MONITORING_KINDS) as MonitoringKind[]).flatMap((kind) => [
      { kind, security: 'plain', monitoring: {} },
      { kind, security: 'with TLS and a token', monitoring: SECURE },
    ]),
  )('take our $kind, $security, and give it back as it is', async ({ kind, monitoring }) => {
    const owner = deepSeekDeployment.parse({
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'chat', namespace: namespace(), uid: '6a1f0c9e-2b7d-4e07-9a51-000000000001' },
      spec: { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, monitoring },
    }) as Owner;
    const object = objects(owner)[kind];
    const signal = AbortSignal.timeout(30_000);
    const live = await client.apply(MONITORING_TYPES[kind], object, { fieldManager: MANAGER, dryRun: true, signal });
    expect(covers(object, live)).toEqual([]);
  });
});

describe('the API server takes what is shipped', () => {
  const MANIFESTS = join(import.meta.dirname, '../../manifests');

  it.each(['prometheus/rbac.yaml', 'grafana/config-maps.yaml'])('%s', async (file) => {
    await applyAll(join(MANIFESTS, file));
  });

  it.each(['deepseek-operator-pod-monitor.yaml', 'deepseek-operator-rules.yaml', 'deepseek-rules.yaml'])(
    'prometheus-operator/%s',
    async (file) => applyAll(join(MANIFESTS, 'prometheus-operator', file)),
  );
});

/** Applies, without storing it, each object of a file, in the test's namespace where it has one. */
async function applyAll(file: string): Promise<void> {
  const api = await openApi(cluster(), 'monitoring-test');
  const signal = AbortSignal.timeout(30_000);
  try {
    const documents = parseAllDocuments(await readFile(file, 'utf8'));
    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents) {
      const object = document.toJS() as KubeObject;
      const at = COLLECTIONS[object.kind];
      if (at === undefined) throw new Error(`${file} has a ${object.kind} that this test does not know`);
      const moved = at.includes('NAMESPACE') ? { ...object.metadata, namespace: namespace() } : object.metadata;
      const path = `${at.replace('NAMESPACE', namespace())}?dryRun=All&fieldValidation=Strict`;
      await api.post(path, { ...object, metadata: moved }, signal);
    }
  } finally {
    await api.close();
  }
}

const COLLECTIONS: Readonly<Record<string, string>> = {
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  NetworkPolicy: '/apis/networking.k8s.io/v1/namespaces/NAMESPACE/networkpolicies',
  ConfigMap: '/api/v1/namespaces/NAMESPACE/configmaps',
  PodMonitor: '/apis/monitoring.coreos.com/v1/namespaces/NAMESPACE/podmonitors',
  PrometheusRule: '/apis/monitoring.coreos.com/v1/namespaces/NAMESPACE/prometheusrules',
};
