import { expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { type HorizontalPodAutoscaler, resources } from '../../operator/kube/resources.ts';
import { enginePod } from '../prometheus/engine-pod.ts';
import { Load } from '../reconcile/load.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { eventually, testCluster } from '../support/index.ts';
import { metricsStage } from './stage.ts';

/** With the times of a cluster as it comes: a scrape every 10 s, an HPA that looks every 15. */
const cluster = testCluster('simulated', { extraArgs: {} });
const stage = metricsStage(cluster, { scrapeSeconds: 10 });
const bench = operatorBench(cluster);

const LIMIT = { timeoutMs: 120_000, intervalMs: 25 } as const;
const HPA_PERIOD_MS = 15_000;
const METRICS = [{ type: 'RunningRequests', target: '4' }];

it('answers a step of the load as fast as an HPA on a plain Deployment, and the operator within a second', async () => {
  const { client, namespace, signal, enginePort } = bench();
  await stage().follow([namespace], enginePort);
  await bench().create('chat', {
    model: { name: 'deepseek-r1-distill-qwen-1.5b' },
    accelerator: { type: 'A100-80GB' },
    autoscaling: { minReplicas: 1, maxReplicas: 6, headroomPercent: 0, metrics: METRICS },
    ...BRIEF,
  });
  await bench().condition('chat', 'Ready', 'True');
  const labels = { [LABEL.name]: 'plain' };
  const { spec } = enginePod('plain', 'plain') as { spec: object };
  await client.create(
    resources.deployments,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'plain', namespace },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    { signal },
  );
  const hpa = (name: string): Promise<HorizontalPodAutoscaler> =>
    client.get(resources.horizontalPodAutoscalers, { namespace, name }, { signal });
  const ours = await eventually(() => hpa('chat'), LIMIT);
  await client.create(
    resources.horizontalPodAutoscalers,
    {
      apiVersion: ours.apiVersion,
      kind: ours.kind,
      metadata: { name: 'plain', namespace },
      spec: { ...ours.spec, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'plain' } },
    },
    { signal },
  );
  const isActive = (name: string) =>
    eventually(async () => {
      const { status } = await hpa(name);
      expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'ScalingActive', status: 'True' }));
    }, LIMIT);
  await Promise.all(['chat', 'plain'].map(isActive));

  const endpoint = async (name: string) => {
    const { items } = await client.list(resources.pods, { namespace, labelSelector: `${LABEL.name}=${name}`, signal });
    const pod = items.find(({ status }) => status?.podIP !== undefined);
    return { pod: pod?.metadata.name ?? '', address: pod?.status?.podIP ?? '', revision: name };
  };
  const targets = { chat: [await endpoint('chat')], plain: [await endpoint('plain')] };
  const load = (name: keyof typeof targets) =>
    new Load(() => targets[name], enginePort, 'chat', { rps: 0, streams: 12, streamTokens: 400 }).start();
  const loads = [load('chat'), load('plain')];
  const begun = performance.now();
  const grown = async (name: string): Promise<number> => {
    await eventually(async () => expect((await hpa(name)).status?.desiredReplicas).toBeGreaterThan(1), LIMIT);
    return performance.now() - begun;
  };
  let asked = 0;
  const followed = (async () => {
    await eventually(async () => expect((await bench().get('chat')).spec.replicas).toBeGreaterThan(1), LIMIT);
    asked = performance.now();
    await eventually(async () => {
      const [deployment] = await bench().deployments('chat');
      expect(deployment?.spec?.replicas).toBeGreaterThan(1);
    }, LIMIT);
    return performance.now() - asked;
  })();
  const [chat, plain, operator] = await Promise.all([grown('chat'), grown('plain'), followed]);
  for (const each of loads) await each.stop();
  console.log(
    JSON.stringify({ chatMs: Math.round(chat), plainMs: Math.round(plain), operatorMs: Math.round(operator) }),
  );
  // Each of the two is looked at at a time of its own within the HPA's 15 seconds.
  expect(chat / (plain + HPA_PERIOD_MS)).toBeLessThan(1.2);
  expect(operator / chat).toBeLessThan(0.2);
}, 300_000);
