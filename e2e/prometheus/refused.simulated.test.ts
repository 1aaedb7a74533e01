import { beforeAll, expect, it } from '@jest/globals';
import { moduleCrds } from '../../hack/cluster/index.ts';
import { MONITORING_TYPES } from '../../operator/controller/monitoring-kinds.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { clusterScoped, resources } from '../../operator/kube/resources.ts';
import { Transport } from '../../operator/kube/transport.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF, endRollout } from '../reconcile/rollouts.ts';
import { eventually, testCluster } from '../support/index.ts';

// Of its own: others have no prometheus-operator.
const cluster = testCluster('simulated', {});
const bench = operatorBench(cluster);

const WEBHOOKS = clusterScoped(
  'admissionregistration.k8s.io',
  'v1',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
);
const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
  ...BRIEF,
};

beforeAll(async () => {
  const kubeconfig = await cluster().kubeconfig('installer');
  const credentials = await loadCredentials({ clock: systemClock, kubeconfig });
  const client = new KubeHttpClient(new Transport({ credentials, clock: systemClock, userAgent: 'installer' }));
  const signal = AbortSignal.timeout(100_000);
  for (const crd of await moduleCrds('prometheus-operator', signal))
    await client.apply(resources.customResourceDefinitions, crd, { fieldManager: 'installer', signal });
  for (const type of Object.values(MONITORING_TYPES))
    await eventually(() => client.list(type, { signal }), { timeoutMs: 30_000, signal });
}, 120_000);

it('neither a PodMonitor of somebody else nor a webhook for rules that is down holds up a rollout', async () => {
  const { client, namespace, signal } = bench();
  const { PodMonitor, PrometheusRule } = MONITORING_TYPES;
  const foreign = {
    ...{ apiVersion: 'monitoring.coreos.com/v1', kind: 'PodMonitor', metadata: { name: 'chat', namespace } },
    spec: { selector: {}, podMetricsEndpoints: [{ port: 'http' }] },
  };
  await client.create(PodMonitor, foreign, { signal });
  await client.create(WEBHOOKS, webhook(namespace), { signal });

  await bench().create('chat', SPEC);
  await bench().condition('chat', 'Ready', 'True');
  const first = (await bench().status('chat')).serving?.revision;
  const monitored = await bench().condition('chat', 'Monitored', 'False', 'NameConflict');
  expect(monitored).toContain('PodMonitor chat exists and belongs to nobody that we know');
  expect(monitored).toMatch(/PrometheusRule chat-rules cannot be written: .*failed calling webhook/);

  // It is tried again and again, and told once.
  const requests = async (resource: string, subresource?: string) =>
    (await bench().requests()).filter(
      (entry) => entry.resource === resource && entry.subresource === subresource && entry.verb === 'patch',
    ).length;
  const told = await requests('deepseekdeployments', 'status');
  const tried = await requests('podmonitors');
  await eventually(async () => expect(await requests('podmonitors')).toBeGreaterThan(tried + 2), PATIENCE);
  expect(await requests('deepseekdeployments', 'status')).toBe(told);

  await bench().edit('chat', { spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } });
  const second = await endRollout(bench(), 'chat');
  expect(second).not.toBe(first);
  await bench().condition('chat', 'Stalled', 'False');

  await client.delete(PodMonitor, { namespace, name: 'chat' }, { signal });
  await client.delete(WEBHOOKS, { name: namespace }, { signal });
  await eventually(async () => {
    bench().advance(1_000);
    const { conditions = [] } = await bench().status('chat');
    expect(conditions.map(({ type }) => type)).not.toContain('Monitored');
  }, PATIENCE);
  await client.get(PodMonitor, { namespace, name: 'chat' }, { signal });
  await client.get(PrometheusRule, { namespace, name: 'chat-rules' }, { signal });
});

/** A webhook for rules of the namespace, and nobody who answers it. */
function webhook(namespace: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: namespace },
    webhooks: [
      {
        ...{ name: 'rules.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Fail' },
        clientConfig: { url: 'https://127.0.0.1:1/' },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [
          {
            ...{ apiGroups: ['monitoring.coreos.com'], apiVersions: ['*'], resources: ['prometheusrules'] },
            operations: ['CREATE', 'UPDATE'],
          },
        ],
      },
    ],
  };
}
