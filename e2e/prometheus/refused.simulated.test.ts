import { beforeAll, expect, it } from '@jest/globals';
import { moduleCrds } from '../../hack/cluster/index.ts';
import { MONITORING_TYPES } from '../../operator/controller/monitoring-kinds.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { resources } from '../../operator/kube/resources.ts';
import { Transport } from '../../operator/kube/transport.ts';
import { failingWebhook } from '../reconcile/failing-webhook.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF, endRollout } from '../reconcile/rollouts.ts';
import { eventually, testCluster } from '../support/index.ts';

// Of its own: others have no prometheus-operator.
const cluster = testCluster('simulated', {});
const bench = operatorBench(cluster);

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
  const rules = { name: 'rules.example.com', apiGroup: 'monitoring.coreos.com', resource: 'prometheusrules' };
  const mend = await failingWebhook(client, { namespace, ...rules, url: 'https://127.0.0.1:1/' }, signal);

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
  await mend();
  await eventually(async () => {
    bench().advance(1_000);
    const { conditions = [] } = await bench().status('chat');
    expect(conditions.map(({ type }) => type)).not.toContain('Monitored');
  }, PATIENCE);
  await client.get(PodMonitor, { namespace, name: 'chat' }, { signal });
  await client.get(PrometheusRule, { namespace, name: 'chat-rules' }, { signal });
});
